// What the charts of boards look like: from data to ECharts' options. Colours come from
// the style sheet, tooltips are elements, so that no inline style is needed.

import type { EChartsCoreOption } from 'echarts/core';

import type { Cell, Lang } from '../api';
import type { Clicked } from '../charts';
import { palette, tipElement, type Palette, type TipRow } from '../options';
import { dark } from '../prefs';
import { cellName, dayOf, inOrder, matrixOf, num, overTime, periodName, written, type Data, type Series, type Shown } from './data';
import { say, type Mark, type Widget } from './model';
import { t } from './words';

/** The palette's names of colours, in the order in which series take them. */
export const colours = ['blue', 'teal', 'amber', 'violet', 'green', 'red', 'grey'] as const;

export interface Look {
  palette: Palette;
  series: string[];
  named: Record<string, string>;
  font: string;
  still: boolean;
}

let read: Omit<Look, 'still'> | null = null;
let readIn = '';

/** The style sheet's colours as they are now. */
export function look(still: boolean): Look {
  // each widget that asks the browser has it work out the styles of the whole page
  const { lang, dataset } = document.documentElement;
  const appearance = `${lang} ${dataset['theme'] ?? ''} ${dark.peek()}`;
  if (!read || readIn !== appearance) {
    const style = getComputedStyle(document.documentElement);
    const named = Object.fromEntries(colours.map((c) => [c, style.getPropertyValue(`--c-${c}`).trim()]));
    read = { palette: palette(), series: colours.map((c) => named[c]!), named, font: getComputedStyle(document.body).fontFamily };
    readIn = appearance;
  }
  return { ...read, still };
}

/** What a click chose. */
export interface Chosen {
  dimension: string;
  value: string;
}

export interface Drawing {
  option: EChartsCoreOption;
  pick: (c: Clicked) => Chosen | null;
}

/** The chart of a widget but a minute curve; null if nothing is there to be drawn. */
export function drawing(widget: Widget, data: Data, marks: Mark[], l: Look, lang: Lang, narrow: boolean): Drawing | null {
  if (data.rows.length === 0 || data.figures.length === 0) return null;
  const look = own(widget, l);
  switch (widget.kind) {
    case 'line':
    case 'area':
    case 'stacked':
    case 'bar':
      return data.timed ? alongTime(widget, data, marks, look, lang, narrow) : alongGroups(widget, data, look, lang, narrow);
    case 'pie':
      return pie(widget, data, look, lang, narrow);
    case 'scatter':
      return scatter(data, look, lang);
    case 'path':
      return paths(data, look, lang);
    default:
      return null;
  }
}

/** The widget's own colour comes first. */
export function own(widget: Widget, l: Look): Look {
  const first = widget.show.colour ? l.named[widget.show.colour] : undefined;
  return first ? { ...l, series: [first, ...l.series.filter((c) => c !== first)] } : l;
}

export function base(l: Look): EChartsCoreOption {
  return { animation: !l.still, animationDuration: 300, animationDurationUpdate: 400, aria: { enabled: false } };
}

export function words(l: Look) {
  return { color: l.palette.muted, fontFamily: l.font, fontSize: 12 };
}

export function tooltip(l: Look, axis: boolean, tip: (params: unknown) => { title: string; rows: TipRow[] }) {
  return {
    trigger: axis ? 'axis' : 'item',
    confine: true,
    transitionDuration: l.still ? 0 : 0.1,
    backgroundColor: l.palette.surface,
    borderColor: l.palette.line,
    padding: 0,
    axisPointer: { type: 'line', lineStyle: { color: l.palette.muted } },
    formatter: (params: unknown) => tipElement(tip(params)),
  };
}

export function legend(widget: Widget, names: string[], l: Look, narrow: boolean) {
  const want = widget.show.legend ?? '';
  if (want === 'none' || (want === '' && names.length < 2)) return { show: false };
  const right = want === 'right' && !narrow;
  return {
    show: true,
    type: 'scroll',
    data: names,
    textStyle: { ...words(l), color: l.palette.ink, width: narrow ? 130 : names.length <= 2 ? 260 : 160, overflow: 'truncate' },
    pageTextStyle: { color: l.palette.muted },
    pageIconColor: l.palette.ink,
    pageIconInactiveColor: l.palette.line,
    itemWidth: 14,
    itemHeight: 8,
    itemGap: 12,
    ...(right ? { orient: 'vertical', right: 0, top: 4, bottom: 4 } : { top: 0, left: 0, right: 0 }),
  };
}

