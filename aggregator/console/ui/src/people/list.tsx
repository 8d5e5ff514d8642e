import { useEffect, useState } from 'preact/hooks';

import { may, me } from '../live';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import { placeName } from '../regions';
import { goPeople, peopleRoute } from '../route';
import * as api from './api';
import { Said, useDoing } from '../parts/doing';
import { field } from './field';
import { EmbedKeys } from './embedkeys';
import { t as door } from './doorwords';
import { Grants } from './grants';
import { Links } from './links';
import { Matrix } from './matrix';
import { Roles } from './roles';
import { Tokens } from './tokens';
import { AdminTabs } from './tabs';
import { t } from './words';

function stateOf(p: api.Person): string {
  return p.disabled ? t('state_disabled') : p.totp ? t('state_totp') : p.password ? t('state_password') : t('state_link');
}

/** Everybody whom the reader manages, or one of them. */
export function PeoplePage() {
  const [people, setPeople] = useState<api.People | null>(null);
  const [roles, setRoles] = useState<api.Role[]>([]);
  const { said, run } = useDoing();
  const load = async () => {
    const [p, r] = await Promise.all([api.people(), api.roles()]);
    setPeople(p);
    setRoles(r.roles);
  };
  useEffect(() => void run(load), []);
  const name = (peopleRoute.value ?? '').split('/')[1] ?? '';
  const one = people?.people.find((p) => p.name === decodeURIComponent(name));
  return (
    <main id="figures" tabIndex={-1} class="people">
      <AdminTabs />
      <Said said={said} />
      {people && !one && (
        <div class="people-grid people-grid-wide">
          <List people={people} roles={roles} />
          <Add people={people} roles={roles} onAdd={load} />
          {may('administer') && <OptionsPanel />}
          {may('administer') && <Roles roles={roles} reload={load} />}
          {may('administer') && <Tokens all />}
          {may('administer') && <Links />}
          {may('share_links') && <EmbedKeys all={may('administer')} />}
        </div>
      )}
      {people && one && <One key={one.name} person={one} people={people} roles={roles} reload={load} />}
    </main>
  );
}

