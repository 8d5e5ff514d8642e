// From a widget's answer to what is drawn: names, series, matrices. No I/O.

import type { Answer, Cell, Lang } from '../api';
import { momentOf } from '../calendar';
import { dayName, exact, figure, missing, signed, type Length } from '../format';
import { indicator, placeName } from '../regions';
import { say, type Figure, type Widget, type WidgetAnswer } from './model';
import { t } from './words';

/** A column of numbers of a widget's figure. */
export interface Shown {
  id: string;
  title: string;
  unit: string;
  formula: string;
  /** Its place in a row, and those of what was before and the change; -1: not asked. */
  at: number;
  before: number;
  change: number;
  decimals: number | undefined;
}

/** The answer to the widget's main question, cut for drawing. */
export interface Data {
  answer: Answer;
  figures: Shown[];
  dims: { id: string; at: number }[];
  rows: Cell[][];
  others: Cell[][];
  totals: Cell[][];
  timed: boolean;
  periods: string[];
}

/** The title of a figure. */
export function titleOf(f: Figure, lang: Lang): string {
  return say(f.title, lang) || (f.formula ? f.formula : indicator(f.indicator ?? '').title);
}

export function dataOf(widget: Widget, got: WidgetAnswer, part: 'main' | 'trend', lang: Lang): Data | null {
  const found = got.parts.find((p) => p.part === part);
  if (!found) return null;
  const { answer, request } = found;
  const index = new Map(answer.columns.map((c, i) => [c.id, i]));
  const at = (id: string) => index.get(id) ?? -1;
  // like for like the change is of what has data in both times
  const best = (id: string, like: string, plain: string) => (at(`${id}:${like}`) >= 0 ? at(`${id}:${like}`) : at(`${id}:${plain}`));
  const figures = (widget.ask.figures ?? []).map((f, n): Shown => {
    const id = f.formula ? `formula${n + 1}` : (f.indicator ?? '');
    return {
      id,
      title: titleOf(f, lang),
      unit: answer.columns[at(id)]?.unit ?? 'count',
      formula: f.formula ?? indicator(id).formula,
      at: at(id),
      before: at(`${id}:compare`),
      change: best(id, 'like_change', 'change'),
      decimals: widget.show.decimals,
    };
  });
  const dims = answer.columns.flatMap((c, i) => (c.type === 'dimension' ? [{ id: c.id, at: i }] : []));
  // others and totals have no cells of dimensions
  const whole = (rows: Cell[][] | undefined) => (rows ?? []).map((r) => [r[0] ?? null, ...dims.map(() => null), ...r.slice(1)]);
  // hours of today that have not begun are no zeros
  const begun = (r: Cell[]) => !answer.as_of || !/T\d{2}$/.test(String(r[0])) || String(r[0]) <= hourOf(answer.as_of);
  const rows = (answer.rows ?? []).filter(begun);
  const others = whole(answer.others).filter(begun);
  const periods = [...new Set([...rows, ...others].map((r) => String(r[0])))].sort();
  const timed = request.grain !== undefined && request.grain !== 'total';
  return { answer, figures, dims, rows, others, totals: whole(answer.totals), timed, periods };
}

/** The hour of a moment, as periods are called. */
function hourOf(asOf: string): string {
  const m = momentOf(asOf);
  return m ? `${m.day}T${String(m.hour).padStart(2, '0')}` : '~';
}

export function num(row: Cell[] | undefined, at: number): number | null {
  const v = row?.[at];
  return typeof v === 'number' ? v : null;
}

/** A value of a figure, as it is written. What is by something is written as what it is of. */
export function written(value: number | null, f: { unit: string; decimals?: number | undefined }, lang: Lang, length: Length = 'short'): string {
  if (value === null) return missing;
  const unit = f.unit.split('/')[0] ?? f.unit;
  // ticks of a short axis must differ
  if (length === 'axis' && unit === 'percent' && Math.abs(value) < 10 && !Number.isInteger(value)) return `${exact(value, lang, 2)}%`;
  if (f.decimals !== undefined && length !== 'axis') {
    if (unit === 'fen') return `¥${exact(value / 100, lang, f.decimals)}`;
    return exact(value, lang, f.decimals) + (unit === 'percent' ? '%' : '');
  }
  if (length === 'full' && (f.unit.includes('/') || !Number.isInteger(value)) && unit !== 'fen' && unit !== 'percent') return exact(value, lang, 3);
  return figure(value, unit, lang, length);
}

/** A change with its sign. */
export function changeText(percent: number | null, lang: Lang): string {
  return percent === null ? missing : `${signed(percent, lang)}%`;
}

