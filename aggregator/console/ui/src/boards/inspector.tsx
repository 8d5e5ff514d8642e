// The properties of what is chosen: a widget, several, or the board with its tab.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import type { Text } from '../api';
import { names } from '../live';
import { lang } from '../prefs';
import { indicator } from '../regions';
import { dimensionTitle } from './data';
import { Sign } from './dialog';
import { colours } from './draw';
import { change, changeTab, changeWidget, duplicateSelected, faults, removeSelected } from './edit';
import { ComparePick, PeriodPick, WhereDialog, whereText } from './filters';
import { PictureField } from './epgplace';
import { dimensionsFor, fit, rules, settle, turnInto, under, withWhere, without, type Board, type Figure, type Filters, type Kind, type Show, type Tab, type Widget } from './model';
import { today } from './state';
import { t } from './words';

function Field({ label, children, hint }: { label: string; children: ComponentChildren; hint?: string | undefined }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <small>{hint}</small>}
    </label>
  );
}

/** A text in both languages. */
function Texts({ label, value, onChange, max, hint }: { label?: string; value: Text; onChange: (to: Text) => void; max: number; hint?: string }) {
  return (
    <>
      <Field label={label ? `${label} · 中文` : t('titleZH')}>
        <input lang="zh-CN" value={value.zh} maxLength={max} placeholder={hint} onInput={(e) => onChange({ ...value, zh: e.currentTarget.value })} />
      </Field>
      <Field label={label ? `${label} · English` : t('titleEN')}>
        <input lang="en" value={value.en} maxLength={max} placeholder={hint} onInput={(e) => onChange({ ...value, en: e.currentTarget.value })} />
      </Field>
    </>
  );
}

function NumberField({ label, value, min, max, onChange, hint, empty }: { label: string; value: number | undefined; min: number; max: number; onChange: (n: number | undefined) => void; hint?: string; empty?: boolean }) {
  return (
    <Field label={label} hint={hint}>
      <input
        type="number"
        min={min}
        max={max}
        value={value ?? ''}
        onChange={(e) => {
          const text = e.currentTarget.value;
          const n = Number(text);
          if (text === '' && empty) onChange(undefined);
          else if (text !== '' && Number.isFinite(n)) onChange(Math.min(max, Math.max(min, Math.round(n))));
        }}
      />
    </Field>
  );
}

function Group({ title, children, open }: { title: string; children: ComponentChildren; open?: boolean }) {
  return (
    <details class="inspector-group" open={open}>
      <summary>{title}</summary>
      {children}
    </details>
  );
}

/** Filters of a board, a tab or a widget; what is not set is as around. */
function FiltersEditor({ board, tab, value, onChange, outermost, grain }: { board: Board; tab: Tab; value: Filters; onChange: (f: Filters) => void; outermost?: boolean; grain?: boolean }) {
  const [open, setOpen] = useState<string | null>(null);
  const set = (change: Partial<Filters>) => {
    const next = { ...value, ...change };
    for (const k of Object.keys(next) as (keyof Filters)[]) if (next[k] === undefined) delete next[k];
    onChange(next);
  };
  const around = outermost ? t('auto') : t('asAround');
  return (
    <div class="inspector-filters">
      <PeriodPick value={value.period} onChoose={(period) => set({ period })} none={around} />
      <ComparePick value={value.compare} onChoose={(compare) => set({ compare })} none={around} />
      {grain && (
        <label class="pick">
          <span>{t('grain')}</span>
          <select value={value.grain ?? ''} onChange={(e) => set({ grain: (e.currentTarget.value || undefined) as 'day' })}>
            <option value="">{t('auto')}</option>
            {(['hour', 'day', 'week', 'month'] as const).map((g) => (
              <option key={g} value={g}>
                {t(`grain_${g}`)}
              </option>
            ))}
          </select>
        </label>
      )}
      {(value.where ?? []).map((w) => (
        <span class="chip" key={w.dimension}>
          <button type="button" onClick={() => setOpen(w.dimension)}>
            {whereText(w)}
          </button>
          <button type="button" class="chip-x" aria-label={t('removeFilter', { filter: whereText(w) })} onClick={() => onChange(without(value, w.dimension))}>
            <Sign of="close" />
          </button>
        </span>
      ))}
      <button type="button" class="button" onClick={() => setOpen('')}>
        <Sign of="plus" /> {t('filter')}
      </button>
      {open !== null && (
        <WhereDialog
          board={board}
          tab={tab}
          all={value}
          dimension={open}
          onClose={() => setOpen(null)}
          onChoose={(w) => {
            onChange(withWhere(value, w.dimension, w.in, w.not));
            setOpen(null);
          }}
        />
      )}
    </div>
  );
}