export function grid(widget: Widget, legendShown: boolean, narrow: boolean) {
  const right = widget.show.legend === 'right' && !narrow && legendShown;
  return { left: 4, right: right ? 150 : 12, top: legendShown && !right ? 32 : 14, bottom: 4, containLabel: true };
}

export function axes(widget: Widget, data: { figures: Shown[] }, l: Look, lang: Lang) {
  const right = new Set(widget.show.right ?? []);
  const of = (side: 'left' | 'right') => data.figures.find((_, i) => right.has(i) === (side === 'right'));
  const axis = (f: Shown | undefined, shown: boolean) => ({
    type: 'value',
    show: shown,
    splitNumber: 4,
    axisLabel: { ...words(l), formatter: (n: number) => (widget.show.percent ? `${Math.round(n)}%` : written(n, { unit: f?.unit ?? 'count' }, lang, 'axis')) },
    splitLine: { lineStyle: { color: l.palette.line } },
    ...(widget.show.percent ? { max: 100, interval: 25 } : {}),
  });
  if (right.size === 0) return { axes: [axis(data.figures[0], true)], side: () => 0 };
  return {
    axes: [axis(of('left'), true), { ...axis(of('right'), true), splitLine: { show: false } }],
    side: (f: Shown) => (right.has(data.figures.indexOf(f)) ? 1 : 0),
  };
}

export function category(names: string[], l: Look, gap: boolean) {
  return {
    type: 'category',
    data: names,
    boundaryGap: gap,
    axisLine: { lineStyle: { color: l.palette.line } },
    axisTick: { show: false },
    axisLabel: { ...words(l), hideOverlap: true, margin: 10 },
  };
}

export function dataIndex(params: unknown): number {
  const one = Array.isArray(params) ? params[0] : params;
  return (one as { dataIndex?: number } | undefined)?.dataIndex ?? 0;
}

// events on the time axis: a line for a day, an area for days
function markings(marks: Mark[], periods: string[], l: Look, lang: Lang) {
  if (marks.length === 0) return {};
  const at = (day: string, last: boolean) => {
    const found = periods.findIndex((p) => (last ? dayOf(p) > day : dayOf(p) >= day));
    return last ? (found < 0 ? periods.length : found) - 1 : found;
  };
  const label = (m: Mark) => ({ formatter: say(m.text, lang), color: l.palette.ink, fontFamily: l.font, fontSize: 11, width: 90, overflow: 'truncate' });
  const lines = [];
  const areas = [];
  for (const m of marks) {
    if (!periods.length || m.from > dayOf(periods.at(-1)!) || (m.to ?? m.from) < dayOf(periods[0]!)) continue;
    const from = at(m.from, false);
    const to = at(m.to ?? m.from, true);
    if (from < 0 || to < 0) continue;
    if (to <= from) lines.push({ xAxis: from, label: { ...label(m), position: 'insideEndTop' } });
    else areas.push([{ xAxis: from, label: { ...label(m), position: 'insideTop' } }, { xAxis: to }]);
  }
  return {
    markLine: { silent: true, symbol: 'none', animation: false, lineStyle: { color: l.palette.muted, type: 'dashed' }, data: lines },
    markArea: { silent: true, animation: false, itemStyle: { color: l.palette.muted, opacity: 0.12 }, data: areas },
  };
}

