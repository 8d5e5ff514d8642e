import { useState } from 'preact/hooks';

import { call, type Catalogue } from '../api';
import { names } from '../live';
import { Said, useDoing } from '../parts/doing';
import { t } from './words';

/** As useDoing, with what is to be shown of it: that it is under way, what came of it. */
export function useRun() {
  const { said, busy, run } = useDoing();
  const show = (
    <>
      {busy && (
        <p class="quiet" role="status">
          {t('reading')}
        </p>
      )}
      <Said said={said} />
    </>
  );
  return { busy, run, show };
}

/** Asks anew what figures there are: a source brought or took some. */
export async function learn(): Promise<void> {
  names.value = await call<Catalogue>('/api/v1/indicators', {});
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