export function ManyInspector({ n }: { n: number }) {
  return (
    <>
      <h3>{t('selected', { n })}</h3>
      <Both />
    </>
  );
}

function Both() {
  return (
    <p class="inspector-tools">
      <button type="button" class="button" onClick={duplicateSelected}>
        {t('duplicate')}
      </button>
      <button type="button" class="button" onClick={removeSelected}>
        {t('delete')}
      </button>
    </p>
  );
}

export function WidgetInspector({ board, tab, widget: w }: { board: Board; tab: Tab; widget: Widget }) {
  const r = rules[w.kind];
  const change = (next: Partial<Widget>, key = '') => changeWidget(w.id, (o) => ({ ...o, ...next }), key);
  const show = (next: Partial<Show>) => {
    const all = { ...w.show, ...next };
    for (const k of Object.keys(all) as (keyof Show)[]) if (all[k] === undefined || all[k] === false) delete all[k];
    change({ show: all });
  };
  const place = (next: Partial<Widget['place']>) => changeTab((o) => ({ ...o, widgets: settle(o.widgets.map((x) => (x.id === w.id ? { ...x, place: fit({ ...x.place, ...next }, x.kind) } : x)), [w.id]) }));
  const fault = faults.value[w.id];
  const axis = ['line', 'area', 'bar', 'stacked'].includes(w.kind);
  return (
    <>
      <h3>{t(`kind_${w.kind}`)}</h3>
      {w.kind !== 'text' &&
        (fault ? (
          <p class="widget-problem" role="alert" data-fault={fault.code}>
            {fault.message}
          </p>
        ) : (
          <p class="inspector-fine">✓ {t('works')}</p>
        ))}
      <Group title={t('title')} open>
        <Texts value={w.title} max={60} hint={t('titleHint')} onChange={(title) => change({ title }, 'title')} />
        <Field label={t('kind')}>
          <select data-pick="kind" value={w.kind} onChange={(e) => changeWidget(w.id, (o) => turnInto(o, e.currentTarget.value as Kind, names.value))}>
            {(Object.keys(rules) as Kind[]).map((k) => (
              <option key={k} value={k}>
                {t(`kind_${k}`)}
              </option>
            ))}
          </select>
        </Field>
      </Group>
      {w.kind === 'text' && (
        <Group title={t('prose')} open>
          <Field label="中文" hint={t('proseHint')}>
            <textarea lang="zh-CN" rows={7} maxLength={6000} value={w.prose.zh} onInput={(e) => change({ prose: { ...w.prose, zh: e.currentTarget.value } }, 'prose')} />
          </Field>
          <Field label="English">
            <textarea lang="en" rows={7} maxLength={6000} value={w.prose.en} onInput={(e) => change({ prose: { ...w.prose, en: e.currentTarget.value } }, 'prose')} />
          </Field>
        </Group>
      )}
      {r.most > 0 && (
        <Group title={t('figures')} open>
          <Figures w={w} />
        </Group>
      )}
      {r.upTo > 0 && (
        <Group title={t('by')} open>
          <Dimensions w={w} />
          <NumberField label={t('top')} value={w.ask.top} min={1} max={200} empty hint={t('topHint')} onChange={(top) => changeWidget(w.id, (o) => ({ ...o, ask: drop({ ...o.ask, top }) }))} />
          {w.kind === 'table' && (
            <label class="check">
              <input type="checkbox" checked={w.ask.totals ?? false} onChange={(e) => changeWidget(w.id, (o) => ({ ...o, ask: drop({ ...o.ask, totals: e.currentTarget.checked || undefined }) }))} />
              {t('totals')}
            </label>
          )}
        </Group>
      )}
      {w.kind !== 'text' && (
        <Group title={t('ownFilters')}>
          <label class="check">
            <input type="checkbox" checked={w.alone ?? false} onChange={(e) => changeWidget(w.id, (o) => drop({ ...o, alone: e.currentTarget.checked || undefined }))} />
            {t('alone')}
          </label>
          <FiltersEditor board={board} tab={tab} value={w.filters} grain={r.time} onChange={(filters) => change({ filters })} />
        </Group>
      )}
      {w.kind !== 'text' && (
        <Group title={t('show')}>
          {w.kind === 'epg' && (
            <>
              <Field label={t('page')}>
                <input value={w.show.page ?? ''} maxLength={128} onInput={(e) => change({ show: { ...w.show, page: e.currentTarget.value } }, 'page')} />
              </Field>
              <PictureField widget={w} filters={w.alone ? {} : under(board.filters, tab.filters)} change={(to) => change({ show: to })} />
            </>
          )}
          {axis && (
            <label class="check">
              <input type="checkbox" checked={w.show.labels ?? false} onChange={(e) => show({ labels: e.currentTarget.checked })} />
              {t('labels')}
            </label>
          )}
          {(w.kind === 'area' || w.kind === 'stacked') && (
            <label class="check">
              <input type="checkbox" checked={w.show.percent ?? false} onChange={(e) => show({ percent: e.currentTarget.checked })} />
              {t('percent')}
            </label>
          )}
          {(axis || w.kind === 'pie' || w.kind === 'minute') && (
            <Field label={t('legend')}>
              <select value={w.show.legend ?? ''} onChange={(e) => show({ legend: (e.currentTarget.value || undefined) as 'top' })}>
                <option value="">{t('legendAuto')}</option>
                <option value="none">{t('legendNone')}</option>
                <option value="top">{t('legendTop')}</option>
                <option value="right">{t('legendRight')}</option>
              </select>
            </Field>
          )}
          {(axis || ['ranking', 'minute', 'pie', 'scatter'].includes(w.kind)) && (
            <Field label={t('colour')}>
              <select value={w.show.colour ?? ''} onChange={(e) => show({ colour: e.currentTarget.value || undefined })}>
                <option value="">{t('colourAuto')}</option>
                {colours.map((c) => (
                  <option key={c} value={c}>
                    {t(`colour_${c}`)}
                  </option>
                ))}
              </select>
            </Field>
          )}
          <NumberField label={t('decimals')} value={w.show.decimals} min={0} max={6} empty hint={t('topHint')} onChange={(decimals) => show({ decimals })} />
          {(axis || w.kind === 'figure' || w.kind === 'ticker') && (
            <>
              <Field label={t('aim')}>
                <input
                  type="number"
                  step="any"
                  value={w.show.aim?.value ?? ''}
                  onChange={(e) => show({ aim: e.currentTarget.value === '' ? undefined : { ...w.show.aim, value: Number(e.currentTarget.value) } })}
                />
              </Field>
              {w.show.aim && (
                <label class="check">
                  <input type="checkbox" checked={w.show.aim.below ?? false} onChange={(e) => show({ aim: { value: w.show.aim!.value, ...(e.currentTarget.checked ? { below: true } : {}) } })} />
                  {t('aimBelow')}
                </label>
              )}
            </>
          )}
        </Group>
      )}
      <Group title={t('place')}>
        <div class="inspector-row">
          <NumberField label={t('column')} value={w.place.x + 1} min={1} max={24} onChange={(n) => place({ x: (n ?? 1) - 1 })} />
          <NumberField label={t('row')} value={w.place.y + 1} min={1} max={900} onChange={(n) => place({ y: (n ?? 1) - 1 })} />
          <NumberField label={t('width')} value={w.place.w} min={r.w} max={24} onChange={(n) => place({ w: n ?? r.w })} />
          <NumberField label={t('height')} value={w.place.h} min={r.h} max={100} onChange={(n) => place({ h: n ?? r.h })} />
        </div>
        <NumberField label={t('phoneTurn')} value={w.phone ?? 0} min={0} max={200} hint={t('phoneHint')} onChange={(n) => changeWidget(w.id, (o) => drop({ ...o, phone: n || undefined }))} />
      </Group>
      <Both />
    </>
  );
}

