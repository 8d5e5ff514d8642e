import { useEffect, useState } from 'preact/hooks';

import { indicator, placeName } from '../regions';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import { goPeople } from '../route';
import * as api from './api';
import { clock } from '../calendar';
import { age, Drop, learn, useRun } from './doing';
import { FormPanel } from './form';
import { called, State } from './list';
import { t } from './words';

/** One source: how it is, its versions, what was refused, and its definition. */
export function OnePage({ name }: { name: string }) {
  const [one, setOne] = useState<api.Details | null>(null);
  const { busy, run, show } = useRun();
  const load = async () => setOne(await api.details(name));
  useEffect(() => void run(load), [name, lang.value]); // it tells its faults in the language asked for
  // what failed has left its mark at the source, so it is asked anew either way
  const act = (doing: () => Promise<api.Details>, said: (d: api.Details) => string) =>
    void run(async () => {
      try {
        const d = await doing();
        setOne(d);
        await learn();
        return said(d);
      } catch (cause) {
        await load();
        throw cause;
      }
    });
  const rows = (d: api.Details) => d.view.rows.toLocaleString(lang.value);
  return (
    <main id="figures" tabIndex={-1} class="people data">
      <nav class="people-tabs">
        <a href="#/data">{t('back')}</a>
      </nav>
      {one && (
        <>
          <Panel id="source" title={called(one.view)} label={called(one.view)} note={t('grantHint', { title: called(one.view) })}>
            <State of={one.view} /> <Facts of={one.view} />
            {one.view.fault && (
              <p class="said said-bad" role="alert" data-fault>
                {t('faultsOfFailed', { fault: one.view.fault })}
              </p>
            )}
            {one.view.kind === 'upload' ? (
              <Drop
                text={t('dropAgain')}
                onFile={(f) =>
                  act(
                    async () => api.refresh(name, (await api.upload(f)).upload),
                    (d) => t('refreshed', { rows: rows(d) }),
                  )
                }
              />
            ) : (
              <button type="button" class="button button-main" data-do="refresh" disabled={busy} onClick={() => act(() => api.refresh(name, ''), (d) => t('refreshed', { rows: rows(d) }))}>
                {t('refresh')}
              </button>
            )}
            {show}
            <Figures of={one.view} />
          </Panel>
          <Panel id="versions" title={t('versions')} label={t('versions')}>
            <Versions of={one} use={(n) => act(() => api.restore(name, n), () => t('used', { n }))} />
          </Panel>
          <Faults of={one} />
          <FormPanel
            key={one.view.version}
            title={t('edit')}
            from={one.definition}
            hasSecret={one.has_secret}
            kept
            onSave={async (d, secret, file) => {
              try {
                const now = await api.change(d, secret, file);
                setOne(now);
                await learn();
                return t('changed', { rows: rows(now) });
              } catch (cause) {
                await load();
                throw cause;
              }
            }}
          />
          <Remove of={one.view} run={run} />
        </>
      )}
      {!one && show}
    </main>
  );
}

function Facts({ of }: { of: api.View }) {
  const seen = of.all ? t('scopeAll') : of.provinces.length > 0 ? t('scopeSome', { provinces: of.provinces.map((p) => placeName(p)).join(' ') }) : t('scopeNone');
  const facts: [string, string][] = [
    [t('rows'), of.rows.toLocaleString(lang.value)],
    [t('rejected'), of.rejected.toLocaleString(lang.value)],
    [t('age'), `${age(of.at)} (${clock(of.at)})`],
    [t('next'), of.due ? clock(of.due) : t('byHand')],
  ];
  return (
    <>
      <dl class="data-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet">{seen}</p>
    </>
  );
}

function Figures({ of }: { of: api.View }) {
  return (
    <>
      <h3>{t('figures')}</h3>
      <ul class="data-figures">
        {of.figures.map((id) => (
          <li key={id}>
            {indicator(id).title} <code>{id}</code>
          </li>
        ))}
      </ul>
    </>
  );
}

function Versions({ of, use }: { of: api.Details; use: (n: number) => void }) {
  return (
    <div class="table-frame" role="region" aria-label={t('versions')} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {(['version', 'age', 'by', 'rows', 'rejected', 'size'] as const).map((w) => (
              <th key={w} scope="col">
                {t(w)}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {of.versions.map((v) => (
            <tr key={v.version} data-version={v.version}>
              <th scope="row">{v.version}</th>
              <td>{clock(v.at)}</td>
              <td>{v.by}</td>
              <td class="num">{v.read.rows.toLocaleString(lang.value)}</td>
              <td class="num">{v.read.rejected.toLocaleString(lang.value)}</td>
              <td class="num">{Math.ceil(v.bytes / 1024).toLocaleString(lang.value)} KB</td>
              <td>
                {v.holds ? (
                  <span class="tag">{t('holds')}</span>
                ) : (
                  <button type="button" class="button" onClick={() => use(v.version)}>
                    {t('use')}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Faults({ of }: { of: api.Details }) {
  const read = of.failed ?? of.versions.find((v) => v.holds)?.read;
  if (!read || read.rejected === 0) return null;
  return (
    <Panel id="faults" title={t('faults')} label={t('faults')} note={t('moreFaults', { n: read.rejected, shown: read.faults.length })}>
      <div class="table-frame" role="region" aria-label={t('faults')} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {(['row', 'column', 'value', 'why'] as const).map((w) => (
                <th key={w} scope="col">
                  {t(w)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {read.faults.map((f) => (
              <tr key={f.row}>
                <th scope="row">{f.row}</th>
                <td>{f.column}</td>
                <td>{f.value}</td>
                <td>{f.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Remove({ of, run }: { of: api.View; run: (doing: () => Promise<void>) => Promise<void> }) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <p>
        <button type="button" class="button" data-do="remove" onClick={() => setAsking(true)}>
          {t('remove')}
        </button>
      </p>
    );
  }
  return (
    <div class="banner" role="alert">
      <p>{t('removeSure', { title: called(of) })}</p>
      <button
        type="button"
        class="button"
        data-do="remove-sure"
        onClick={() =>
          void run(async () => {
            await api.remove(of.name);
            await learn();
            goPeople('data');
          })
        }
      >
        {t('removeYes')}
      </button>
      <button type="button" class="button" onClick={() => setAsking(false)}>
        {t('cancel')}
      </button>
    </div>
  );
}