function alongTime(widget: Widget, data: Data, marks: Mark[], l: Look, lang: Lang, narrow: boolean): Drawing | null {
  const all = overTime(data, lang);
  // empty axes would look like zeros
  if (all.every((s) => s.values.every((v) => v === null))) return null;
  const bars = widget.kind === 'bar' || widget.kind === 'stacked';
  const stacked = widget.kind === 'area' || widget.kind === 'stacked';
  const series = stacked ? all.filter((s) => !s.before) : all;
  const names = data.periods.map((p) => periodName(p, data.periods, lang));
  const y = axes(widget, data, l, lang);
  const sums = data.periods.map((_, i) => series.reduce((n, s) => n + Math.max(0, s.values[i] ?? 0), 0));
  const colour = colouring(series, l);
  // what was before is dashed in the same colour; beside several it needs no name
  const shown = legend(widget, series.filter((s) => !s.before || series.length === 2).map((s) => s.name), l, narrow);
  const value = (s: Series, i: number) => {
    const v = s.values[i] ?? (stacked ? 0 : null);
    return widget.show.percent && stacked && v !== null ? (sums[i]! > 0 ? (100 * v) / sums[i]! : 0) : v;
  };
  return {
    option: {
      ...base(l),
      grid: grid(widget, shown.show, narrow),
      legend: shown,
      xAxis: category(names, l, bars),
      yAxis: y.axes,
      tooltip: tooltip(l, true, (params) => {
        const i = dataIndex(params);
        return {
          title: names[i] ?? '',
          rows: series.map((s, n) => ({
            name: s.name,
            value: written(s.values[i] ?? null, s.figure, lang, 'full') + (widget.show.percent && stacked ? ` · ${Math.round(value(s, i) ?? 0)}%` : ''),
            colour: colour[n]!,
          })),
        };
      }),
      series: series.map((s, n) => ({
        id: `s${n}`,
        name: s.name,
        type: bars ? 'bar' : 'line',
        ...(stacked ? { stack: 'all' } : {}),
        yAxisIndex: y.side(s.figure),
        data: data.periods.map((_, i) => value(s, i)),
        showSymbol: data.periods.length <= 2 && !bars,
        symbolSize: 5,
        smooth: stacked ? 0 : 0.2,
        smoothMonotone: 'x',
        barMaxWidth: 34,
        lineStyle: { width: s.before ? 1.5 : stacked ? 1 : 2.2, type: s.before ? [4, 4] : 'solid', color: colour[n] },
        itemStyle: { color: colour[n], opacity: s.before && bars ? 0.4 : 1 },
        ...(widget.kind === 'area' ? { areaStyle: { color: colour[n], opacity: 0.55 } } : {}),
        label: label(widget, s.figure, l, lang, 'top'),
        emphasis: { focus: series.length > 2 ? 'series' : 'none' },
        z: s.before ? 1 : 3,
        ...(n === 0 ? { ...markings(marks, data.periods, l, lang), ...aim(widget, l) } : {}),
      })),
    },
    pick: (c) => {
      const s = series[c.seriesIndex];
      const [dim] = data.dims;
      return s && dim && s.cell !== null ? { dimension: dim.id, value: s.cell } : null;
    },
  };
}

// what was before has the colour of what is
function colouring(series: Series[], l: Look): string[] {
  let n = 0;
  const out: string[] = [];
  for (const s of series) {
    if (s.before) out.push(series.length === 2 ? l.palette.before : out.at(-1)!);
    else if (s.cell === null && series.some((o) => o.cell !== null)) out.push(l.palette.before);
    else out.push(l.series[n++ % l.series.length]!);
  }
  return out;
}

function label(widget: Widget, f: Shown, l: Look, lang: Lang, position: string) {
  return {
    show: widget.show.labels === true,
    position,
    color: l.palette.ink,
    fontFamily: l.font,
    fontSize: 11,
    formatter: (p: { value?: unknown }) => (typeof p.value === 'number' ? (widget.show.percent ? `${Math.round(p.value)}%` : written(p.value, f, lang)) : ''),
  };
}

function aim(widget: Widget, l: Look) {
  const goal = widget.show.aim;
  if (!goal) return {};
  return {
    markLine: {
      silent: true, symbol: 'none', animation: false,
      lineStyle: { color: l.named['green'], type: 'dashed' },
      data: [{ yAxis: goal.value, label: { formatter: t('aim'), position: 'insideEndTop', color: l.palette.ink, fontFamily: l.font } }],
    },
  };
}