/** Without fields that are undefined. */
function drop<T extends object>(o: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as T;
}

function Figures({ w }: { w: Widget }) {
  const l = lang.value;
  const r = rules[w.kind];
  const [adding, setAdding] = useState(false);
  const [search, setSearch] = useState('');
  const figures = w.ask.figures ?? [];
  const set = (to: Figure[], key = '') => changeWidget(w.id, (o) => ({ ...o, ask: { ...o.ask, figures: to } }), key);
  const axis = ['line', 'area', 'bar', 'stacked'].includes(w.kind);
  const wanted = search.trim().toLowerCase();
  const known = names.value?.indicators ?? [];
  const shown = [...known.filter((i) => i.source), ...known.filter((i) => !i.source)]
    .filter((i) => !figures.some((f) => f.indicator === i.id) && r.always.every((d) => i.dimensions.includes(d)))
    .filter((i) => !wanted || `${i.id} ${i.title.zh} ${i.title.en} ${i.formula.zh} ${i.formula.en}`.toLowerCase().includes(wanted))
    .slice(0, 60);
  // those of own data sources stand under their own heading
  const groups = [
    { title: t('ownSources'), all: shown.filter((i) => i.source) },
    { title: t('ownFigures'), all: shown.filter((i) => !i.source).slice(0, 40) },
  ].filter((g) => g.all.length > 0);
  return (
    <>
      <ol class="inspector-figures">
        {figures.map((f, n) => {
          const title = f.formula === undefined ? indicator(f.indicator ?? '').title : t('formula');
          return (
            <li key={n}>
              <span class="inspector-figure">
                <strong>{title}</strong>
                {n > 0 && (
                  <button type="button" class="icon-button" aria-label={t('upFigure', { title })} onClick={() => set(figures.map((o, i) => (i === n - 1 ? f : i === n ? figures[n - 1]! : o)))}>
                    ↑
                  </button>
                )}
                {figures.length > r.least && (
                  <button type="button" class="icon-button" aria-label={t('removeFigure', { title })} onClick={() => set(figures.filter((_, i) => i !== n))}>
                    <Sign of="close" />
                  </button>
                )}
              </span>
              {f.formula !== undefined && (
                <>
                  <Field label={t('formula')} hint={t('formulaHint')}>
                    <textarea
                      rows={2}
                      maxLength={500}
                      spellcheck={false}
                      data-formula={n}
                      value={f.formula}
                      onInput={(e) => set(figures.map((o, i) => (i === n ? { ...o, formula: e.currentTarget.value } : o)), `formula ${n}`)}
                    />
                  </Field>
                  <Texts value={f.title} max={60} onChange={(to) => set(figures.map((o, i) => (i === n ? { ...o, title: to } : o)), `formula title ${n}`)} />
                </>
              )}
              {axis && figures.length > 1 && (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={w.show.right?.includes(n) ?? false}
                    onChange={(e) => {
                      const right = (w.show.right ?? []).filter((i) => i !== n).concat(e.currentTarget.checked ? [n] : []);
                      changeWidget(w.id, (o) => ({ ...o, show: drop({ ...o.show, right: right.length > 0 ? right : undefined }) }));
                    }}
                  />
                  {t('rightAxis')}
                </label>
              )}
            </li>
          );
        })}
      </ol>
      {figures.length < r.most && (
        <p class="inspector-tools">
          <button type="button" class="button" data-do="add-figure" aria-expanded={adding} onClick={() => setAdding(!adding)}>
            <Sign of="plus" /> {t('addFigure')}
          </button>
          {r.formulas && (
            <button type="button" class="button" data-do="add-formula" onClick={() => set([...figures, { formula: 'percent(orders / clicks)', title: { zh: '公式', en: 'Formula' } }])}>
              <Sign of="plus" /> {t('addFormula')}
            </button>
          )}
        </p>
      )}
      {adding && figures.length < r.most && (
        <div class="figure-search">
          <Field label={t('searchFigure')}>
            <input type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
          </Field>
          {groups.map((g) => (
            <section key={g.title} aria-label={g.title}>
              {groups.length > 1 && <h4>{g.title}</h4>}
              <ul>
            {g.all.map((i) => (
              <li key={i.id}>
                <button
                  type="button"
                  data-indicator={i.id}
                  title={i.formula[l]}
                  onClick={() => {
                    set([...figures, { indicator: i.id, title: { zh: '', en: '' } }]);
                    setAdding(false);
                    setSearch('');
                  }}
                >
                  <span>{i.title[l]}</span> <code>{i.id}</code>
                </button>
              </li>
            ))}
          </ul>
            </section>
          ))}
        </div>
      )}
    </>
  );
}

