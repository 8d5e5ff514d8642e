import { useEffect, useState } from 'preact/hooks';

import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import { goPeople } from '../route';
import * as api from './api';
import { clock } from '../calendar';
import { age, learn, useRun } from './doing';
import { blank, FormPanel } from './form';
import { t } from './words';

type Kind = 'upload' | 'http' | 'postgres' | 'mysql' | 'clickhouse' | 'sqlite';

/** What a source is called. */
export function called(v: { name: string; title: { zh: string; en: string } }): string {
  const l = lang.value;
  return v.title[l] || v.title.zh || v.title.en || v.name;
}

export function State({ of }: { of: api.View }) {
  if (of.version === 0) return <span class="tag">{t('never')}</span>;
  return of.fault ? (
    <span class="tag tag-warn" title={of.fault}>
      {t('failing')}
    </span>
  ) : (
    <span class="tag">{t('good')}</span>
  );
}

/** All sources that the reader sees or manages. */
export function ListPage() {
  const [all, setAll] = useState<api.List | null>(null);
  const [adding, setAdding] = useState(false);
  const { run, show } = useRun();
  useEffect(() => void run(async () => setAll(await api.list())), [lang.value]);
  return (
    <main id="figures" tabIndex={-1} class="people data">
      <Panel id="sources" title={t('sources')} label={t('sources')} note={t('sourcesHint')}>
        {show}
        {all?.sources.length === 0 && <p class="quiet">{t('noSources')}</p>}
        {all && all.sources.length > 0 && <Table of={all.sources} />}
        {all?.makes && !adding && (
          <button type="button" class="button button-main" data-do="add-source" onClick={() => setAdding(true)}>
            {t('addSource')}
          </button>
        )}
      </Panel>
      {adding && (
        <FormPanel
          title={t('addSource')}
          from={blank()}
          onSave={async (d, secret, file) => {
            const made = await api.add(d, secret, file);
            await learn();
            goPeople(`data/${made.view.name}`);
            return '';
          }}
        />
      )}
    </main>
  );
}

function Table({ of }: { of: api.View[] }) {
  return (
    <div class="table-frame" role="region" aria-label={t('sources')} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {(['title', 'kind', 'state', 'rows', 'age', 'next', 'owner'] as const).map((w) => (
              <th key={w} scope="col">
                {t(w)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.map((v) => (
            <tr key={v.name} data-source={v.name}>
              <th scope="row">{v.manages ? <a href={`#/data/${v.name}`}>{called(v)}</a> : called(v)}</th>
              <td>{t(`kind_${v.kind as Kind}`)}</td>
              <td>
                <State of={v} />
              </td>
              <td class="num">{v.rows.toLocaleString(lang.value)}</td>
              <td>
                <time dateTime={v.at ?? ''} title={clock(v.at)}>
                  {age(v.at)}
                </time>
              </td>
              <td>{v.due ? clock(v.due) : t('byHand')}</td>
              <td>{v.owner || t('machine')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
