import { useEffect, useState } from 'preact/hooks';

import { call, send, type Text } from '../api';
import { longDay } from '../format';
import { at } from '../calendar';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import { goPeople, peopleRoute } from '../route';
import * as people from './api';
import { type AppWord, t } from './appwords';
import { Said, useDoing } from '../parts/doing';
import { field } from './field';
import { AdminTabs } from './tabs';

interface Start {
  role: string;
  board: string;
}
interface App {
  name: string;
  title: Text;
  server: string;
  theme: string;
  background: string;
  starts: Start[];
  revision: number;
  builds: { file: string; kind: string; revision: number; bytes: number; made: string }[];
}
interface Job {
  app: string;
  kind: string;
  step: number;
  steps: number;
  doing: string;
  running: boolean;
  problem: string;
  file: string;
}
interface Apps {
  apps: App[];
  missing: string[];
  job: Job;
}

const list = () => call<Apps>('/api/v1/apps', {});
const path = (name: string) => `/api/v1/apps/${encodeURIComponent(name)}`;
// how often a job is looked at
const lookMs = 700;

/** Apps for phones, or one of them. */
export function AppsPage() {
  const [all, setAll] = useState<Apps | null>(null);
  const [roles, setRoles] = useState<people.Role[]>([]);
  const [boards, setBoards] = useState<{ id: string; title: Text }[]>([]);
  const { said, run } = useDoing();
  const load = async () => setAll(await list());
  useEffect(
    () =>
      void run(async () => {
        const [a, r, b, tpl] = await Promise.all([
          list(),
          people.roles(),
          call<{ boards: { id: string; title: Text }[] }>('/api/v1/boards', {}),
          call<{ templates: { name: string; board: { title: Text } }[] }>('/api/v1/boards/templates', {}),
        ]);
        setAll(a);
        setRoles(r.roles);
        setBoards([...b.boards, ...tpl.templates.map((x) => ({ id: `~${x.name}`, title: x.board.title }))]);
      }),
    [],
  );
  const running = all?.job.running;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => void load().catch(() => undefined), lookMs);
    return () => clearInterval(timer);
  }, [running]);
  const name = decodeURIComponent((peopleRoute.value ?? '').split('/')[1] ?? '');
  const one = all?.apps.find((a) => a.name === name);
  return (
    <main id="figures" tabIndex={-1} class="people">
      <AdminTabs />
      <Said said={said} />
      {all && !one && (
        <div class="people-grid">
          <Panel id="apps" title={t('apps')} label={t('apps')} note={t('appsHint')}>
            {all.apps.length === 0 && <p class="quiet">{t('none')}</p>}
            <ul class="people-list">
              {all.apps.map((a) => (
                <li key={a.name} data-app={a.name}>
                  <a href={`#/apps/${a.name}`}>{a.title[lang.value]}</a>
                  <code>/app/{a.name}/</code>
                  <span class="quiet">{t('revision', { n: a.revision })}</span>
                </li>
              ))}
            </ul>
          </Panel>
          <Form roles={roles} boards={boards} onKept={load} />
        </div>
      )}
      {all && one && (
        <div class="people-grid">
          <Form key={one.name} app={one} roles={roles} boards={boards} onKept={load} />
          <Builds app={one} all={all} reload={load} />
        </div>
      )}
    </main>
  );
}

interface FormProps {
  app?: App;
  roles: people.Role[];
  boards: { id: string; title: Text }[];
  onKept: () => Promise<void>;
}