function Dimensions({ w }: { w: Widget }) {
  const l = lang.value;
  const r = rules[w.kind];
  const by = w.ask.by ?? [];
  const fitting = dimensionsFor(w, names.value).filter((d) => !r.always.includes(d));
  const set = (to: string[]) => changeWidget(w.id, (o) => ({ ...o, ask: drop({ ...o.ask, by: to.length > 0 ? to : undefined }) }));
  const slots = by.length < r.upTo ? [...by, ''] : by;
  return (
    <>
      {slots.map((d, n) => (
        <Field key={n} label={n === 0 ? t('by') : t('addBy')}>
          <select
            data-pick={`by${n}`}
            value={d}
            onChange={(e) => {
              const to = e.currentTarget.value;
              set(to ? [...by.slice(0, n), to, ...by.slice(n + 1)] : by.filter((_, i) => i !== n));
            }}
          >
            {(n >= r.by || d === '') && <option value="">{t('byNone')}</option>}
            {[...new Set([...(d ? [d] : []), ...fitting])]
              .filter((o) => o === d || !by.includes(o))
              .map((o) => (
                <option key={o} value={o}>
                  {dimensionTitle(o, l)}
                </option>
              ))}
          </select>
        </Field>
      ))}
    </>
  );
}

export function BoardInspector({ board: b, tab }: { board: Board; tab: Tab }) {
  const l = lang.value;
  const set = (next: Partial<Board>, key = '') => change((o) => drop<Board>({ ...o, ...next }), key);
  const marks = b.marks ?? [];
  const mark = (n: number, next: Partial<NonNullable<Board['marks']>[number]>, key = '') => set({ marks: marks.map((m, i) => (i === n ? drop({ ...m, ...next }) : m)) }, key);
  return (
    <>
      <h3>{t('tab')}</h3>
      <Group title={t('tabTitle')} open>
        <Texts value={tab.title} max={60} onChange={(title) => changeTab((o) => ({ ...o, title }), 'tab title')} />
      </Group>
      <Group title={t('tabFilters')}>
        <FiltersEditor board={b} tab={tab} value={tab.filters ?? {}} onChange={(filters) => changeTab((o) => drop<Tab>({ ...o, filters: Object.keys(filters).length > 0 ? filters : undefined }))} />
      </Group>
      <h3>{t('boardSettings')}</h3>
      <Group title={t('boardTitle')} open>
        <Texts value={b.title} max={60} onChange={(title) => set({ title }, 'board title')} />
        <Texts label={t('about')} value={b.about} max={500} onChange={(about) => set({ about }, 'board about')} />
      </Group>
      <Group title={t('boardFilters')} open>
        <FiltersEditor board={b} tab={tab} value={b.filters} outermost onChange={(filters) => set({ filters })} />
      </Group>
      <Group title={`${t('marks')} (${marks.length})`}>
        {marks.map((m, n) => (
          <div key={n} class="mark-row">
            <input aria-label={t('markText')} value={m.text[l]} maxLength={60} onInput={(e) => mark(n, { text: { ...m.text, [l]: e.currentTarget.value } }, `mark ${n}`)} />
            <span class="pick">
              <input type="date" aria-label={t('markFrom')} value={m.from} max={m.to} onChange={(e) => e.currentTarget.value && mark(n, { from: e.currentTarget.value })} />
              <input type="date" aria-label={t('markTo')} value={m.to ?? ''} min={m.from} onChange={(e) => mark(n, { to: e.currentTarget.value || undefined } as { to: string })} />
            </span>
            <input
              aria-label={dimensionTitle('province', l)}
              placeholder={`${dimensionTitle('province', l)}: 33, 44`}
              value={(m.provinces ?? []).join(', ')}
              onChange={(e) => {
                const codes = e.currentTarget.value.match(/\d{2}/g);
                mark(n, { provinces: codes ? [...codes] : undefined } as { provinces: string[] });
              }}
            />
            <button type="button" class="icon-button" aria-label={t('removeMark', { text: m.text[l] })} onClick={() => set({ marks: marks.filter((_, i) => i !== n) })}>
              <Sign of="close" />
            </button>
          </div>
        ))}
        <button type="button" class="button" data-do="add-mark" onClick={() => set({ marks: [...marks, { from: today(), text: { zh: '标注', en: 'Mark' } }] })}>
          <Sign of="plus" /> {t('addMark')}
        </button>
      </Group>
      <Group title={`${t('savedViews')} (${b.views?.length ?? 0})`}>
        {(b.views ?? []).map((v) => (
          <p key={v.name} class="mark-row">
            <span>{v.name}</span>
            <button type="button" class="icon-button" aria-label={t('removeView', { name: v.name })} onClick={() => set({ views: b.views!.filter((o) => o !== v) })}>
              <Sign of="close" />
            </button>
          </p>
        ))}
      </Group>
      <Group title={t('rotate')}>
        <NumberField label={t('rotate')} value={b.rotate_seconds} min={5} max={3600} empty onChange={(n) => change((o) => drop<Board>({ ...o, rotate_seconds: n }))} />
      </Group>
    </>
  );
}

