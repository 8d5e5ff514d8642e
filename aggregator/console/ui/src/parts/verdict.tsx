import type { Verdict } from '../api';
import { t } from '../i18n';

/** A verdict's sign: told apart by its shape, not by its colour alone. */
export function VerdictIcon({ of }: { of: Verdict }) {
  return (
    <svg class={`verdict-icon verdict-${of}`} viewBox="0 0 16 16" aria-hidden="true">
      {of === 'good' && <path d="M3.5 8.5l3 3 6-7" />}
      {of === 'attention' && <path d="M8 2.2 14.6 13.6H1.4zM8 6.4v3.4M8 11.6v.1" />}
      {of === 'bad' && <path d="M4 4l8 8M12 4l-8 8" />}
      {of === 'none' && <path d="M4.5 8h7" />}
    </svg>
  );
}

/** A verdict's sign and word. */
export function VerdictBadge({ of, note }: { of: Verdict; note?: string }) {
  return (
    <span class={`badge badge-${of}`}>
      <VerdictIcon of={of} />
      {t(`verdict_${of}`)}
      {note && <span class="badge-note">{note}</span>}
    </span>
  );
}
