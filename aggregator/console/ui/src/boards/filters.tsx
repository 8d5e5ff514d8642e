// The bar above a board: period, comparison, places and other dimensions, saved views.

import { useEffect, useState } from 'preact/hooks';

import { query } from '../api';
import { addDays } from '../calendar';
import { names } from '../live';
import { lang } from '../prefs';
import { placeName } from '../regions';
import { cellName, dimensionTitle, emptyAnswer } from './data';
import { Dialog, Sign } from './dialog';
import { indicatorsOf, withWhere, without, type Board, type Comparison, type Filters, type Period, type Tab, type Where } from './model';
import { today } from './state';
import { t, type BoardWord } from './words';

/** Periods to choose from. */
export const presets: { id: string; word: BoardWord; period: Period }[] = [
  { id: 'today', word: 'today', period: { last: 0, unit: 'day', open: true } },
  { id: 'yesterday', word: 'yesterday', period: { last: 1, unit: 'day' } },
  { id: '7', word: 'last7', period: { last: 7, unit: 'day' } },
  { id: '31', word: 'last31', period: { last: 31, unit: 'day' } },
  { id: 'month', word: 'thisMonth', period: { last: 0, unit: 'month', open: true } },
  { id: 'lastmonth', word: 'lastMonth', period: { last: 1, unit: 'month' } },
  { id: '12', word: 'last12', period: { last: 12, unit: 'month' } },
];

function presetOf(p: Period | undefined): string {
  if (!p) return '31';
  if (p.from) return 'own';
  const same = presets.find((o) => (o.period.last ?? 0) === (p.last ?? 0) && o.period.unit === p.unit && Boolean(o.period.open) === Boolean(p.open));
  return same?.id ?? 'other';
}

/** A period as words. */
export function periodText(p: Period): string {
  if (p.from) return `${p.from} – ${p.to}`;
  const preset = presets.find((o) => o.id === presetOf(p));
  if (preset) return t(preset.word);
  const of = t(`lastOf_${p.unit ?? 'day'}`, { n: p.last ?? 0 });
  return p.open ? `${of} ${t('andOpen')}` : of;
}

/** Choices of a period; also the editor's. none: what "as around" is called, if it may be chosen. */
export function PeriodPick({ value, onChoose, none }: { value: Period | undefined; onChoose: (p: Period | undefined) => void; none?: string }) {
  const chosen = value || !none ? presetOf(value) : '';
  return (
    <>
      <label class="pick">
        <span>{t('period')}</span>
        <select
          data-pick="period"
          value={chosen}
          onChange={(e) => {
            const id = e.currentTarget.value;
            const preset = presets.find((o) => o.id === id);
            if (preset) onChoose(preset.period);
            else if (id === 'own') onChoose({ from: addDays(today(), -7), to: addDays(today(), -1) });
            else if (id === '') onChoose(undefined);
          }}
        >
          {none && <option value="">{none}</option>}
          {presets.map((o) => (
            <option key={o.id} value={o.id}>
              {t(o.word)}
            </option>
          ))}
          {chosen === 'other' && value && <option value="other">{periodText(value)}</option>}
          <option value="own">{t('ownDates')}</option>
        </select>
      </label>
      {value?.from && (
        <span class="pick">
          <input type="date" aria-label={t('from')} value={value.from} max={value.to} onChange={(e) => e.currentTarget.value && onChoose({ from: e.currentTarget.value, to: later(e.currentTarget.value, value.to!) })} />
          –
          <input type="date" aria-label={t('to')} value={value.to} min={value.from} onChange={(e) => e.currentTarget.value && onChoose({ from: earlier(value.from!, e.currentTarget.value), to: e.currentTarget.value })} />
        </span>
      )}
    </>
  );
}

const later = (a: string, b: string) => (a > b ? a : b);
const earlier = (a: string, b: string) => (a < b ? a : b);

export function ComparePick({ value, onChoose, none }: { value: Comparison | undefined; onChoose: (c: Comparison | undefined) => void; none?: string }) {
  const way = value?.with ?? '';
  return (
    <>
      <label class="pick">
        <span>{t('compare')}</span>
        <select
          data-pick="compare"
          value={value || !none ? way || 'no' : ''}
          onChange={(e) => {
            const to = e.currentTarget.value;
            if (to === '') onChoose(undefined);
            else if (to === 'no') onChoose({ with: '' });
            else onChoose({ ...(value ?? {}), with: to as 'year', align: to === 'previous' ? '' : (value?.align ?? '') });
          }}
        >
          {none && <option value="">{none}</option>}
          <option value="no">{t('compareNone')}</option>
          <option value="previous">{t('comparePrevious')}</option>
          <option value="month">{t('compareMonth')}</option>
          <option value="year">{t('compareYear')}</option>
        </select>
      </label>
      {(way === 'month' || way === 'year') && (
        <label class="pick">
          <span>{t('align')}</span>
          <select data-pick="align" value={value?.align ?? ''} onChange={(e) => onChoose({ ...value!, align: e.currentTarget.value as 'weekday' })}>
            <option value="">{t('alignDate')}</option>
            <option value="weekday">{t('alignWeekday')}</option>
            {way === 'year' && <option value="holiday">{t('alignHoliday')}</option>}
          </select>
        </label>
      )}
      {way !== '' && (
        <label class="check">
          <input type="checkbox" checked={value?.like_for_like ?? false} onChange={(e) => onChoose({ ...value!, like_for_like: e.currentTarget.checked })} />
          {t('likeForLike')}
        </label>
      )}
    </>
  );
}

