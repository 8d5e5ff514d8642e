import { exact } from '../format';
import { lang } from '../prefs';
import type { Progress } from './api';
import { t } from './words';

/** How boxes stand, in the order in which they come to it. */
export const steps = ['offered', 'downloaded', 'trying', 'good', 'rolled_back', 'refused'] as const;

interface BarsProps {
  label: string;
  rows: { key: string; name: string; value: number; class?: string }[];
}

/** Bars of equal measure, each with its number. */
export function Bars({ label, rows }: BarsProps) {
  const most = Math.max(1, ...rows.map((r) => r.value));
  return (
    <ul class="box-bars" aria-label={label}>
      {rows.map((r) => (
        <li key={r.key} data-bar={r.key} data-value={r.value}>
          <span class="box-bar-name">{r.name}</span>
          <span class={`box-bar ${r.class ?? ''}`} aria-hidden="true">
            <span style={{ transform: `scaleX(${r.value / most})` }} />
          </span>
          <span class="box-bar-value">{exact(r.value, lang.value)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The boxes of a version by how they stand; those that told nothing are many, and no measure for the others. */
export function ProgressBars({ of }: { of: Progress }) {
  const others = of.others > 0 && <p class="quiet">{t('others', { n: exact(of.others, lang.value) })}</p>;
  if (steps.every((s) => of[s] === 0)) return others || <p class="quiet">{t('nothingTold')}</p>;
  return (
    <>
      <ProgressList of={of} />
      {others}
    </>
  );
}

function ProgressList({ of }: { of: Progress }) {
  return <Bars label={t('progress')} rows={steps.map((s) => ({ key: s, name: t(s), value: of[s], class: `box-bar-${s}` }))} />;
}