function alongGroups(widget: Widget, data: Data, l: Look, lang: Lang, narrow: boolean): Drawing {
  const [dim] = data.dims;
  const rows = inOrder(data);
  const cells = rows.map((r) => String(r[dim?.at ?? 0] ?? ''));
  const names = cells.map((c) => cellName(data.answer, dim?.id ?? '', c, lang));
  const y = axes(widget, data, l, lang);
  const lines = data.figures.flatMap((f, n) => [
    { f, at: f.at, name: f.title, colour: l.series[n % l.series.length]!, before: false },
    ...(f.before >= 0 ? [{ f, at: f.before, name: `${f.title} · ${t('before')}`, colour: l.palette.before, before: true }] : []),
  ]);
  const shown = legend(widget, lines.filter((s) => !s.before || lines.length === 2).map((s) => s.name), l, narrow);
  return {
    option: {
      ...base(l),
      grid: grid(widget, shown.show, narrow),
      legend: shown,
      xAxis: category(names, l, true),
      yAxis: y.axes,
      tooltip: tooltip(l, true, (params) => {
        const i = dataIndex(params);
        return { title: names[i] ?? '', rows: lines.map((s) => ({ name: s.name, value: written(num(rows[i], s.at), s.f, lang, 'full'), colour: s.colour })) };
      }),
      series: lines.map((s, n) => ({
        id: `s${n}`,
        name: s.name,
        type: widget.kind === 'line' || widget.kind === 'area' ? 'line' : 'bar',
        ...(widget.kind === 'stacked' ? { stack: 'all' } : {}),
        yAxisIndex: y.side(s.f),
        data: rows.map((r) => num(r, s.at)),
        barMaxWidth: 34,
        itemStyle: { color: s.colour, opacity: s.before ? 0.55 : 1, borderRadius: [2, 2, 0, 0] },
        label: label(widget, s.f, l, lang, 'top'),
        ...(n === 0 ? aim(widget, l) : {}),
      })),
    },
    pick: (c) => (dim && cells[c.dataIndex] !== undefined ? { dimension: dim.id, value: cells[c.dataIndex]! } : null),
  };
}

function pie(widget: Widget, data: Data, l: Look, lang: Lang, narrow: boolean): Drawing {
  const [dim] = data.dims;
  const f = data.figures[0]!;
  const rows = inOrder(data).filter((r) => (num(r, f.at) ?? 0) > 0);
  const items: { name: string; value: number; cell: string | null; itemStyle: { color: string } }[] = rows.map((r, i) => ({
    name: cellName(data.answer, dim?.id ?? '', r[dim?.at ?? 0] ?? null, lang),
    value: num(r, f.at)!,
    cell: String(r[dim?.at ?? 0] ?? ''),
    itemStyle: { color: l.series[i % l.series.length]! },
  }));
  const rest = num(data.others[0], f.at) ?? 0;
  if (rest > 0) items.push({ name: t('others'), value: rest, cell: null, itemStyle: { color: l.palette.before } });
  const sum = items.reduce((n, i) => n + i.value, 0);
  const share = (v: number) => `${((100 * v) / (sum || 1)).toFixed(1)}%`;
  const beside = widget.show.legend === 'right' || narrow;
  return {
    option: {
      ...base(l),
      legend: beside ? legend(widget, items.map((i) => i.name), l, narrow) : { show: false },
      tooltip: tooltip(l, false, (p) => {
        const item = items[dataIndex(p)];
        return { title: f.title, rows: item ? [{ name: item.name, value: `${written(item.value, f, lang, 'full')} · ${share(item.value)}`, colour: item.itemStyle.color }] : [] };
      }),
      series: [
        {
          id: 'pie',
          type: 'pie',
          radius: ['42%', '70%'],
          center: ['50%', beside ? '58%' : '50%'],
          minAngle: 2,
          data: items,
          itemStyle: { borderColor: l.palette.surface, borderWidth: 2 },
          label: { show: !beside, color: l.palette.ink, fontFamily: l.font, fontSize: 12, formatter: (p: { name: string; value: number }) => `${p.name} ${share(p.value)}` },
          labelLayout: { hideOverlap: true },
          labelLine: { show: !beside, length: 8, length2: 6, lineStyle: { color: l.palette.muted } },
          emphasis: { label: { color: l.palette.ink } },
        },
      ],
    },
    pick: (c) => {
      const item = items[c.dataIndex];
      return dim && item?.cell != null ? { dimension: dim.id, value: item.cell } : null;
    },
  };
}

