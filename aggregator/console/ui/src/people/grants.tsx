import { useState } from 'preact/hooks';

import { names } from '../live';
import { lang } from '../prefs';
import { placeName } from '../regions';
import type { Given, Grant, People, Role } from './api';
import { t as said } from './doorwords';
import { t } from './words';

type Row = Grant & Partial<Given>;

interface Props {
  rows: Row[];
  roles: Role[];
  may: People;
  onChange: (rows: Row[]) => void;
}

/** Roles and data sets with their provinces: a line each, and a line to add one. */
export function Grants({ rows, roles, may, onChange }: Props) {
  const l = lang.value;
  const [what, setWhat] = useState('');
  const [all, setAll] = useState(false);
  const [codes, setCodes] = useState<string[]>([]);
  const sets = names.value?.data_sets ?? [];
  const provinces = (names.value?.regions ?? []).filter((r) => r.code.length === 2);
  const title = (g: Row) => (g.role ? (roles.find((r) => r.name === g.role)?.title[l] ?? g.role) : (sets.find((s) => s.id === g.data)?.title[l] ?? g.data ?? ''));
  const places = (g: Row) => (g.all ? t('allProvinces') : g.provinces.map((p) => placeName(p)).join(l === 'zh' ? '、' : ', '));
  // what may be passed on, of what is chosen
  const needs = what.startsWith('role:') ? (roles.find((r) => r.name === what.slice(5))?.data ?? []) : what ? [what.slice(5)] : [];
  const powers = (name: string) => roles.find((r) => r.name === name)?.powers ?? [];
  const givable = (code: string | null) =>
    needs.length > 0 && needs.every((d) => may.may_give.some((g) => g.data === d && (g.all || (code !== null && g.provinces.includes(code)))));
  const put = () => {
    const next: Row = { ...(what.startsWith('role:') ? { role: what.slice(5) } : { data: what.slice(5) }), all, provinces: all ? [] : codes };
    onChange([...rows.filter((r) => r.role !== next.role || r.data !== next.data), next]);
    setWhat('');
    setAll(false);
    setCodes([]);
  };
  return (
    <div class="grants">
      <ul>
        {rows.map((g) => (
          <li key={`${g.role}/${g.data}/${g.by}`} class="grant" data-grant={g.role ?? g.data}>
            <span>
              <strong>{title(g)}</strong> <span>{places(g)}</span>
              {g.by && <span class={g.holds === false ? 'warn' : 'quiet'}> · {g.holds === false ? t('gone', { name: g.by }) : g.mapped ? said('bySignOn') : t('by', { name: g.by })}</span>}
            </span>
            {!g.mapped && (
              <button type="button" class="button" aria-label={t('take', { what: `${title(g)} ${places(g)}` })} onClick={() => onChange(rows.filter((r) => r !== g))}>
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      <fieldset class="give">
        <legend>{t('give')}</legend>
        <label>
          <span>
            {t('giveRole')} / {t('giveData')}
          </span>
          <select
            data-pick="what"
            value={what}
            onChange={(e) => {
              setWhat(e.currentTarget.value);
              setCodes([]);
              setAll(false);
            }}
          >
            <option value="">{t('choose')}</option>
            <optgroup label={t('giveRole')}>
              {roles
                .filter((r) => powers(r.name).every((p) => may.powers.includes(p)))
                .map((r) => (
                  <option key={r.name} value={`role:${r.name}`}>
                    {r.title[l]}
                  </option>
                ))}
            </optgroup>
            <optgroup label={t('giveData')}>
              {sets
                .filter((s) => may.may_give.some((g) => g.data === s.id))
                .map((s) => (
                  <option key={s.id} value={`data:${s.id}`}>
                    {s.title[l]}
                  </option>
                ))}
            </optgroup>
          </select>
        </label>
        {what && (
          <div class="provinces" role="group" aria-label={t('in')}>
            {givable(null) && (
              <label class="check">
                <input type="checkbox" checked={all} data-province="all" onChange={(e) => setAll(e.currentTarget.checked)} /> {t('allProvinces')}
              </label>
            )}
            {!all &&
              provinces
                .filter((p) => givable(p.code))
                .map((p) => (
                  <label key={p.code} class="check">
                    <input
                      type="checkbox"
                      data-province={p.code}
                      checked={codes.includes(p.code)}
                      onChange={(e) => setCodes(e.currentTarget.checked ? [...codes, p.code] : codes.filter((c) => c !== p.code))}
                    />{' '}
                    {p.name[l]}
                  </label>
                ))}
          </div>
        )}
        <button type="button" class="button" data-do="give" disabled={!what || (!all && codes.length === 0)} onClick={put}>
          {t('give')}
        </button>
      </fieldset>
    </div>
  );
}
