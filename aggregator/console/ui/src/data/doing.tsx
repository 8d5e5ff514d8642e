import { useState } from 'preact/hooks';

import { ApiError, call, type Catalogue } from '../api';
import { at } from '../calendar';
import { names } from '../live';
import { t } from './words';

/** Runs what somebody does, one at a time, and keeps what came of it, to be said. */
export function useRun() {
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (doing: () => Promise<string | void>) => {
    setBusy(true);
    setSaid(null);
    try {
      const text = await doing();
      setSaid(text ? { text, bad: false } : null);
    } catch (cause) {
      setSaid({ text: cause instanceof ApiError ? cause.message : String(cause), bad: true });
    }
    setBusy(false);
  };
  const show = (
    <>
      {busy && (
        <p class="quiet" role="status">
          {t('reading')}
        </p>
      )}
      {said && (
        <p class={said.bad ? 'said said-bad' : 'said'} role={said.bad ? 'alert' : 'status'}>
          {said.text}
        </p>
      )}
    </>
  );
  return { busy, run, show };
}

/** Asks anew what figures there are: a source brought or took some. */
export async function learn(): Promise<void> {
  names.value = await call<Catalogue>('/api/v1/indicators', {});
}

/** A moment in Shanghai, as 2026-11-22 20:24. */
export function clock(time: string | null): string {
  if (!time) return '';
  const m = at(Date.parse(time));
  return `${m.day} ${m.clock.slice(0, 5)}`;
}

/** How long ago something was. */
export function age(time: string | null): string {
  if (!time) return '–';
  const minutes = Math.floor((Date.now() - Date.parse(time)) / 60_000);
  if (minutes < 1) return t('ageNow');
  if (minutes < 100) return t('ageMinutes', { n: minutes });
  return minutes < 48 * 60 ? t('ageHours', { n: Math.floor(minutes / 60) }) : t('ageDays', { n: Math.floor(minutes / 1440) });
}

/** Takes a file by drop or by choice. */
export function Drop({ text, onFile }: { text: string; onFile: (f: File) => void }) {
  const [over, setOver] = useState(false);
  return (
    <label
      class={over ? 'drop drop-over' : 'drop'}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        const f = e.dataTransfer?.files[0];
        if (f) onFile(f);
      }}
    >
      <span>{text}</span>
      <input
        type="file"
        accept=".csv,.tsv,.txt,.xlsx"
        onChange={(e) => {
          const f = e.currentTarget.files?.[0];
          if (f) onFile(f);
          e.currentTarget.value = '';
        }}
      />
      <span class="quiet">{t('fileLimits')}</span>
    </label>
  );
}