function scatter(data: Data, l: Look, lang: Lang): Drawing {
  const [dim] = data.dims;
  const [x, y, size] = data.figures;
  const rows = data.rows.filter((r) => num(r, x!.at) !== null && num(r, y!.at) !== null);
  const most = Math.max(0, ...rows.map((r) => (size ? (num(r, size.at) ?? 0) : 0)));
  const name = (r: Cell[] | undefined) => cellName(data.answer, dim?.id ?? '', r?.[dim?.at ?? 0] ?? null, lang);
  const axis = (f: Shown) => ({
    type: 'value',
    name: f.title,
    nameLocation: 'middle',
    nameGap: 26,
    nameTextStyle: words(l),
    scale: true,
    axisLabel: { ...words(l), formatter: (n: number) => written(n, f, lang, 'axis') },
    splitLine: { lineStyle: { color: l.palette.line } },
  });
  return {
    option: {
      ...base(l),
      legend: { show: false },
      grid: { left: 8, right: 20, top: 26, bottom: 24, containLabel: true },
      xAxis: axis(x!),
      yAxis: { ...axis(y!), nameLocation: 'end', nameGap: 8, nameTextStyle: { ...words(l), align: 'left' } },
      tooltip: tooltip(l, false, (p) => {
        const r = rows[dataIndex(p)];
        return { title: name(r), rows: data.figures.map((f) => ({ name: f.title, value: written(num(r, f.at), f, lang, 'full') })) };
      }),
      series: [
        {
          id: 'points',
          type: 'scatter',
          data: rows.map((r) => [num(r, x!.at), num(r, y!.at)]),
          symbolSize: (_: unknown, p: { dataIndex: number }) => (size && most > 0 ? 6 + 30 * Math.sqrt(Math.max(0, num(rows[p.dataIndex], size.at) ?? 0) / most) : 10),
          itemStyle: { color: l.series[0], opacity: 0.65, borderColor: l.palette.surface },
          label: { show: rows.length <= 24, position: 'right', color: l.palette.ink, fontFamily: l.font, fontSize: 11, formatter: (p: { dataIndex: number }) => name(rows[p.dataIndex]) },
          labelLayout: { hideOverlap: true },
        },
      ],
    },
    pick: (c) => (dim ? { dimension: dim.id, value: String(rows[c.dataIndex]?.[dim.at] ?? '') } : null),
  };
}

// pages lead in circles, which such a picture cannot have: those left stand left, those
// come to right
function paths(data: Data, l: Look, lang: Lang): Drawing {
  const f = data.figures[0]!;
  const m = matrixOf(data, lang);
  const links = [];
  for (const from of m.rows) {
    for (const to of m.columns) {
      const value = m.value(from.cell, to.cell);
      if (value) links.push({ source: `<${from.cell}`, target: `>${to.cell}`, value });
    }
  }
  links.sort((a, b) => b.value - a.value);
  const kept = links.slice(0, 30);
  // a node too low for its name has it in the tooltip alone
  const size = new Map<string, number>();
  for (const k of kept) for (const name of [k.source, k.target]) size.set(name, (size.get(name) ?? 0) + k.value);
  const all = kept.reduce((n, k) => n + k.value, 0);
  const nodes = [...size].map(([name, n], i) => ({ name, itemStyle: { color: l.series[i % l.series.length] }, label: { show: n >= all * 0.025 } }));
  const title = (name: string) => {
    const found = (name.startsWith('<') ? m.rows : m.columns).find((n) => n.cell === name.slice(1));
    return found?.cell ? found.name : name.startsWith('<') ? t('entry') : t('unknown');
  };
  return {
    option: {
      ...base(l),
      legend: { show: false },
      tooltip: tooltip(l, false, (p) => {
        const d = (p as { data: { source?: string; target?: string; name?: string; value?: number }; value?: number }).data;
        const value = d.value ?? (p as { value?: number }).value ?? null;
        return { title: d.source ? `${title(d.source)} → ${title(d.target ?? '')}` : title(d.name ?? ''), rows: [{ name: f.title, value: written(value, f, lang, 'full') }] };
      }),
      series: [
        {
          id: 'paths',
          type: 'sankey',
          left: 4, right: 110, top: 6, bottom: 6,
          nodeGap: 6, nodeWidth: 10,
          data: nodes,
          links: kept,
          label: { color: l.palette.ink, fontFamily: l.font, fontSize: 12, width: 100, overflow: 'truncate', formatter: (p: { name: string }) => title(p.name) },
          labelLayout: { hideOverlap: true },
          lineStyle: { color: 'source', opacity: 0.35 },
        },
      ],
    },
    pick: (c) => {
      const d = c.data as { name?: string; target?: string } | undefined;
      const node = d?.name ?? d?.target;
      return node ? { dimension: node.startsWith('<') ? 'from_page' : 'page', value: node.slice(1) } : null;
    },
  };
}