function List({ people, roles }: { people: api.People; roles: api.Role[] }) {
  const l = lang.value;
  const title = (name: string) => roles.find((r) => r.name === name)?.title[l] ?? name;
  return (
    <Panel id="people-list" title={t('people')} label={t('people')}>
      {people.people.length === 0 && <p class="quiet">{t('nobody')}</p>}
      <ul class="people-list">
        {people.people.map((p) => (
          <li key={p.name} data-person={p.name}>
            <a href={`#/people/${encodeURIComponent(p.name)}`}>{p.display || p.name}</a>
            <span class="quiet">{p.display ? p.name : ''}</span>
            <span>
              {p.grants
                .filter((g) => g.holds)
                .map((g) => `${title(g.role ?? g.data ?? '')} ${g.all ? t('allProvinces') : g.provinces.map((c) => placeName(c)).join(' ')}`)
                .join(' · ') || t(p.holds.length > 0 ? 'everywhere' : 'none')}
            </span>
            <span class="quiet">{p.department}</span>
            <span class={p.disabled ? 'warn' : 'quiet'}>{stateOf(p)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Add({ people, roles, onAdd }: { people: api.People; roles: api.Role[]; onAdd: () => Promise<void> }) {
  const { said, busy, run } = useDoing();
  const [grants, setGrants] = useState<api.Grant[]>([]);
  const add = (e: Event) => {
    e.preventDefault();
    const [name, display, department] = [field(e, 'name').trim().toLowerCase(), field(e, 'display').trim(), field(e, 'department').trim()];
    void run(async () => {
      await api.add({ name, display, department, grants: grants.map(plain) });
      await onAdd();
      goPeople(`people/${name}`);
    });
  };
  return (
    <Panel id="people-add" title={t('addPerson')} label={t('addPerson')} note={t('grantsHint')}>
      <form class="people-form" onSubmit={add}>
        <label>
          <span>{t('name')}</span>
          <input name="name" required maxLength={40} placeholder={t('nameHint')} autocapitalize="none" autocomplete="off" />
        </label>
        <label>
          <span>{t('called')}</span>
          <input name="display" maxLength={60} autocomplete="off" />
        </label>
        <label>
          <span>{t('department')}</span>
          <input name="department" maxLength={40} autocapitalize="none" autocomplete="off" />
        </label>
        <Grants rows={grants} roles={roles} may={people} onChange={setGrants} />
        <button type="submit" class="button button-main" disabled={busy}>
          {t('add')}
        </button>
        <Said said={said} />
      </form>
    </Panel>
  );
}

function plain(g: api.Grant): api.Grant {
  return { ...(g.role ? { role: g.role } : { data: g.data ?? '' }), all: g.all, provinces: g.all ? [] : g.provinces };
}

interface OneProps {
  person: api.Person;
  people: api.People;
  roles: api.Role[];
  reload: () => Promise<void>;
}

function One({ person, people, roles, reload }: OneProps) {
  const { said, busy, run } = useDoing();
  const [grants, setGrants] = useState<(api.Grant & Partial<api.Given>)[]>(person.grants);
  const [link, setLink] = useState('');
  useEffect(() => setGrants(person.grants), [person.grants]);
  const self = person.name === me.value?.name;
  const profile = (e: Event) => {
    e.preventDefault();
    const [display, department] = [field(e, 'display').trim(), field(e, 'department').trim()];
    void run(async () => {
      await api.setProfile(person.name, { display, language: person.language, department });
      await reload();
      return t('kept');
    });
  };
  const act = (what: 'disable' | 'enable' | 'reset-totp' | 'unbind') =>
    void run(async () => {
      if (what === 'disable' && !confirm(t('disableSure', { name: person.name }))) return;
      await api.act(person.name, what);
      await reload();
      return t('kept');
    });
  return (
    <div class="people-grid people-grid-wide">
      <Panel id="person" title={person.display || person.name} label={person.name} note={`${person.name} · ${stateOf(person)}`}>
        <p>
          <a href="#/people">{t('back')}</a>
        </p>
        {person.managed && (
          <form class="people-form" onSubmit={profile}>
            <label>
              <span>{t('called')}</span>
              <input name="display" maxLength={60} defaultValue={person.display} />
            </label>
            <label>
              <span>{t('department')}</span>
              <input name="department" maxLength={40} defaultValue={person.department} />
            </label>
            <button type="submit" class="button" disabled={busy}>
              {t('keep')}
            </button>
          </form>
        )}
        {!person.managed && !self && <p class="warn">{t('notManaged')}</p>}
        <div class="people-acts">
          {person.managed && !person.disabled && (
            <button
              type="button"
              class="button"
              data-do="link"
              disabled={busy}
              onClick={() => void run(async () => setLink(location.origin + (await api.link(person.name)).path))}
            >
              {t('link')}
            </button>
          )}
          {may('administer') && !self && (
            <button type="button" class="button" data-do="view-as" onClick={() => void run(async () => (await api.viewAs(person.name), location.assign('/'), undefined))}>
              {t('viewAs')}
            </button>
          )}
          {person.managed && person.totp && (
            <button type="button" class="button" disabled={busy} onClick={() => act('reset-totp')}>
              {t('resetTOTP')}
            </button>
          )}
          {person.managed && person.sign_on && (
            <button type="button" class="button" data-do="unbind" disabled={busy} onClick={() => act('unbind')}>
              {door('unbindPerson')}
            </button>
          )}
          {person.managed && (
            <button type="button" class="button" data-do="disable" disabled={busy} onClick={() => act(person.disabled ? 'enable' : 'disable')}>
              {person.disabled ? t('enable') : t('disable')}
            </button>
          )}
        </div>
        {link && (
          <div class="people-link">
            <p class="quiet">{t('linkHint')}</p>
            <code class="sample" data-link-for={person.name}>
              {link}
            </code>
            <button type="button" class="button" onClick={() => void run(async () => (await navigator.clipboard.writeText(link), t('copied')))}>
              {t('copy')}
            </button>
          </div>
        )}
        <Said said={said} />
      </Panel>
      <Panel id="person-grants" title={t('grants')} label={t('grants')} note={t('grantsHint')}>
        <Grants rows={grants} roles={roles} may={people} onChange={setGrants} />
        <button
          type="button"
          class="button button-main"
          data-do="save-grants"
          disabled={busy || grants === person.grants}
          onClick={() =>
            void run(async () => {
              await api.setGrants(person.name, grants.map(plain));
              await reload();
              return t('grantsSaved');
            })
          }
        >
          {t('saveGrants')}
        </button>
        <h3>{t('matrix')}</h3>
        <Matrix holds={person.holds} />
      </Panel>
    </div>
  );
}

function OptionsPanel() {
  const [o, setO] = useState<api.Options | null>(null);
  const { said, busy, run } = useDoing();
  useEffect(() => void run(async () => setO(await api.options())), []);
  if (!o) return <Said said={said} />;
  const set = (change: Partial<api.Options>) =>
    void run(async () => {
      setO(await api.setOptions({ ...(await api.options()), ...change }));
      return t('optionsKept');
    });
  return (
    <Panel id="options" title={t('options')} label={t('options')}>
      <label class="check">
        <input type="checkbox" data-option="watermark" checked={o.watermark} disabled={busy} onChange={(e) => set({ watermark: e.currentTarget.checked })} /> {t('watermark')}
      </label>
      <label class="check">
        <input type="checkbox" data-option="admin_totp" checked={o.admin_totp} disabled={busy} onChange={(e) => set({ admin_totp: e.currentTarget.checked })} /> {t('adminTOTP')}
      </label>
      <Said said={said} />
    </Panel>
  );
}
