// Boards as the server has them (aggregator/board), and what the page does with them
// by itself. No I/O.

import type { Answer, Catalogue, Grain, Lang, Query, Text } from '../api';

export type Kind =
  | 'figure' | 'line' | 'area' | 'bar' | 'stacked' | 'pie' | 'ranking' | 'table' | 'heat' | 'funnel'
  | 'path' | 'cohort' | 'minute' | 'tiles' | 'map' | 'scatter' | 'ticker' | 'text' | 'epg';

export interface Period {
  last?: number;
  unit?: 'day' | 'week' | 'month' | 'quarter' | 'year';
  open?: boolean;
  from?: string;
  to?: string;
}

export interface Comparison {
  with: '' | 'previous' | 'year' | 'month';
  align?: '' | 'weekday' | 'holiday';
  like_for_like?: boolean;
}

export interface Where {
  dimension: string;
  in: string[];
  not?: boolean;
}

export interface Filters {
  period?: Period;
  compare?: Comparison;
  where?: Where[];
  grain?: Grain;
  edit?: string;
}

export interface Figure {
  indicator?: string;
  formula?: string;
  title: Text;
}

export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Show {
  labels?: boolean;
  legend?: '' | 'none' | 'top' | 'right';
  percent?: boolean;
  right?: number[];
  aim?: { value: number; below?: boolean };
  colour?: string;
  page?: string;
  decimals?: number;
  /** Of a page: its picture, and where slots lie on it. */
  picture?: string;
  slots?: SlotArea[];
}

