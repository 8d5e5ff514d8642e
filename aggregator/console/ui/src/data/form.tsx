// What a source is: where it comes from, and what its columns are.

import { useState } from 'preact/hooks';

import { names } from '../live';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import * as api from './api';
import { Drop, useRun } from './doing';
import { t } from './words';

type Kind = 'upload' | 'http' | 'postgres' | 'mysql' | 'clickhouse' | 'sqlite';
const kinds: Kind[] = ['upload', 'http', 'postgres', 'mysql', 'clickhouse', 'sqlite'];
const types = ['number', 'yuan', 'fen', 'text', 'date', 'province', 'city', 'product', 'provider', 'skip'] as const;
const periods = [0, 15, 60, 360, 1440];

export function blank(): api.Definition {
  return { name: '', title: { zh: '', en: '' }, kind: 'upload', columns: [] };
}

interface Props {
  from: api.Definition;
  hasSecret?: boolean;
  /** A source that is there keeps its name and kind. */
  kept?: boolean;
  onSave: (d: api.Definition, secret: string, file: string) => Promise<string>;
}

/** Makes a source or changes one: file or questions first, then what the columns are. */
export function Form({ from, hasSecret, kept, onSave }: Props) {
  const [d, setD] = useState(from);
  const [secret, setSecret] = useState('');
  const [file, setFile] = useState('');
  const [rows, setRows] = useState<string[][]>([]);
  const { busy, run, show } = useRun();
  const set = (to: Partial<api.Definition>) => setD((o) => ({ ...o, ...to }));
  const seen = (p: api.Preview) => {
    setRows(p.rows);
    // what somebody has said of a field stays
    setD((o) => ({ ...o, columns: p.columns.map((c) => o.columns.find((was) => was.field === c.field) ?? c) }));
  };
  const upload = (f: File) =>
    void run(async () => {
      const got = await api.upload(f);
      setFile(got.upload);
      seen(got.preview);
      const base = f.name.replace(/\.[^.]*$/, '');
      setD((o) => (o.title.zh || o.title.en ? o : { ...o, title: { zh: base, en: base }, name: o.name || slug(base) }));
    });
  const look = () => void run(async () => seen((await api.look({ ...tidy(d), name: kept ? d.name : '' , columns: [] }, secret)).preview));
  const save = (e: Event) => {
    e.preventDefault();
    void run(() => onSave(tidy(d), secret, file));
  };
  const kind = d.kind as Kind;
  const sql = kind !== 'upload' && kind !== 'http';
  return (
    <form class="data-form" onSubmit={save}>
      {!kept && (
        <label>
          <span>{t('kind')}</span>
          <select data-pick="kind" value={kind} onChange={(e) => setD({ ...blank(), title: d.title, name: d.name, kind: e.currentTarget.value })}>
            {kinds.map((k) => (
              <option key={k} value={k}>
                {t(`kind_${k}`)}
              </option>
            ))}
          </select>
        </label>
      )}
      {kind === 'upload' ? (
        <Drop text={t(kept ? 'dropAgain' : 'drop')} onFile={upload} />
      ) : (
        <>
          <Input label={`${t('address')} (${t(kind === 'sqlite' ? 'addressFile' : sql && kind !== 'clickhouse' ? 'addressHost' : 'addressURL')})`} name="address" value={d.address} onInput={(address) => set({ address })} />
          {(kind === 'postgres' || kind === 'mysql' || kind === 'clickhouse') && <Input label={t('database')} name="database" value={d.database} onInput={(database) => set({ database })} />}
          {kind !== 'sqlite' && <Input label={t('user')} name="user" value={d.user} onInput={(user) => set({ user })} />}
          {kind !== 'sqlite' && <Input label={t('secret')} name="secret" type="password" value={secret} hint={hasSecret ? t('secretKept') : ''} onInput={setSecret} />}
          {(kind === 'postgres' || kind === 'mysql') && (
            <label class="check">
              <input type="checkbox" checked={d.tls ?? false} onChange={(e) => set({ tls: e.currentTarget.checked })} /> {t('tls')}
            </label>
          )}
          {sql ? (
            <label>
              <span>{t('query')}</span>
              <textarea name="query" rows={4} spellcheck={false} value={d.query ?? ''} onInput={(e) => set({ query: e.currentTarget.value })} />
            </label>
          ) : (
            <Input label={t('path')} name="path" value={d.path} hint={t('pathHint')} onInput={(path) => set({ path })} />
          )}
          <button type="button" class="button" data-do="look" disabled={busy} onClick={look}>
            {t('look')}
          </button>
        </>
      )}
      {d.columns.length > 0 && (
        <>
          <div class="data-row">
            <Input label={t('titleZH')} name="title-zh" value={d.title.zh} onInput={(zh) => set({ title: { ...d.title, zh } })} />
            <Input label={t('titleEN')} name="title-en" value={d.title.en} onInput={(en) => set({ title: { ...d.title, en } })} />
            {!kept && <Input label={t('name')} name="name" value={d.name} hint={t('nameHint')} onInput={(name) => set({ name })} />}
            {kind !== 'upload' && (
              <label>
                <span>{t('every')}</span>
                <select data-pick="every" value={d.every_minutes ?? 0} onChange={(e) => set({ every_minutes: Number(e.currentTarget.value) })}>
                  {[...new Set([...periods, d.every_minutes ?? 0])].map((n) => (
                    <option key={n} value={n}>
                      {n === 0 ? t('everyNever') : n === 1440 ? t('everyDay') : n % 60 === 0 ? t('everyHours', { n: n / 60 }) : t('everyMinutes', { n })}
                    </option>
                  ))}
                </select>
              </label>
            )}
          </div>
          <Columns columns={d.columns} onChange={(columns) => set({ columns })} />
          {rows.length > 0 && <Rows columns={d.columns} rows={rows} />}
          <button type="submit" class="button button-main" data-do="save-source" disabled={busy || (!kept && kind === 'upload' && !file)}>
            {t('save')}
          </button>
        </>
      )}
      {show}
    </form>
  );
}

