import { useEffect, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

import { call, request, send } from '../api';
import { askMe, link, me, names, retryNow } from '../live';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import { placeName } from '../regions';
import { goPeople } from '../route';
import { Said, useDoing } from '../parts/doing';
import { field } from './field';
import { t } from './setupwords';
import { AdminTabs } from './tabs';

interface Steps {
  password: boolean;
  provinces: string[];
  folders: { province: string; path: string }[];
  files: number;
  boxes: number;
  broker: string;
}

/** A platform's first hour: who administers it, which provinces take part, their data. */
export function SetupPage() {
  return link.value === 'signedout' || !me.value ? <Claim /> : <Lead />;
}

function Claim() {
  const [open, setOpen] = useState<boolean | null>(null);
  const { said, busy, run } = useDoing();
  useEffect(() => void run(async () => setOpen((await call<{ open: boolean }>('/api/v1/setup', {})).open)), []);
  const claim = (e: Event) => {
    e.preventDefault();
    const body = { code: field(e, 'code').trim(), name: field(e, 'name').trim(), display: field(e, 'display').trim(), password: field(e, 'password') };
    void run(async () => {
      await send('POST', '/api/v1/setup', body);
      await askMe();
      retryNow();
    });
  };
  if (open === false) {
    return (
      <main class="message" id="figures" tabIndex={-1}>
        <h1>{t('claimed')}</h1>
        <button type="button" class="button" onClick={() => location.assign('/')}>
          {t('signIn')}
        </button>
      </main>
    );
  }
  return (
    <main class="message" id="figures" tabIndex={-1}>
      <h1>{t('claimTitle')}</h1>
      <p>{t('claimBody')}</p>
      <form class="signin" onSubmit={claim}>
        <label>
          <span>{t('code')}</span>
          <input name="code" required maxLength={40} autocomplete="off" autocapitalize="characters" placeholder="XXXXX-XXXXX-XXXXX" />
        </label>
        <label>
          <span>{t('name')}</span>
          <input name="name" required maxLength={40} autocomplete="username" autocapitalize="none" defaultValue="administrator" />
        </label>
        <label>
          <span>{t('called')}</span>
          <input name="display" maxLength={60} autocomplete="name" />
        </label>
        <label>
          <span>{t('password')}</span>
          <input name="password" type="password" required maxLength={200} autocomplete="new-password" />
          <span class="quiet">{t('passwordHint')}</span>
        </label>
        <Said said={said} />
        <button type="submit" class="button button-main" disabled={busy || open === null}>
          {t('claim')}
        </button>
      </form>
    </main>
  );
}

function Lead() {
  const [steps, setSteps] = useState<Steps | null>(null);
  const { said, run } = useDoing();
  const load = async () => setSteps(await call<Steps>('/api/v1/setup/steps', {}));
  useEffect(() => void run(load), []);
  return (
    <main id="figures" tabIndex={-1} class="people setup">
      <AdminTabs />
      <p class="quiet">{t('intro')}</p>
      <Said said={said} />
      {steps && (
        <>
          <Step id="setup-admin" title={`1. ${t('stepAdmin')}`} done={steps.password}>
            <p>{t(steps.password ? 'adminDone' : 'adminTodo')}</p>
            {!steps.password && (
              <button type="button" class="button" onClick={() => goPeople('account')}>
                {t('toAccount')}
              </button>
            )}
          </Step>
          <Provinces steps={steps} onKept={setSteps} />
          <Data steps={steps} reload={load} />
          <CountryMap />
          <p>
            <a class="button button-main" href="#/">
              {t('finish')}
            </a>
          </p>
        </>
      )}
    </main>
  );
}

function Step({ id, title, done, children }: { id: string; title: string; done: boolean; children: ComponentChildren }) {
  return (
    <Panel id={id} title={title} label={title} note={<span data-done={done}>{done ? `✓ ${t('done')}` : `○ ${t('notDone')}`}</span>}>
      {children}
    </Panel>
  );
}

function Provinces({ steps, onKept }: { steps: Steps; onKept: (s: Steps) => void }) {
  const { said, busy, run } = useDoing();
  const [chosen, setChosen] = useState(new Set(steps.provinces));
  const all = (names.value?.regions ?? []).filter((r) => r.code.length === 2);
  const turn = (code: string) => {
    const next = new Set(chosen);
    if (!next.delete(code)) next.add(code);
    setChosen(next);
  };
  return (
    <Step id="setup-provinces" title={`2. ${t('stepProvinces')}`} done={steps.provinces.length > 0}>
      <p class="quiet">{t('provincesHint')}</p>
      <div class="setup-provinces" role="group" aria-label={t('stepProvinces')}>
        {all.map((r) => (
          <label key={r.code} class="check">
            <input type="checkbox" data-province={r.code} checked={chosen.has(r.code)} onChange={() => turn(r.code)} /> {r.name[lang.value]}
          </label>
        ))}
      </div>
      <div class="people-acts">
        <button type="button" class="button" onClick={() => setChosen(new Set(all.map((r) => r.code)))}>
          {t('all')}
        </button>
        <button
          type="button"
          class="button button-main"
          data-do="keep-provinces"
          disabled={busy || chosen.size === 0}
          onClick={() =>
            void run(async () => {
              onKept(await send<Steps>('PUT', '/api/v1/setup/provinces', { provinces: [...chosen].sort() }));
              return t('kept');
            })
          }
        >
          {t('keep')}
        </button>
      </div>
      <Said said={said} />
    </Step>
  );
}

function Data({ steps, reload }: { steps: Steps; reload: () => Promise<void> }) {
  const { said, busy, run } = useDoing();
  const upload = (e: Event) => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const file = form.querySelector<HTMLInputElement>('input[type=file]')?.files?.[0];
    const province = field(e, 'province');
    if (!file) return;
    void run(async () => {
      await put(province, file);
      form.reset();
      await reload();
      return t('sent', { name: file.name });
    });
  };
  return (
    <Step id="setup-data" title={`3. ${t('stepData')}`} done={steps.files > 0 || steps.boxes > 0}>
      {steps.provinces.length === 0 && <p class="quiet">{t('dataTodo')}</p>}
      {steps.provinces.length > 0 && (
        <>
          <p>{t('folders')}</p>
          <ul class="people-list">
            {steps.folders.map((f) => (
              <li key={f.province}>
                <span>{placeName(f.province)}</span>
                <code>{f.path}</code>
              </li>
            ))}
          </ul>
          <h3>{t('upload')}</h3>
          <form class="people-form people-row" onSubmit={upload}>
            <label>
              <span>{t('province')}</span>
              <select name="province">
                {steps.provinces.map((p) => (
                  <option key={p} value={p}>
                    {placeName(p)}
                  </option>
                ))}
              </select>
            </label>
            <label>
              <span>{t('file')}</span>
              <input type="file" required />
            </label>
            <button type="submit" class="button" data-do="upload" disabled={busy}>
              {t('send')}
            </button>
          </form>
          <Said said={said} />
          {steps.files > 0 && (
            <p>
              {steps.files >= 100 ? t('manyFiles') : t('files', { n: steps.files })} · <a href="#/quality">{t('toQuality')}</a>
            </p>
          )}
        </>
      )}
      <p>
        {t('broker')} <code>{steps.broker}</code>
        {steps.boxes > 0 && ` · ${t('boxes', { n: steps.boxes })}`}
      </p>
      <p class="quiet">
        {t('demo')} <code>aggregator demo</code>
      </p>
    </Step>
  );
}