function Form({ app, roles, boards, onKept }: FormProps) {
  const { said, busy, run } = useDoing();
  const [starts, setStarts] = useState<Start[]>(app?.starts ?? [{ role: '', board: '~operation' }]);
  const l = lang.value;
  const keep = (e: Event) => {
    e.preventDefault();
    const get = (n: string) => field(e, n).trim();
    const name = app?.name ?? get('name');
    const body = { title: { zh: get('zh'), en: get('en') }, server: get('server'), theme: get('theme'), background: get('background'), starts };
    const icon = (e.currentTarget as HTMLFormElement).querySelector<HTMLInputElement>('input[type=file]')?.files?.[0];
    void run(async () => {
      await send('PUT', path(name), body);
      if (icon) await send('PUT', `${path(name)}/icon`, { png: await base64(icon) });
      await onKept();
      if (!app) goPeople(`apps/${name}`);
      return t('kept');
    });
  };
  const change = (n: number, to: Partial<Start>) => setStarts(starts.map((s, i) => (i === n ? { ...s, ...to } : s)));
  const text = (name: AppWord, value: string, more: object = {}) => (
    <label>
      <span>{t(name)}</span>
      <input name={name} defaultValue={value} autocomplete="off" {...more} />
    </label>
  );
  return (
    <Panel id="app" title={app ? app.title[l] : t('add')} label={t('add')} note={app && `/app/${app.name}/ · ${t('revision', { n: app.revision })}`}>
      {app && (
        <p>
          <a href="#/apps">{t('back')}</a>
        </p>
      )}
      <form class="people-form" onSubmit={keep}>
        {!app && text('name', '', { required: true, maxLength: 30, placeholder: t('nameHint'), autocapitalize: 'none' })}
        {text('zh', app?.title.zh ?? '', { required: true, maxLength: 30 })}
        {text('en', app?.title.en ?? '', { required: true, maxLength: 30 })}
        {text('server', app?.server ?? location.origin, { maxLength: 200, placeholder: t('serverHint'), inputMode: 'url' })}
        <div class="app-colours">
          {text('theme', app?.theme ?? '#0b6478', { type: 'color' })}
          {text('background', app?.background ?? '#f3f5f7', { type: 'color' })}
        </div>
        <label>
          <span>{t('icon')}</span>
          {app && <img class="app-icon" src={`/app/${app.name}/icon-192.png?${app.revision}`} alt="" width={48} height={48} />}
          <input type="file" accept="image/png" />
          <span class="quiet">{t('iconHint')}</span>
        </label>
        <fieldset class="app-starts">
          <legend>{t('starts')}</legend>
          <p class="quiet">{t('startsHint')}</p>
          {starts.map((s, n) => (
            <div key={n} class="app-start">
              <select aria-label={t('starts')} value={s.role} onChange={(e) => change(n, { role: e.currentTarget.value })}>
                <option value="">{t('everybody')}</option>
                {roles.map((r) => (
                  <option key={r.name} value={r.name}>
                    {r.title[l] || r.name}
                  </option>
                ))}
              </select>
              <select aria-label={t('board')} value={s.board} onChange={(e) => change(n, { board: e.currentTarget.value })}>
                {!boards.some((b) => b.id === s.board) && <option value={s.board}>{s.board}</option>}
                {boards.map((b) => (
                  <option key={b.id} value={b.id}>
                    {b.title[l] || b.title.en || b.title.zh}
                  </option>
                ))}
              </select>
              <button type="button" class="button" aria-label={t('take', { what: t('starts') })} onClick={() => setStarts(starts.filter((_, i) => i !== n))}>
                ×
              </button>
            </div>
          ))}
          <button type="button" class="button" onClick={() => setStarts([...starts, { role: starts.some((s) => s.role === '') ? (roles[0]?.name ?? '') : '', board: boards[0]?.id ?? '~operation' }])}>
            {t('addStart')}
          </button>
        </fieldset>
        <button type="submit" class="button button-main" disabled={busy}>
          {t('keep')}
        </button>
        <Said said={said} />
      </form>
    </Panel>
  );
}

function Builds({ app, all, reload }: { app: App; all: Apps; reload: () => Promise<void> }) {
  const { said, busy, run } = useDoing();
  const { job } = all;
  const mine = job.app === app.name;
  const make = (kind: string) =>
    void run(async () => {
      await send('POST', `${path(app.name)}/builds`, { kind });
      await reload();
    });
  const remove = () =>
    void run(async () => {
      if (!confirm(t('removeSure', { name: app.name }))) return;
      await send('DELETE', path(app.name));
      await reload();
      goPeople('apps');
    });
  const address = `${app.server || location.origin}/app/${app.name}/`;
  return (
    <Panel id="app-builds" title={t('make')} label={t('make')}>
      <p>
        <a href={`/app/${app.name}/`} target="_blank" rel="noopener">
          {t('open')}
        </a>
      </p>
      <code class="sample">{address}</code>
      <p class="quiet">{t('installHint')}</p>
      <div class="people-acts">
        <button type="button" class="button" data-make="android" disabled={busy || job.running || all.missing.length > 0} onClick={() => make('android')}>
          {t('android')}
        </button>
        <button type="button" class="button" data-make="ios" disabled={busy || job.running} onClick={() => make('ios')}>
          {t('ios')}
        </button>
      </div>
      {all.missing.length > 0 && (
        <div data-missing={all.missing.join(' ')}>
          <p class="warn">{t('missing')}</p>
          <code class="sample">apt-get install --no-install-recommends {all.missing.join(' ')}</code>
        </div>
      )}
      {mine && (
        <p role="status" data-job={job.running ? 'running' : job.problem ? 'failed' : 'done'} class={job.problem ? 'said said-bad' : 'said'}>
          {job.running
            ? t('doing', { doing: t(`step_${job.doing}` as AppWord), step: job.step, steps: job.steps })
            : job.problem
              ? t('failed', { why: job.problem })
              : t('done', { file: job.file })}
        </p>
      )}
      {mine && job.running && <progress max={job.steps} value={job.step} aria-label={t('make')} />}
      <h3>{t('builds')}</h3>
      {app.builds.length === 0 && <p class="quiet">{t('noBuilds')}</p>}
      <ul class="people-list">
        {app.builds.map((b) => {
          const made = at(Date.parse(b.made));
          return (
            <li key={b.file} data-build={b.file}>
              <a href={`${path(app.name)}/builds/${b.file}`} download>
                {b.file}
              </a>
              <span class="quiet">
                {Math.ceil(b.bytes / 1024)} kB · {longDay(made.day, lang.value)} {made.clock.slice(0, 5)}
              </span>
            </li>
          );
        })}
      </ul>
      <div class="people-acts">
        <a class="button" href="/api/v1/apps-key" download>
          {t('key')}
        </a>
        <button type="button" class="button" data-do="remove-app" disabled={busy} onClick={remove}>
          {t('remove')}
        </button>
      </div>
      <p class="quiet">{t('keyHint')}</p>
      <Said said={said} />
    </Panel>
  );
}

/** A file's bytes as text. */
export function base64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const r = new FileReader();
    r.onload = () => resolve(String(r.result).replace(/^[^,]*,/, ''));
    r.onerror = () => reject(r.error ?? new Error('not read'));
    r.readAsDataURL(file);
  });
}
