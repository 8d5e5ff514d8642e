import type { Scope } from '../api';
import { names } from '../live';
import { lang } from '../prefs';
import { placeName } from '../regions';
import { t } from './words';

/** Provinces down, data sets across: what is open. */
export function Matrix({ holds }: { holds: ({ data: string } & Scope)[] }) {
  const sets = names.value?.data_sets ?? [];
  const l = lang.value;
  if (holds.length === 0) return <p class="quiet">{t('none')}</p>;
  const provinces = [...new Set(holds.flatMap((h) => h.provinces))].sort();
  const rows = [...(holds.some((h) => h.all) ? [''] : []), ...provinces];
  const isOpen = (set: string, code: string) => holds.some((h) => h.data === set && (h.all || h.provinces.includes(code)) && (code !== '' || h.all));
  return (
    <div class="table-frame" role="region" aria-label={t('matrix')} tabIndex={0}>
      <table class="matrix">
        <caption class="unseen">{t('matrix')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('in')}</th>
            {sets.map((s) => (
              <th key={s.id} scope="col" title={s.about[l]}>
                {s.title[l]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((code) => (
            <tr key={code} data-row={code || 'all'}>
              <th scope="row">{code ? placeName(code) : t('everywhere')}</th>
              {sets.map((s) => (
                <td key={s.id} data-open={isOpen(s.id, code)}>
                  <span aria-hidden="true">{isOpen(s.id, code) ? '✓' : '·'}</span>
                  <span class="unseen">{isOpen(s.id, code) ? t('open') : t('shut')}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