/** The operator's map of the provinces; there is none in the program. */
function CountryMap() {
  const { said, busy, run } = useDoing();
  const [provinces, setProvinces] = useState(0);
  useEffect(() => void run(async () => setProvinces((await call<{ shapes: unknown[] }>('/api/v1/map', {})).shapes.length)), []);
  const upload = (e: Event) => {
    e.preventDefault();
    const file = (e.currentTarget as HTMLFormElement).querySelector<HTMLInputElement>('input[type=file]')?.files?.[0];
    if (!file) return;
    void run(async () => {
      const m = await call<{ shapes: unknown[] }>('/api/v1/map', { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: file });
      setProvinces(m.shapes.length);
      return t('mapKept', { n: m.shapes.length });
    });
  };
  return (
    <Step id="setup-map" title={`4. ${t('stepMap')}`} done={provinces > 0}>
      <p class="quiet">{t('mapHint')}</p>
      <form class="people-form people-row" onSubmit={upload}>
        <label>
          <span>GeoJSON</span>
          <input type="file" accept=".json,.geojson,application/json" required />
        </label>
        <button type="submit" class="button" data-do="upload-map" disabled={busy}>
          {t('send')}
        </button>
        {provinces > 0 && (
          <button
            type="button"
            class="button"
            disabled={busy}
            onClick={() =>
              void run(async () => {
                await send('DELETE', '/api/v1/map');
                setProvinces(0);
              })
            }
          >
            {t('mapDrop')}
          </button>
        )}
      </form>
      <Said said={said} />
    </Step>
  );
}

async function put(province: string, file: File): Promise<void> {
  await request(`/api/v1/setup/files?province=${province}&name=${encodeURIComponent(file.name)}`, { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: file });
}
