import { useEffect, useState } from 'preact/hooks';

import { names } from '../live';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import * as api from './api';
import { Said, useDoing } from '../parts/doing';
import { field } from './field';
import { t, type DoorWord } from './doorwords';

const powers = ['see_boards', 'make_boards', 'share_boards', 'share_links', 'export', 'people'] as const;
const word = (power: string): DoorWord => `may_${power}` as DoorWord;

/** All roles; those that were made here can be changed, and links taken from any. */
export function Roles({ roles, reload }: { roles: api.Role[]; reload: () => Promise<void> }) {
  const l = lang.value;
  const [options, setOptions] = useState<api.Options | null>(null);
  const [edited, setEdited] = useState<api.Role | null>(null);
  const { said, busy, run } = useDoing();
  useEffect(() => void run(async () => setOptions(await api.options())), []);
  const sets = names.value?.data_sets ?? [];
  const noLinks = options?.no_links ?? [];
  const links = (name: string, on: boolean) =>
    void run(async () => {
      const now = await api.options();
      setOptions(await api.setOptions({ ...now, no_links: on ? noLinks.filter((o) => o !== name) : [...noLinks, name] }));
      await reload();
      return t('roleKept');
    });
  return (
    <Panel id="roles" title={t('roles')} label={t('roles')} note={t('rolesHint')}>
      <ul class="sessions">
        {roles.map((r) => (
          <li key={r.name} data-role={r.name}>
            <p>
              <strong>{r.title[l]}</strong> <code>{r.name}</code> {r.built_in && <span class="tag">{t('builtIn')}</span>}
            </p>
            <p class="quiet">{r.data.map((d) => sets.find((s) => s.id === d)?.title[l] ?? d).join(l === 'zh' ? '、' : ', ')}</p>
            <p class="quiet">{r.powers.filter((p) => p !== 'share_links').map((p) => t(word(p))).join(l === 'zh' ? '、' : ', ')}</p>
            {(r.powers.includes('share_links') || noLinks.includes(r.name)) && (
              <label class="check">
                <input type="checkbox" data-links={r.name} checked={!noLinks.includes(r.name)} disabled={busy || !options} onChange={(e) => links(r.name, e.currentTarget.checked)} /> {t('may_share_links')}
              </label>
            )}
            {!r.built_in && (
              <div class="people-acts">
                <button type="button" class="button" data-do="edit-role" onClick={() => setEdited({ ...r, powers: noLinks.includes(r.name) ? [...r.powers, 'share_links'] : r.powers })}>
                  {t('editRole')}
                </button>
                <button
                  type="button"
                  class="button"
                  data-do="remove-role"
                  disabled={busy}
                  onClick={() => {
                    if (confirm(t('removeRoleSure', { name: r.title[l] }))) void run(async () => (await api.removeRole(r.name), await reload(), t('roleGone')));
                  }}
                >
                  {t('removeRole')}
                </button>
              </div>
            )}
          </li>
        ))}
      </ul>
      <Said said={said} />
      <Edit key={edited?.name ?? ''} role={edited} done={async () => (setEdited(null), reload())} />
    </Panel>
  );
}

function Edit({ role, done }: { role: api.Role | null; done: () => Promise<void> }) {
  const l = lang.value;
  const [data, setData] = useState<string[]>(role?.data ?? []);
  const [may, setMay] = useState<string[]>(role?.powers ?? ['see_boards', 'make_boards', 'export']);
  const { said, busy, run } = useDoing();
  const turn = (list: string[], one: string, on: boolean) => (on ? [...list, one] : list.filter((x) => x !== one));
  const keep = (e: Event) => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const [name, zh, en] = [role?.name ?? field(e, 'name').trim().toLowerCase(), field(e, 'zh').trim(), field(e, 'en').trim()];
    void run(async () => {
      await api.setRole(name, { title: { zh, en }, data, powers: may });
      form.reset();
      setData([]);
      await done();
      return t('roleKept');
    });
  };
  return (
    <form class="people-form" onSubmit={keep}>
      <h3>{role ? t('editing', { name: role.title[l] }) : t('makeRole')}</h3>
      {!role && (
        <label>
          <span>{t('roleName')}</span>
          <input name="name" required maxLength={40} autocapitalize="none" autocomplete="off" placeholder="ads.readers" />
        </label>
      )}
      <label>
        <span>{t('titleZH')}</span>
        <input name="zh" maxLength={30} defaultValue={role?.title.zh ?? ''} />
      </label>
      <label>
        <span>{t('titleEN')}</span>
        <input name="en" maxLength={60} defaultValue={role?.title.en ?? ''} />
      </label>
      <div class="provinces" role="group" aria-label={t('dataSets')}>
        {(names.value?.data_sets ?? []).map((s) => (
          <label key={s.id} class="check" title={s.about[l]}>
            <input type="checkbox" data-set={s.id} checked={data.includes(s.id)} onChange={(e) => setData(turn(data, s.id, e.currentTarget.checked))} /> {s.title[l]}
          </label>
        ))}
      </div>
      <div class="provinces" role="group" aria-label={t('powers')}>
        {powers.map((p) => (
          <label key={p} class="check">
            <input type="checkbox" data-power={p} checked={may.includes(p)} onChange={(e) => setMay(turn(may, p, e.currentTarget.checked))} /> {t(word(p))}
          </label>
        ))}
      </div>
      <button type="submit" class="button" data-do="keep-role" disabled={busy || data.length === 0}>
        {t(role ? 'keepRole' : 'makeRole')}
      </button>
      <Said said={said} />
    </form>
  );
}