export interface BarProps {
  board: Board;
  tab: Tab;
  /** What holds, the board's own included. */
  all: Filters;
  /** What the reader has turned. */
  reader: Filters;
  onChange: (f: Filters) => void;
  onSaveView?: (() => void) | undefined;
}

export function FilterBar({ board, tab, all, reader, onChange, onSaveView }: BarProps) {
  const [adding, setAdding] = useState<string | null>(null);
  const l = lang.value;
  const set = (change: Partial<Filters>) => {
    const next = { ...reader, ...change };
    for (const k of Object.keys(next) as (keyof Filters)[]) if (next[k] === undefined) delete next[k];
    onChange(next);
  };
  const turned = Object.keys(reader).length > 0;
  const views = board.views ?? [];
  const current = views.find((v) => JSON.stringify(v.filters) === JSON.stringify(reader));
  return (
    <div class="filter-bar" role="group" aria-label={t('filters')}>
      <PeriodPick value={all.period} onChoose={(period) => set({ period })} />
      <ComparePick value={all.compare} onChoose={(compare) => set({ compare })} />
      {(all.where ?? []).map((w) => (
        <Chip key={w.dimension} where={w} own={reader.where?.some((o) => o.dimension === w.dimension) ?? false} onOpen={() => setAdding(w.dimension)} onRemove={() => onChange(without(reader, w.dimension))} />
      ))}
      {!all.where?.some((w) => w.dimension === 'province') && (
        <button type="button" class="button filter-add" data-filter="province" onClick={() => setAdding('province')}>
          {dimensionTitle('province', l)}…
        </button>
      )}
      <button type="button" class="button filter-add" data-filter="" onClick={() => setAdding('')}>
        <Sign of="plus" /> {t('filter')}
      </button>
      {views.length > 0 && (
        <label class="pick">
          <span>{t('view')}</span>
          <select
            data-pick="view"
            value={current?.name ?? ''}
            onChange={(e) => {
              const found = views.find((v) => v.name === e.currentTarget.value);
              onChange(found?.filters ?? {});
            }}
          >
            <option value="">{turned && !current ? t('viewOwn') : t('viewNone')}</option>
            {views.map((v) => (
              <option key={v.name} value={v.name}>
                {v.name}
              </option>
            ))}
          </select>
        </label>
      )}
      {turned && (
        <button type="button" class="button" onClick={() => onChange({})}>
          {t('reset')}
        </button>
      )}
      {turned && onSaveView && !current && (
        <button type="button" class="button" onClick={onSaveView}>
          {t('saveView')}
        </button>
      )}
      {adding !== null && (
        <WhereDialog
          board={board}
          tab={tab}
          all={all}
          dimension={adding}
          onClose={() => setAdding(null)}
          onChoose={(w) => {
            onChange(withWhere(reader, w.dimension, w.in, w.not));
            setAdding(null);
          }}
        />
      )}
    </div>
  );
}

/** A dimension's filter as words. */
export function whereText(w: Where): string {
  const l = lang.value;
  const shown = w.in.slice(0, 3).map((c) => cellName(emptyAnswer, w.dimension, c, l));
  const rest = w.in.length > 3 ? ` +${w.in.length - 3}` : '';
  return `${dimensionTitle(w.dimension, l)}${w.not ? ' ≠ ' : ' = '}${shown.join(', ')}${rest}`;
}

function Chip({ where, own, onOpen, onRemove }: { where: Where; own: boolean; onOpen: () => void; onRemove: () => void }) {
  const text = whereText(where);
  return (
    <span class="chip" data-chip={where.dimension}>
      <button type="button" onClick={onOpen}>
        {text}
      </button>
      {own && (
        <button type="button" class="chip-x" aria-label={t('removeFilter', { filter: text })} title={t('removeFilter', { filter: text })} onClick={onRemove}>
          <Sign of="close" />
        </button>
      )}
    </span>
  );
}

interface WhereProps {
  board: Board;
  tab: Tab;
  all: Filters;
  dimension: string;
  onClose: () => void;
  onChoose: (w: Where) => void;
}