/** Where a slot lies on a page's picture, in thousandths of it. */
export interface SlotArea {
  area: string;
  slot: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Ask {
  figures?: Figure[];
  by?: string[];
  top?: number;
  order?: string;
  totals?: boolean;
}

export interface Widget {
  id: string;
  kind: Kind;
  title: Text;
  place: Place;
  phone?: number;
  alone?: boolean;
  filters: Filters;
  ask: Ask;
  show: Show;
  prose: Text;
}

export interface Tab {
  id: string;
  title: Text;
  filters?: Filters;
  widgets: Widget[];
}

export interface Mark {
  from: string;
  to?: string;
  text: Text;
  provinces?: string[];
}

export interface Board {
  schema: number;
  title: Text;
  about: Text;
  filters: Filters;
  views?: { name: string; filters: Filters }[];
  tabs: Tab[];
  marks?: Mark[];
  rotate_seconds?: number;
}

export interface BoardInfo {
  id: string;
  owner: string;
  revision: number;
  title: Text;
  changed: string;
  by: string;
  mine: boolean;
  owns: boolean;
  edits: boolean;
  deleted?: boolean;
}

export interface WidgetPart {
  part: 'main' | 'trend' | 'programmes';
  request: Query;
  answer: Answer;
}

export interface WidgetAnswer {
  parts: WidgetPart[];
  ignored?: string[];
  /** Figures have moved since; the present ones are to be asked for. */
  old?: boolean;
}

/** What a kind can show, as aggregator/board/kind.go has it; the server checks. */
export interface Rule {
  least: number;
  most: number;
  by: number;
  upTo: number;
  always: string[];
  time: boolean;
  w: number;
  h: number;
  formulas: boolean;
  /** Its size when it is new. */
  size: [number, number];
}

const rule = (r: Partial<Rule>): Rule => ({ least: 1, most: 1, by: 0, upTo: 0, always: [], time: false, w: 4, h: 3, formulas: true, size: [8, 6], ...r });

export const rules: Record<Kind, Rule> = {
  figure: rule({ most: 4, w: 3, h: 2, size: [6, 3] }),
  line: rule({ most: 8, upTo: 1, time: true, size: [12, 6] }),
  area: rule({ most: 8, upTo: 1, time: true, size: [12, 6] }),
  bar: rule({ most: 8, upTo: 1, time: true, size: [12, 6] }),
  stacked: rule({ most: 8, upTo: 1, time: true, size: [12, 6] }),
  pie: rule({ by: 1, upTo: 1 }),
  ranking: rule({ most: 3, by: 1, upTo: 1, size: [8, 8] }),
  table: rule({ most: 12, upTo: 4, size: [12, 7] }),
  heat: rule({ always: ['weekday', 'hour_of_day'], w: 6, h: 4, size: [12, 6] }),
  funnel: rule({ least: 2, most: 6 }),
  path: rule({ always: ['from_page', 'page'], w: 6, h: 4, size: [12, 8], formulas: false }),
  cohort: rule({ always: ['cohort', 'age_months'], w: 6, h: 4, size: [12, 8], formulas: false }),
  minute: rule({ most: 2, upTo: 1, always: ['minute'], w: 8, h: 4, size: [16, 7], formulas: false }),
  tiles: rule({ most: 2, always: ['province'], w: 6, h: 5, size: [9, 9] }),
  map: rule({ most: 2, always: ['province'], w: 6, h: 5, size: [9, 9] }),
  scatter: rule({ least: 2, most: 3, by: 1, upTo: 1, w: 5, h: 4, size: [10, 7] }),
  ticker: rule({ most: 4, h: 2, size: [6, 3] }),
  text: rule({ least: 0, most: 0, w: 2, h: 1, size: [8, 3] }),
  epg: rule({ most: 3, always: ['area', 'slot'], w: 6, h: 5, size: [14, 9] }),
};

export const columns = 24;

/** The text in the reader's language; the other one where it has none. */
export function say(t: Text | undefined, lang: Lang): string {
  if (!t) return '';
  return t[lang] || t[lang === 'zh' ? 'en' : 'zh'];
}

/** A text changed in the reader's language. */
export function write(t: Text, lang: Lang, to: string): Text {
  return { ...t, [lang]: to };
}

/** Inner filters within outer ones, as the server lays them (board.Under). */
export function under(outer: Filters, inner: Filters | undefined): Filters {
  if (!inner) return outer;
  const out: Filters = { ...outer };
  if (inner.period) out.period = inner.period;
  if (inner.compare) out.compare = inner.compare;
  if (inner.grain) out.grain = inner.grain;
  if (inner.edit) out.edit = inner.edit;
  const where = [...(inner.where ?? [])];
  for (const w of outer.where ?? []) if (!where.some((o) => o.dimension === w.dimension)) where.push(w);
  if (where.length > 0) out.where = where;
  else delete out.where;
  return out;
}

/** The filters without those of one dimension. */
export function without(f: Filters, dimension: string): Filters {
  const where = (f.where ?? []).filter((w) => w.dimension !== dimension);
  const { where: _, ...rest } = f;
  return where.length > 0 ? { ...rest, where } : rest;
}

/** The filters with a dimension held to these values; none: without. */
export function withWhere(f: Filters, dimension: string, values: string[], not = false): Filters {
  const rest = without(f, dimension);
  if (values.length === 0) return rest;
  return { ...rest, where: [...(rest.where ?? []), { dimension, in: values, ...(not ? { not } : {}) }] };
}

/** The widget as it is seen within filters: one province chosen opens into its cities. */
export function drilled(w: Widget, f: Filters, catalogue: Catalogue | null): { widget: Widget; drilled: boolean } {
  const chosen = f.where?.find((o) => o.dimension === 'province' && !o.not);
  if (w.alone || chosen?.in.length !== 1) return { widget: w, drilled: false };
  const known = (w.ask.figures ?? []).every((g) =>
    indicatorsOf(g).every((id) => catalogue?.indicators.find((i) => i.id === id)?.dimensions.includes('city')),
  );
  if (!known) return { widget: w, drilled: false };
  if (w.kind === 'tiles' || w.kind === 'map') {
    return { widget: { ...w, kind: 'ranking', ask: { ...w.ask, by: ['city'], top: 40 } }, drilled: true };
  }
  if (!w.ask.by?.includes('province') || w.ask.by.includes('city')) return { widget: w, drilled: false };
  return { widget: { ...w, ask: { ...w.ask, by: w.ask.by.map((d) => (d === 'province' ? 'city' : d)) } }, drilled: true };
}

const functions = new Set(['abs', 'min', 'max', 'percent']);

/** The indicators that a figure needs. */
export function indicatorsOf(f: Figure): string[] {
  if (!f.formula) return f.indicator ? [f.indicator] : [];
  return [...new Set(f.formula.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? [])].filter((w) => !functions.has(w));
}

/** The dimensions that all figures of a widget know, as far as the catalogue tells. */
export function dimensionsFor(w: Widget, catalogue: Catalogue | null): string[] {
  const all = (catalogue?.dimensions ?? []).filter((d) => !d.filters_only).map((d) => d.id);
  const needed = (w.ask.figures ?? []).flatMap(indicatorsOf);
  return all.filter((d) => needed.every((id) => catalogue?.indicators.find((i) => i.id === id)?.dimensions.includes(d)));
}

/** Whether two places share a cell. */
export function overlaps(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Widgets of which none lies on another: those under the kept ones are pushed down. */
export function settle(widgets: Widget[], kept: readonly string[]): Widget[] {
  const first = (w: Widget) => (kept.includes(w.id) ? 0 : 1);
  const order = [...widgets].sort((a, b) => first(a) - first(b) || a.place.y - b.place.y || a.place.x - b.place.x);
  const placed: Widget[] = [];
  for (const w of order) {
    let place = w.place;
    for (let hit; (hit = placed.find((o) => overlaps(o.place, place))); ) place = { ...place, y: hit.place.y + hit.place.h };
    placed.push(place === w.place ? w : { ...w, place });
  }
  return widgets.map((w) => placed.find((p) => p.id === w.id)!);
}

/** A place within the grid and not below what a kind needs. */
export function fit(p: Place, kind: Kind): Place {
  const r = rules[kind];
  const w = Math.min(columns, Math.max(r.w, p.w));
  const h = Math.min(200, Math.max(r.h, p.h));
  return { w, h, x: Math.min(columns - w, Math.max(0, p.x)), y: Math.min(900, Math.max(0, p.y)) };
}

/** The first free place for a size, from the top. */
export function freePlace(widgets: Widget[], w: number, h: number): Place {
  const bottom = Math.max(0, ...widgets.map((o) => o.place.y + o.place.h));
  for (let y = 0; y <= bottom; y++) {
    for (let x = 0; x + w <= columns; x++) {
      const place = { x, y, w, h };
      if (!widgets.some((o) => overlaps(o.place, place))) return place;
    }
  }
  return { x: 0, y: bottom, w, h };
}

/** An id that no tab and widget of the board has. */
export function freshID(board: Board, prefix: string): string {
  const taken = new Set(board.tabs.flatMap((t) => [t.id, ...t.widgets.map((w) => w.id)]));
  for (let n = 1; ; n++) if (!taken.has(`${prefix}${n}`)) return `${prefix}${n}`;
}

// what a new widget shows, until its maker says
const starts: Partial<Record<Kind, Ask>> = {
  pie: { figures: [ask('viewing_minutes')], by: ['mode'] },
  ranking: { figures: [ask('viewing_minutes')], by: ['province'] },
  table: { figures: [ask('plays'), ask('viewing_minutes')], by: ['province'] },
  heat: { figures: [ask('plays')] },
  funnel: { figures: [ask('clicks'), ask('order_pages'), ask('orders')] },
  path: { figures: [ask('page_steps')] },
  cohort: { figures: [ask('cohort_retention')] },
  minute: { figures: [ask('minute_ama')] },
  scatter: { figures: [ask('clicks'), ask('viewing_minutes')], by: ['province'] },
  stacked: { figures: [ask('viewing_minutes')], by: ['mode'] },
  area: { figures: [ask('viewing_minutes')], by: ['mode'] },
  text: {},
  epg: { figures: [ask('clicks'), ask('ctr')] },
};

function ask(indicator: string): Figure {
  return { indicator, title: { zh: '', en: '' } };
}

/** A new widget of a kind, at a place. */
export function newWidget(board: Board, kind: Kind, place: Place): Widget {
  const start = starts[kind] ?? { figures: [ask('plays')] };
  return {
    id: freshID(board, kind),
    kind,
    title: { zh: '', en: '' },
    place: fit(place, kind),
    // months of opening cannot be told apart in a month
    filters: kind === 'cohort' ? { period: { last: 12, unit: 'month' } } : {},
    ask: structuredClone(start),
    show: kind === 'epg' ? { page: 'home' } : {},
    prose: kind === 'text' ? { zh: '# 标题\n\n文字，**重点**。', en: '# Heading\n\nText, **bold**.' } : { zh: '', en: '' },
  };
}

/** Copies of widgets, below what they are copies of. */
export function duplicate(board: Board, tab: Tab, ids: readonly string[]): { widgets: Widget[]; made: string[] } {
  const made: string[] = [];
  let all = tab.widgets;
  for (const w of tab.widgets.filter((o) => ids.includes(o.id))) {
    const id = freshID({ ...board, tabs: [...board.tabs.filter((t) => t.id !== tab.id), { ...tab, widgets: all }] }, w.kind);
    const copy = { ...structuredClone(w), id, place: { ...w.place, y: w.place.y + w.place.h } };
    made.push(id);
    all = settle([...all, copy], [id, ...made]);
  }
  return { widgets: all, made };
}

/** The order of the one column of a phone. */
export function phoneOrder(widgets: readonly Widget[]): Widget[] {
  return [...widgets].sort((a, b) => (a.phone ?? 0) - (b.phone ?? 0) || a.place.y - b.place.y || a.place.x - b.place.x);
}

/** A mark's days if the filters' provinces are its own. */
export function marksFor(marks: readonly Mark[] | undefined, f: Filters): Mark[] {
  const chosen = f.where?.find((w) => w.dimension === 'province' && !w.not)?.in;
  return (marks ?? []).filter((m) => !m.provinces?.length || !chosen || m.provinces.some((p) => chosen.includes(p)));
}

/** Where the reader is among the boards. */
export interface At {
  /** '': the list. */
  id: string;
  tab: string;
  filters: Filters;
  revision: number;
}

/** /<id>/<tab>/<filters>, all optional; what cannot be read is left out. */
export function parseAt(rest: string): At {
  const [, id = '', tab = '', text = ''] = rest.split('/');
  let filters: Filters = {};
  try {
    const read: unknown = text ? JSON.parse(decodeURIComponent(text)) : {};
    if (read && typeof read === 'object' && !Array.isArray(read)) filters = read as Filters;
  } catch {
    // an address cut by a mail program: the board without the reader's filters
  }
  const [board = '', revision = ''] = id.split('@');
  return { id: board, tab, filters, revision: Number(revision) || 0 };
}

export function formatAt(at: At): string {
  if (!at.id) return '';
  const id = at.revision ? `${at.id}@${at.revision}` : at.id;
  const filters = Object.keys(at.filters).length > 0 ? encodeURIComponent(JSON.stringify(at.filters)) : '';
  return `/${[id, at.tab, filters].join('/').replace(/\/+$/, '')}`;
}

/** How their board differs from mine, in titles of widgets and tabs. */
export function differences(mine: Board, theirs: Board, lang: Lang, name: (w: Widget) => string): { added: string[]; gone: string[]; changed: string[] } {
  const all = (b: Board) => new Map(b.tabs.flatMap((o) => [[o.id, { title: say(o.title, lang), text: JSON.stringify([o.title, o.filters]) }] as const, ...o.widgets.map((w) => [w.id, { title: name(w), text: JSON.stringify([o.id, w]) }] as const)]));
  const [a, b] = [all(mine), all(theirs)];
  return {
    added: [...b].filter(([id]) => !a.has(id)).map(([, o]) => o.title),
    gone: [...a].filter(([id]) => !b.has(id)).map(([, o]) => o.title),
    changed: [...a].filter(([id, o]) => b.has(id) && b.get(id)!.text !== o.text).map(([, o]) => o.title),
  };
}

/** The widget as another kind, with as much of what it shows as that kind can. */
export function turnInto(w: Widget, kind: Kind, catalogue: Catalogue | null): Widget {
  const r = rules[kind];
  const fresh = newWidget({ schema: 1, title: w.title, about: w.title, filters: {}, tabs: [] }, kind, w.place);
  let figures = (w.ask.figures ?? []).filter((f) => r.formulas || !f.formula).slice(0, r.most);
  for (const f of fresh.ask.figures ?? []) {
    if (figures.length < r.least && !figures.some((o) => o.indicator === f.indicator)) figures.push(f);
  }
  const knows = (d: string) => figures.every((f) => indicatorsOf(f).every((id) => catalogue?.indicators.find((i) => i.id === id)?.dimensions.includes(d)));
  // a kind with dimensions of its own shows figures that know them
  if (!r.always.every(knows)) figures = fresh.ask.figures ?? [];
  const by = (w.ask.by ?? []).filter((d) => !r.always.includes(d)).slice(0, r.upTo);
  const ask: Ask = { ...(figures.length > 0 ? { figures } : {}) };
  const chosen = by.length >= r.by ? by : (fresh.ask.by ?? []);
  if (chosen.length > 0) ask.by = chosen;
  if (w.ask.top && r.upTo > 0) ask.top = w.ask.top;
  if (w.ask.totals && kind === 'table') ask.totals = true;
  const { page: _page, picture: _picture, ...show } = w.show;
  return {
    ...w,
    kind,
    ask,
    place: fit(w.place, kind),
    show: kind === 'epg' ? { ...show, page: w.show.page ?? 'home' } : show,
    prose: kind === 'text' ? fresh.prose : { zh: '', en: '' },
  };
}
