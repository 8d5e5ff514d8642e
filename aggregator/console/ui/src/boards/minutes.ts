// A day minute by minute, with what was on: names on the curve, in the tooltip and, as a
// table, in programmes.ts.

import type { Lang } from '../api';
import { cellName, num, written, type Data, type Shown } from './data';
import { axes, base, category, dataIndex, grid, legend, tooltip, words, type Drawing, type Look } from './draw';
import type { Filters, Widget } from './model';
import { clockOf, lineOf, named, onAt, type Programme } from './programmes';

const minutes = Array.from({ length: 24 * 60 }, (_, m) => clockOf(m));
const placeOf = new Map(minutes.map((m, i) => [m, i]));

interface Line {
  name: string;
  figure: Shown;
  cell: string | null;
  /** What it is the curve of: a channel's code; '' if none is told. */
  channel: string;
  values: (number | null)[];
}

function linesOf(data: Data, filters: Filters, lang: Lang): Line[] {
  const minute = data.dims.find((d) => d.id === 'minute');
  const dim = data.dims.find((d) => d.id !== 'minute');
  const where = (filters.where ?? []).find((f) => f.dimension === 'channel' && !f.not);
  const only = where?.in.length === 1 ? where.in[0]! : '';
  const groups = new Map<string, Line>();
  let last = 0;
  for (const r of data.rows) {
    const at = placeOf.get(String(r[minute?.at ?? 0]));
    if (at === undefined) continue;
    last = Math.max(last, at);
    for (const f of data.figures) {
      const cell = dim ? String(r[dim.at] ?? '') : null;
      const key = JSON.stringify([cell, f.id]);
      let g = groups.get(key);
      if (!g) {
        const name = cell === null ? f.title : cellName(data.answer, dim!.id, cell, lang) + (data.figures.length > 1 ? ` · ${f.title}` : '');
        groups.set(key, (g = { name, figure: f, cell, channel: dim?.id === 'channel' ? (cell ?? '') : only, values: minutes.map(() => null) }));
      }
      g.values[at] = num(r, f.at);
    }
  }
  // the server leaves out minutes in which nobody watched; those to come are none
  for (const g of groups.values()) g.values = g.values.map((v, i) => v ?? (i <= last ? 0 : null));
  // more lines than colours can be told apart by nobody
  const sum = (v: (number | null)[]) => v.reduce<number>((n, x) => n + (x ?? 0), 0);
  return [...groups.values()].sort((a, b) => sum(b.values) - sum(a.values)).slice(0, 8);
}

export function minuteCurve(widget: Widget, data: Data, programmes: readonly Programme[], filters: Filters, l: Look, lang: Lang, narrow: boolean): Drawing {
  const dim = data.dims.find((d) => d.id !== 'minute');
  const lines = linesOf(data, filters, lang);
  const shown = legend(widget, lines.map((s) => s.name), l, narrow);
  const colour = (n: number) => l.series[n % l.series.length]!;
  const channels = new Set(lines.map((s) => s.channel));
  const alone = channels.size === 1 && !channels.has('');
  return {
    option: {
      ...base(l),
      grid: grid(widget, shown.show, narrow),
      legend: shown,
      xAxis: { ...category(minutes, l, false), axisLabel: { ...words(l), hideOverlap: true, interval: (_: number, v: string) => v.endsWith(':00') && Number(v.slice(0, 2)) % (narrow ? 6 : 2) === 0 } },
      yAxis: axes(widget, data, l, lang).axes,
      tooltip: tooltip(l, true, (params) => {
        const i = dataIndex(params);
        const minute = minutes[i] ?? '';
        const on = (s: Line) => (s.channel ? onAt(programmes, s.channel, minute) : null);
        const one = alone && lines[0] ? on(lines[0]) : null;
        return {
          title: one ? `${minute} · ${one.name}` : minute,
          rows: [
            ...lines.map((s, n) => {
              const p = alone ? null : on(s);
              return { name: p ? `${s.name} · ${p.name}` : s.name, value: written(s.values[i] ?? null, s.figure, lang, 'full'), colour: colour(n) };
            }),
            ...(one ? [{ name: one.name, value: lineOf(one, lang) }] : []),
          ],
        };
      }),
      series: lines.map((s, n) => ({
        id: `s${n}`,
        name: s.name,
        type: 'line',
        data: s.values,
        showSymbol: false,
        sampling: 'lttb',
        lineStyle: { width: 1.8, color: colour(n) },
        itemStyle: { color: colour(n) },
        ...(lines.length === 1 ? { areaStyle: { color: l.series[0], opacity: 0.18 } } : {}),
        ...(alone ? (n === 0 ? bands(programmes.filter((p) => p.channel === s.channel), l, narrow) : {}) : s.channel ? peaks(s, programmes.filter((p) => p.channel === s.channel), l, colour(n), narrow) : {}),
      })),
    },
    pick: (c) => {
      const s = lines[c.seriesIndex];
      return s && dim && s.cell !== null ? { dimension: dim.id, value: s.cell } : null;
    },
  };
}

/** One channel: every other programme on a ground of its own, those most watched with their names, upright. */
function bands(on: readonly Programme[], l: Look, narrow: boolean) {
  const names = new Set(named(on, narrow ? 100 : 36));
  return {
    markArea: {
      silent: true,
      animation: false,
      data: on.map((p, i) => [
        {
          xAxis: clockOf(p.from),
          itemStyle: { color: l.palette.muted, opacity: i % 2 === 0 ? 0.11 : 0.03 },
          label: { show: names.has(p), formatter: p.name, position: 'insideTop', rotate: 90, align: 'right', verticalAlign: 'middle', distance: 4, color: l.palette.ink, fontFamily: l.font, fontSize: 11, width: 150, overflow: 'truncate' },
        },
        { xAxis: clockOf(Math.min(p.to, minutes.length - 1)) },
      ]),
    },
  };
}

/** Several channels: the most watched programmes of each, at their highest minute. */
function peaks(s: Line, on: readonly Programme[], l: Look, colour: string, narrow: boolean) {
  const best = [...on].sort((a, b) => (b.audience ?? 0) - (a.audience ?? 0)).slice(0, narrow ? 1 : 2);
  return {
    markPoint: {
      silent: true,
      animation: false,
      symbol: 'circle',
      symbolSize: 6,
      data: best.flatMap((p) => {
        let top = p.from;
        for (let m = p.from; m < p.to; m++) if ((s.values[m] ?? -1) > (s.values[top] ?? -1)) top = m;
        const value = s.values[top];
        if (!value) return [];
        return [{ coord: [minutes[top]!, value], itemStyle: { color: colour }, label: { formatter: p.name, position: 'top', color: l.palette.ink, fontFamily: l.font, fontSize: 11, width: 110, overflow: 'truncate' } }];
      }),
    },
  };
}