/** An answer without labels: for codes that are named without one. */
export const emptyAnswer: Answer = { columns: [], rows: [], as_of: null, rule_version: '', completeness: null };

/** What a cell of a dimension is called. */
export function cellName(answer: Answer, dimension: string, code: Cell, lang: Lang): string {
  const text = code === null ? '' : String(code);
  const label = answer.labels?.[dimension]?.[text];
  if (label) return say(label, lang);
  if (text === '') return t('unknown');
  if (dimension === 'province' || dimension === 'city') return placeName(text, lang);
  return text;
}

/** The last day of the part of a period that the page shows; what charts mark is by day. */
export function dayOf(period: string): string {
  return period.slice(0, 10);
}

/** A period as people read it; all are of one length. */
export function periodName(period: string, all: readonly string[], lang: Lang): string {
  if (/^\d{4}-\d{2}-\d{2}T\d{2}$/.test(period)) {
    const hour = `${period.slice(11)}:00`;
    return all[0]?.slice(0, 10) === all.at(-1)?.slice(0, 10) ? hour : `${dayName(period.slice(0, 10), lang)} ${hour}`;
  }
  if (/^\d{4}-\d{2}-\d{2}$/.test(period)) return dayName(period, lang);
  return period;
}

// these have an order of their own; others go by size
const ordered = new Set(['weekday', 'hour_of_day', 'minute', 'lag', 'slot', 'age_months', 'cohort']);
const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** The place of a cell in its dimension's own order. */
export function rankOf(dimension: string, cell: Cell): number | string {
  if (dimension === 'weekday') return weekdays.indexOf(String(cell));
  const n = Number(cell);
  return Number.isNaN(n) ? String(cell) : n;
}

/** Rows in the order in which they are drawn. */
export function inOrder(data: Data): Cell[][] {
  const [dim] = data.dims;
  const [f] = data.figures;
  if (!dim || !f) return data.rows;
  const rows = [...data.rows];
  if (ordered.has(dim.id)) {
    return rows.sort((a, b) => {
      const [x, y] = [rankOf(dim.id, a[dim.at] ?? null), rankOf(dim.id, b[dim.at] ?? null)];
      return x < y ? -1 : x > y ? 1 : 0;
    });
  }
  return rows.sort((a, b) => (num(b, f.at) ?? -Infinity) - (num(a, f.at) ?? -Infinity));
}

/** A line of numbers over all periods or groups. */
export interface Series {
  name: string;
  figure: Shown;
  /** What of the dimension it is; null: all, or the others. */
  cell: string | null;
  before: boolean;
  values: (number | null)[];
}

/** Series over time: a figure each, or a group of the dimension each. */
export function overTime(data: Data, lang: Lang): Series[] {
  const place = new Map(data.periods.map((p, i) => [p, i]));
  const blank = () => data.periods.map((): number | null => null);
  const fill = (rows: Cell[][], at: number) => {
    const values = blank();
    for (const r of rows) values[place.get(String(r[0])) ?? 0] = num(r, at);
    return values;
  };
  const [dim] = data.dims;
  const out: Series[] = [];
  for (const f of data.figures) {
    if (!dim) {
      out.push({ name: f.title, figure: f, cell: null, before: false, values: fill(data.rows, f.at) });
      if (f.before >= 0) out.push({ name: `${f.title} · ${t('before')}`, figure: f, cell: null, before: true, values: fill(data.rows, f.before) });
      continue;
    }
    const groups = new Map<string, Cell[][]>();
    for (const r of data.rows) {
      const cell = String(r[dim.at] ?? '');
      groups.set(cell, [...(groups.get(cell) ?? []), r]);
    }
    const size = (rows: Cell[][]) => rows.reduce((n, r) => n + (num(r, f.at) ?? 0), 0);
    const name = (cell: string) => cellName(data.answer, dim.id, cell, lang) + (data.figures.length > 1 ? ` · ${f.title}` : '');
    for (const [cell, rows] of [...groups].sort((a, b) => size(b[1]) - size(a[1]))) {
      out.push({ name: name(cell), figure: f, cell, before: false, values: fill(rows, f.at) });
    }
    if (data.others.some((r) => (num(r, f.at) ?? 0) !== 0)) {
      out.push({ name: t('others'), figure: f, cell: null, before: false, values: fill(data.others, f.at) });
    }
  }
  return out;
}

/** Rows and columns of two dimensions, such as weekday and hour. */
export interface Matrix {
  rows: { cell: string; name: string }[];
  columns: { cell: string; name: string }[];
  value: (row: string, column: string) => number | null;
  all: (number | null)[];
}

