import { me, names } from '../live';
import { lang } from '../prefs';
import { placeName } from '../regions';
import type { Opened, Part } from './api';
import { t } from './doorwords';

interface Props {
  part: Part | null;
  onChange: (part: Part | null) => void;
}

/** Which part of what the reader holds is meant; null is all of it. */
export function Narrow({ part, onChange }: Props) {
  const l = lang.value;
  const holds = me.value?.holds ?? [];
  const sets = (names.value?.data_sets ?? []).filter((s) => holds.some((h) => h.data === s.id));
  const everywhere = holds.some((h) => h.all);
  const codes = everywhere ? (names.value?.regions ?? []).filter((r) => r.code.length === 2).map((r) => r.code) : [...new Set(holds.flatMap((h) => h.provinces))].sort();
  const turn = (list: string[], one: string, on: boolean) => (on ? [...list, one] : list.filter((x) => x !== one));
  return (
    <>
      <label class="check">
        <input type="checkbox" data-do="narrow" checked={part !== null} onChange={(e) => onChange(e.currentTarget.checked ? { data: [], provinces: [] } : null)} /> {t('onlySome')}
      </label>
      {part && (
        <>
          <div class="provinces" role="group" aria-label={t('dataSets')}>
            {sets.map((s) => (
              <label key={s.id} class="check">
                <input type="checkbox" data-set={s.id} checked={part.data.includes(s.id)} onChange={(e) => onChange({ ...part, data: turn(part.data, s.id, e.currentTarget.checked) })} /> {s.title[l]}
              </label>
            ))}
          </div>
          <div class="provinces" role="group" aria-label={t('provinces')}>
            {codes.map((c) => (
              <label key={c} class="check">
                <input type="checkbox" data-province={c} checked={part.provinces.includes(c)} onChange={(e) => onChange({ ...part, provinces: turn(part.provinces, c, e.currentTarget.checked) })} /> {placeName(c)}
              </label>
            ))}
          </div>
        </>
      )}
    </>
  );
}

/** What is open, in a line. */
export function opensText(opens: Opened[]): string {
  const l = lang.value;
  if (opens.length === 0) return t('opensNothing');
  const title = (id: string) => names.value?.data_sets.find((s) => s.id === id)?.title[l] ?? id;
  const where = (o: Opened) => (o.all ? t('everywhere') : o.provinces.map((c) => placeName(c)).join(l === 'zh' ? '、' : ', '));
  const alike = new Map<string, string[]>();
  for (const o of opens) alike.set(where(o), [...(alike.get(where(o)) ?? []), title(o.data)]);
  return t('opens', { what: [...alike].map(([places, sets]) => `${sets.join(l === 'zh' ? '、' : ', ')} (${places})`).join('; ') });
}