/** Chooses the values of a dimension: those that the board's figures have in its period. */
export function WhereDialog({ board, tab, all, dimension: begin, onClose, onChoose }: WhereProps) {
  const l = lang.value;
  const [dimension, setDimension] = useState(begin);
  const held = all.where?.find((w) => w.dimension === dimension);
  const [chosen, setChosen] = useState<string[]>(held?.in ?? []);
  const [not, setNot] = useState(held?.not ?? false);
  const [search, setSearch] = useState('');
  const [values, setValues] = useState<{ code: string; name: string }[] | null>(null);
  const [problem, setProblem] = useState('');
  const time = new Set(['weekday', 'hour_of_day', 'minute']);

  useEffect(() => {
    const now = all.where?.find((w) => w.dimension === dimension);
    setChosen(now?.in ?? []);
    setNot(now?.not ?? false);
    setValues(null);
    setProblem('');
    if (!dimension) return;
    if (dimension === 'city') {
      const provinces = all.where?.find((w) => w.dimension === 'province' && !w.not)?.in;
      setValues((names.value?.regions ?? []).filter((r) => r.code.length === 4 && (!provinces || provinces.includes(r.code.slice(0, 2)))).map((r) => ({ code: r.code, name: `${placeName(r.code.slice(0, 2))} ${placeName(r.code)}` })));
      return;
    }
    if (dimension === 'hour_of_day') {
      setValues(Array.from({ length: 24 }, (_, h) => ({ code: String(h).padStart(2, '0'), name: `${h}:00` })));
      return;
    }
    const figures = [tab, ...board.tabs].flatMap((o) => o.widgets.flatMap((w) => (w.ask.figures ?? []).flatMap(indicatorsOf)));
    const by = dimension === 'package' ? 'product' : dimension; // a product's contents go by its code
    const knows = (id: string) => names.value?.indicators.find((i) => i.id === id)?.dimensions.includes(by);
    const id = figures.find(knows) ?? names.value?.indicators.find((i) => i.dimensions.includes(by))?.id;
    if (!id) {
      setValues([]);
      return;
    }
    const stop = new AbortController();
    const last = today();
    query({ indicators: [id], dimensions: [by], from: addDays(last, -30), to: last, grain: 'total', ...(time.has(dimension) ? {} : { limit: 300, order: `-${id}` }) }, stop.signal)
      .then((a) => setValues(a.rows.map((r) => ({ code: String(r[1] ?? ''), name: cellName(a, by, r[1] ?? null, l) }))))
      .catch((cause: unknown) => {
        if (!stop.signal.aborted) {
          setValues([]);
          setProblem(cause instanceof Error ? cause.message : String(cause));
        }
      });
    return () => stop.abort();
  }, [dimension]);

  const shown = (values ?? []).filter((v) => !search || `${v.name} ${v.code}`.toLowerCase().includes(search.toLowerCase())).slice(0, 200);
  const extra = chosen.filter((c) => !values?.some((v) => v.code === c)).map((code) => ({ code, name: cellName(emptyAnswer, dimension, code, l) }));
  const toggle = (code: string) => setChosen((c) => (c.includes(code) ? c.filter((o) => o !== code) : [...c, code]));
  return (
    <Dialog title={t('filter')} onClose={onClose}>
      <form
        class="where"
        onSubmit={(e) => {
          e.preventDefault();
          onChoose({ dimension, in: chosen, ...(not ? { not } : {}) });
        }}
      >
        <label class="field">
          <span>{t('dimension')}</span>
          <select data-pick="dimension" value={dimension} onChange={(e) => setDimension(e.currentTarget.value)}>
            <option value="">{t('choose')}</option>
            {(names.value?.dimensions ?? []).map((d) => (
              <option key={d.id} value={d.id}>
                {d.title[l]}
              </option>
            ))}
          </select>
        </label>
        {dimension && (
          <>
            <label class="field">
              <span>{t('search')}</span>
              <input type="search" value={search} onInput={(e) => setSearch(e.currentTarget.value)} />
            </label>
            <fieldset class="where-values">
              <legend class="unseen">{t('values')}</legend>
              {values === null && <p class="quiet">{t('loading')}</p>}
              {problem && <p class="widget-problem">{problem}</p>}
              {[...extra, ...shown].map((v) => (
                <label key={v.code} class="check">
                  <input type="checkbox" value={v.code} checked={chosen.includes(v.code)} onChange={() => toggle(v.code)} />
                  {v.name}
                </label>
              ))}
              {search && !shown.some((v) => v.code === search) && (
                <button type="button" class="button" onClick={() => toggle(search)}>
                  {t('takeText', { text: search })}
                </button>
              )}
            </fieldset>
            <label class="check">
              <input type="checkbox" checked={not} onChange={(e) => setNot(e.currentTarget.checked)} />
              {t('leaveOut')}
            </label>
          </>
        )}
        <div class="dialog-foot">
          <button type="submit" class="button button-main" disabled={!dimension}>
            {t('apply')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