export function matrixOf(data: Data, lang: Lang): Matrix {
  const [down, across] = data.dims;
  const [f] = data.figures;
  const values = new Map<string, number | null>();
  const list = (dim: { id: string; at: number } | undefined) => {
    const cells = [...new Set(data.rows.map((r) => String(r[dim?.at ?? 0] ?? '')))];
    return cells
      .sort((a, b) => {
        const [x, y] = [rankOf(dim?.id ?? '', a), rankOf(dim?.id ?? '', b)];
        return x < y ? -1 : x > y ? 1 : 0;
      })
      .map((cell) => ({ cell, name: cellName(data.answer, dim?.id ?? '', cell, lang) }));
  };
  for (const r of data.rows) values.set(`${r[down?.at ?? 0]}|${r[across?.at ?? 0]}`, num(r, f?.at ?? -1));
  return {
    rows: list(down),
    columns: list(across),
    value: (row, column) => values.get(`${row}|${column}`) ?? null,
    all: [...values.values()],
  };
}

/** A widget's numbers as a table of words, for the screen, for copying and for CSV. */
export interface Sheet {
  head: { title: string; numeric: boolean; dimension?: string; change?: boolean }[];
  rows: Cell[][];
  /** The codes of the dimensions' cells, beside rows. */
  codes: string[][];
  foot: { name: string; row: Cell[] }[];
}

/** Numbers as they were counted (fen as yuan), to be worked with; brief: without those of before. */
export function sheetOf(data: Data, lang: Lang, brief = false): Sheet {
  const head: Sheet['head'] = [];
  const read: ((r: Cell[]) => Cell)[] = [];
  if (data.timed) {
    head.push({ title: t('time'), numeric: false });
    read.push((r) => String(r[0]));
  }
  for (const d of data.dims) {
    head.push({ title: dimensionTitle(d.id, lang), numeric: false, dimension: d.id });
    read.push((r) => cellName(data.answer, d.id, r[d.at] ?? null, lang));
  }
  for (const f of data.figures) {
    const money = f.unit.startsWith('fen');
    const value = (at: number) => (r: Cell[]) => {
      const n = num(r, at);
      return n === null ? null : money ? n / 100 : n;
    };
    const unit = money ? ' (¥)' : f.unit === 'percent' ? ' (%)' : '';
    head.push({ title: f.title + unit, numeric: true });
    read.push(value(f.at));
    if (f.before >= 0 && !brief) {
      head.push({ title: `${f.title} · ${t('before')}${unit}`, numeric: true });
      read.push(value(f.before));
    }
    if (f.change >= 0) {
      head.push({ title: brief ? '± %' : `${f.title} · ${t('change')} (%)`, numeric: true, ...(brief ? { change: true } : {}) });
      read.push((r) => num(r, f.change));
    }
  }
  const rows = data.timed ? data.rows : inOrder(data);
  const first = (data.timed ? 1 : 0) + data.dims.length;
  const foot = [...data.others.map((r) => ({ name: t('others'), row: r })), ...data.totals.map((r) => ({ name: t('total'), row: r }))];
  return {
    head,
    rows: rows.map((r) => read.map((f) => f(r))),
    codes: rows.map((r) => data.dims.map((d) => String(r[d.at] ?? ''))),
    foot: foot.map(({ name, row }) => ({
      name: data.timed ? `${name} ${String(row[0])}` : name,
      row: read.map((f, i) => (i < first ? '' : f(row))),
    })),
  };
}

let dimensionNames: (id: string, lang: Lang) => string = (id) => id;

/** Says where names of dimensions come from. */
export function nameDimensions(by: (id: string, lang: Lang) => string): void {
  dimensionNames = by;
}

export function dimensionTitle(id: string, lang: Lang): string {
  return dimensionNames(id, lang);
}

/** Comma-separated values as spreadsheets read them; text that they would run is kept text. */
export function csv(sheet: Sheet): string {
  const cell = (c: Cell) => {
    const text = c === null ? '' : typeof c === 'string' && /^[=+\-@\t\r\n＝＋－＠]/.test(c) ? `'${c}` : String(c);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return '\ufeff' + lines(sheet, (row) => row.map(cell).join(','));
}

/** Tab-separated, to be pasted into a spreadsheet. */
export function tsv(sheet: Sheet): string {
  return lines(sheet, (row) => row.map((c) => (c === null ? '' : String(c).replace(/[\t\n\r]+/g, ' '))).join('\t'));
}

function lines(sheet: Sheet, line: (row: Cell[]) => string): string {
  const foot = sheet.foot.map((f) => [f.name, ...f.row.slice(1)]);
  return [sheet.head.map((h) => h.title), ...sheet.rows, ...foot].map((r) => `${line(r)}\r\n`).join('');
}