/** Without fields that are empty. */
function tidy(d: api.Definition): api.Definition {
  const full = Object.fromEntries(Object.entries(d).filter(([, v]) => v !== '' && v !== 0 && v !== false && v !== undefined)) as unknown as api.Definition;
  return { ...full, name: d.name.trim(), columns: d.columns.map((c) => (c.type === 'number' ? c : { field: c.field, name: c.name, title: c.title, type: c.type })) };
}

/** A name for machines, of a file's. */
function slug(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^[^a-z]+|_+$/g, '');
  return plain.slice(0, 30);
}

function Input({ label, name, value, hint, type, onInput }: { label: string; name: string; value: string | undefined; hint?: string; type?: 'password'; onInput: (to: string) => void }) {
  return (
    <label>
      <span>{label}</span>
      {type ? (
        <input name={name} type={type} value={value ?? ''} placeholder={hint ?? ''} autocomplete="new-password" onInput={(e) => onInput(e.currentTarget.value)} />
      ) : (
        <input name={name} value={value ?? ''} placeholder={hint ?? ''} autocomplete="off" autocapitalize="none" spellcheck={false} onInput={(e) => onInput(e.currentTarget.value)} />
      )}
    </label>
  );
}

function Columns({ columns, onChange }: { columns: api.Column[]; onChange: (to: api.Column[]) => void }) {
  const l = lang.value;
  const units = (names.value?.units ?? []).filter((u) => u.id !== 'fen');
  const set = (n: number, to: Partial<api.Column>) => onChange(columns.map((c, i) => (i === n ? { ...c, ...to } : c)));
  return (
    <fieldset class="data-columns">
      <legend>{t('columns')}</legend>
      <p class="quiet">{t('columnsHint')}</p>
      <div class="table-frame" role="region" aria-label={t('columns')} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('field')}</th>
              <th scope="col">{t('type')}</th>
              <th scope="col">{t('unit')}</th>
              <th scope="col">{t('figureName')}</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((c, n) => (
              <tr key={c.field} data-field={c.field}>
                <th scope="row">{c.field}</th>
                <td>
                  <select aria-label={`${t('type')}: ${c.field}`} data-pick="type" value={c.type} onChange={(e) => set(n, { type: e.currentTarget.value })}>
                    {types.map((o) => (
                      <option key={o} value={o}>
                        {t(`type_${o}`)}
                      </option>
                    ))}
                  </select>
                </td>
                <td>
                  {c.type === 'number' && (
                    <select aria-label={`${t('unit')}: ${c.field}`} value={c.unit ?? 'count'} onChange={(e) => set(n, { unit: e.currentTarget.value })}>
                      {units.map((u) => (
                        <option key={u.id} value={u.id}>
                          {u.title[l]}
                        </option>
                      ))}
                    </select>
                  )}
                </td>
                <td>{c.type !== 'skip' && <input aria-label={`${t('figureName')}: ${c.field}`} value={c.name} maxLength={40} spellcheck={false} onInput={(e) => set(n, { name: e.currentTarget.value })} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </fieldset>
  );
}

function Rows({ columns, rows }: { columns: api.Column[]; rows: string[][] }) {
  return (
    <div class="table-frame data-preview" role="region" aria-label={t('firstRows')} tabIndex={0}>
      <table>
        <caption>{t('firstRows')}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.field} scope="col">
                {c.field}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r, n) => (
            <tr key={n}>
              {columns.map((c, i) => (
                <td key={c.field}>{r[i]}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The form in a panel of its own. */
export function FormPanel(p: Props & { title: string }) {
  return (
    <Panel id="source-form" title={p.title} label={p.title}>
      <Form {...p} />
    </Panel>
  );
}
