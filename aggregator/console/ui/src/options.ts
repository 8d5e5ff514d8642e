// What the curves look like: from figures to ECharts' options. Colours come from
// the style sheet, tooltips are elements, so that no inline style is needed.

import type { EChartsCoreOption } from 'echarts/core';

export interface Palette {
  ink: string;
  muted: string;
  line: string;
  surface: string;
  accent: string;
  soft: string;
  before: string;
}

/** The style sheet's colours as they are now. */
export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: read('--ink'),
    muted: read('--muted'),
    line: read('--line'),
    surface: read('--surface'),
    accent: read('--accent'),
    soft: read('--accent-soft'),
    before: read('--before'),
  };
}

/** A line of a tooltip. */
export interface TipRow {
  name: string;
  value: string;
  mark?: 'now' | 'before';
  /** Of the series, where it has its own. */
  colour?: string;
}

interface Frame {
  palette: Palette;
  still: boolean;
  font: string;
  /** Writes a value at the axis. */
  axis: (n: number) => string;
  /** Heading and rows of the tooltip at a place of the x axis. */
  tip: (index: number) => { title: string; rows: TipRow[] };
}

export interface DayCurve extends Frame {
  hours: string[];
  today: (number | null)[];
  yesterday: (number | null)[];
  /** The hour that is not over yet. */
  running: number;
}

/** Today's hours over yesterday's; the running hour is drawn open, for it will still grow. */
export function dayCurve(d: DayCurve): EChartsCoreOption {
  const closed = d.today.map((n, i) => (i < d.running ? n : null));
  const open = d.today.map((n, i) => (i === d.running || (i === d.running - 1 && d.running > 0) ? n : null));
  return {
    ...base(d, d.hours, false),
    series: [
      {
        id: 'yesterday',
        type: 'line',
        data: d.yesterday,
        showSymbol: false,
        symbolSize: 5,
        smooth: 0.25,
        smoothMonotone: 'x', // a curve must not swing below what was counted
        lineStyle: { width: 1.5, color: d.palette.before, type: [4, 4] },
        itemStyle: { color: d.palette.before },
        z: 1,
      },
      {
        id: 'today',
        type: 'line',
        data: closed,
        showSymbol: d.running <= 1,
        symbolSize: 6,
        smooth: 0.25,
        smoothMonotone: 'x', // a curve must not swing below what was counted
        lineStyle: { width: 2.5, color: d.palette.accent },
        itemStyle: { color: d.palette.accent },
        areaStyle: { color: d.palette.soft, opacity: 0.55 },
        z: 3,
      },
      {
        id: 'running',
        type: 'line',
        data: open.map((n, i) => (i === d.running ? n : n === null ? null : { value: n, symbolSize: 0 })),
        showSymbol: true,
        symbol: 'circle',
        symbolSize: 8,
        lineStyle: { width: 2, color: d.palette.accent, type: [2, 3] },
        itemStyle: { color: d.palette.surface, borderColor: d.palette.accent, borderWidth: 2 },
        z: 4,
      },
    ],
  };
}

export interface DayBars extends Frame {
  days: string[];
  values: (number | null)[];
}

/** One bar a day; the last is today, pale because it is not over. */
export function dayBars(d: DayBars): EChartsCoreOption {
  return {
    ...base(d, d.days, true),
    series: [
      {
        id: 'days',
        type: 'bar',
        barCategoryGap: '28%',
        itemStyle: { color: d.palette.accent, borderRadius: [2, 2, 0, 0] },
        data: d.values.map((value, i) =>
          i === d.values.length - 1
            ? { value, itemStyle: { color: d.palette.soft, borderColor: d.palette.accent, borderWidth: 1 } }
            : value,
        ),
      },
    ],
  };
}

function base(f: Frame, categories: string[], bars: boolean): EChartsCoreOption {
  const text = { color: f.palette.muted, fontFamily: f.font, fontSize: 12 };
  return {
    animation: !f.still,
    animationDuration: 300,
    animationDurationUpdate: 500,
    grid: { left: 4, right: 10, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      data: categories,
      boundaryGap: bars,
      axisLine: { lineStyle: { color: f.palette.line } },
      axisTick: { show: false },
      axisLabel: { ...text, hideOverlap: true, margin: 10 },
    },
    yAxis: {
      type: 'value',
      splitNumber: 4,
      axisLabel: { ...text, formatter: f.axis },
      splitLine: { lineStyle: { color: f.palette.line } },
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      transitionDuration: f.still ? 0 : 0.1,
      backgroundColor: f.palette.surface,
      borderColor: f.palette.line,
      padding: 0,
      axisPointer: { type: bars ? 'shadow' : 'line', lineStyle: { color: f.palette.muted }, shadowStyle: { color: f.palette.muted, opacity: 0.1 } },
      formatter: (params: unknown) => tipElement(f.tip(indexOf(params))),
    },
  };
}

function indexOf(params: unknown): number {
  const first = Array.isArray(params) ? params[0] : params;
  return (first as { dataIndex?: number } | undefined)?.dataIndex ?? 0;
}

/** A tooltip of elements, which the policy allows. */
export function tipElement({ title, rows }: { title: string; rows: TipRow[] }): HTMLElement {
  const tip = element('div', 'tip');
  tip.append(element('div', 'tip-title', title));
  for (const row of rows) {
    const line = element('div', 'tip-row');
    if (row.colour) {
      const mark = element('span', 'tip-mark');
      mark.style.borderTopColor = row.colour;
      line.append(mark);
    }
    if (row.mark) line.append(element('span', `tip-mark tip-${row.mark}`));
    line.append(element('span', 'tip-name', row.name), element('span', 'tip-value', row.value));
    tip.append(line);
  }
  return tip;
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const e = document.createElement(tag);
  e.className = className;
  e.textContent = text;
  return e;
}
