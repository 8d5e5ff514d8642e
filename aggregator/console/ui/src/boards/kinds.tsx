// What widgets show, a kind each. Charts are drawn by ECharts (draw.ts); what is a list,
// a table or a grid is one, for keyboards and readers' software.

import type { ComponentChildren } from 'preact';
import { useCallback, useMemo, useState } from 'preact/hooks';

import type { Cell, Lang } from '../api';
import type { Chart as Drawn } from '../charts';
import { figure, signed } from '../format';
import { Chart } from '../parts/chart';
import { Count } from '../parts/count';
import { Ranking } from '../parts/ranking';
import { Spark } from '../parts/spark';
import { compare } from '../parts/table';
import { stepsOf, TileGrid, TileLegend, TileMap } from '../parts/tilemap';
import { dark, lang, still } from '../prefs';
import { placeName } from '../regions';
import { Shapes, useCountry } from './country';
import { cellName, changeText, csv, dataOf, dimensionTitle, inOrder, matrixOf, num, sheetOf, tsv, written, type Data, type Sheet, type Shown } from './data';
import { drawing, look, own, type Chosen } from './draw';
import { Slots } from './epg';
import { minuteCurve } from './minutes';
import { marksFor, type Filters, type Mark, type Widget, type WidgetAnswer } from './model';
import { programmeSheet, programmesOf, whyNone } from './programmes';
import { t } from './words';

export interface BodyProps {
  widget: Widget;
  got: WidgetAnswer;
  /** Filters around the widget, its own included. */
  filters: Filters;
  marks: Mark[];
  narrow: boolean;
  /** One province was chosen, and its cities are shown. */
  cities: boolean;
  pick: (c: Chosen) => void;
  handle: (drawn: Drawn | null) => void;
}

export const charted = new Set(['line', 'area', 'bar', 'stacked', 'pie', 'minute', 'scatter', 'path']);

export function Body(p: BodyProps) {
  const l = lang.value;
  const data = useMemo(() => dataOf(p.widget, p.got, 'main', l), [p.widget, p.got, l]);
  if (!data) return <Nothing />;
  const kind = p.widget.kind;
  if (kind === 'figure' || kind === 'ticker') return <Figures {...p} data={data} />;
  if (data.rows.length === 0) return <Nothing />;
  if (charted.has(kind)) return <Charted {...p} data={data} />;
  switch (kind) {
    case 'ranking':
      return p.cities && !p.widget.ask.by?.includes('province') && isTiles(p) ? <Cities {...p} data={data} /> : <Ranked {...p} data={data} />;
    case 'table':
      return <NumberTable {...p} data={data} />;
    case 'heat':
    case 'cohort':
      return <Matrix {...p} data={data} />;
    case 'funnel':
      return <Funnel {...p} data={data} />;
    case 'tiles':
    case 'map':
      return <Tiles {...p} data={data} />;
    case 'epg':
      return <Slots {...p} data={data} />;
    default:
      return <Nothing />;
  }
}

// a map or tiles whose province was opened are asked as a ranking of its cities
function isTiles(p: BodyProps): boolean {
  return p.widget.ask.top === 40;
}

function Nothing() {
  return <p class="widget-nothing">{t('noNumbers')}</p>;
}

interface Drawable extends BodyProps {
  data: Data;
}

function Charted({ widget, got, data, filters, marks, narrow, pick, handle }: Drawable) {
  const l = lang.value;
  const isDark = dark.value;
  const isStill = still.value;
  const minutes = widget.kind === 'minute';
  const drawn = useMemo(
    () =>
      minutes
        ? minuteCurve(widget, data, programmesOf(got, l), filters, own(widget, look(isStill)), l, narrow)
        : drawing(widget, data, marksFor(marks, filters), look(isStill), l, narrow),
    [widget, got, data, marks, filters, l, isDark, isStill, narrow],
  );
  if (!drawn) return <Nothing />;
  const why = minutes ? whyNone(got) : '';
  const chart = (
    <Chart
      option={drawn.option}
      label={`${data.figures.map((f) => f.title).join(', ')}. ${t('tableSays')}`}
      onPick={(c) => {
        const chosen = drawn.pick(c);
        if (chosen) pick(chosen);
      }}
      handle={handle}
    />
  );
  if (!why) return chart;
  return (
    <div class="curve-with-hint">
      {chart}
      <p class="widget-hint">{t(why)}</p>
    </div>
  );
}

/** A change with an arrow: growth has no colour, for it is good to some and bad to others. */
function Change({ percent }: { percent: number | null }) {
  if (percent === null) return null;
  return (
    <span class="change">
      <span aria-hidden="true">{percent > 0 ? '▲' : percent < 0 ? '▼' : '■'}</span> {changeText(percent, lang.value)}
    </span>
  );
}

function Figures({ widget, got, data, filters }: Drawable) {
  const l = lang.value;
  const trend = useMemo(() => dataOf(widget, got, 'trend', l), [widget, got, l]);
  const many = data.figures.length > 1;
  return (
    <div class={`numbers numbers-${widget.kind} numbers-${Math.min(4, data.figures.length)}`}>
      {data.figures.map((f) => {
        const value = num(data.rows[0], f.at);
        const before = f.before >= 0 ? num(data.rows[0], f.before) : null;
        const line = trend?.figures.find((o) => o.id === f.id);
        // the hour under way would look like a fall
        const closed = trend && /T/.test(trend.periods.at(-1) ?? '') ? trend.rows.slice(0, -1) : (trend?.rows ?? []);
        const course = line ? closed.map((r) => num(r, line.at)) : [];
        return (
          <div class="number" key={f.id}>
            {many && <span class="number-name">{f.title}</span>}
            <BigNumber value={value} figure={f} moving={widget.kind === 'ticker'} />
            <span class="number-note">
              <Change percent={f.change >= 0 ? num(data.rows[0], f.change) : null} />
              {before !== null && (
                <span class="quiet">
                  {' '}
                  {t(`against_${filters.compare?.with || 'previous'}` as 'against_previous')} {written(before, f, l)}
                </span>
              )}
              {widget.show.aim && value !== null && <Aim value={value} aim={widget.show.aim} figure={f} />}
            </span>
            {course.length > 1 && <Spark today={course} yesterday={[]} />}
          </div>
        );
      })}
    </div>
  );
}

const times = ['minutes', 'hours', 'seconds', 'ms'] as const;

// what is no time says by its title what is counted
function isTime(unit: string): unit is (typeof times)[number] {
  return (times as readonly string[]).includes(unit);
}

function BigNumber({ value, figure: f, moving }: { value: number | null; figure: Shown; moving: boolean }) {
  const l = lang.value;
  const write = useCallback((n: number | null) => written(n, f, l, 'card'), [f.unit, f.decimals, l]);
  return (
    <span class="number-value" title={written(value, f, l, 'full')} data-value={value ?? ''}>
      {moving ? <Count value={value} write={write} /> : write(value)}
      {value !== null && isTime(f.unit) && <small class="number-unit"> {t(`unit_${f.unit}`)}</small>}
    </span>
  );
}

function Aim({ value, aim, figure: f }: { value: number; aim: { value: number; below?: boolean }; figure: Shown }) {
  const met = aim.below ? value <= aim.value : value >= aim.value;
  return (
    <span class={`aim ${met ? 'aim-met' : 'aim-missed'}`}>
      <span aria-hidden="true">{met ? '✓' : '✗'}</span> {t('aim')} {written(aim.value, f, lang.value)}
    </span>
  );
}

function Ranked({ data, pick, widget }: Drawable) {
  const l = lang.value;
  const [dim] = data.dims;
  const [f, second] = data.figures;
  const rows = inOrder(data);
  const sum = rows.reduce((n, r) => n + (num(r, f!.at) ?? 0), 0) + (num(data.others[0], f!.at) ?? 0);
  const additive = !['percent', 'ratio'].includes(f!.unit) && !f!.unit.includes('/');
  const compared = f!.change >= 0 && rows.some((r) => num(r, f!.change) !== null);
  const note = (r: Cell[]) => {
    if (second) return written(num(r, second.at), second, l);
    if (compared) return changeText(num(r, f!.change), l);
    return additive && sum > 0 ? `${Math.round((100 * (num(r, f!.at) ?? 0)) / sum)}%` : '';
  };
  return (
    <div class={`ranked ${widget.show.colour ? `colour-${widget.show.colour}` : ''}`}>
      {second && (
        <p class="ranked-head quiet">
          {f!.title} · {second.title}
        </p>
      )}
      <Ranking
        label={f!.title}
        rows={rows.map((r) => ({
          code: String(r[dim!.at] ?? ''),
          name: cellName(data.answer, dim!.id, r[dim!.at] ?? null, l),
          value: num(r, f!.at),
          text: written(num(r, f!.at), f!, l),
          note: note(r),
        }))}
        open={(value) => pick({ dimension: dim!.id, value })}
      />
      {data.others.length > 0 && additive && (num(data.others[0], f!.at) ?? 0) > 0 && (
        <p class="ranked-others">
          <span>{t('others')}</span>
          <span>{written(num(data.others[0], f!.at), f!, l)}</span>
        </p>
      )}
    </div>
  );
}

function Cities({ data }: Drawable) {
  const l = lang.value;
  const f = data.figures[0]!;
  const dim = data.dims[0]!;
  const places = inOrder(data).map((r) => ({
    code: String(r[dim.at] ?? ''),
    name: cellName(data.answer, dim.id, r[dim.at] ?? null, l),
    value: num(r, f.at),
    text: figure(num(r, f.at), f.unit.split('/')[0]!, l, 'tile'),
  }));
  return (
    <div class="board-tiles" tabIndex={0} role="region" aria-label={f.title}>
      <TileGrid label={f.title} places={places} rate={f.unit === 'percent'} />
    </div>
  );
}

function Tiles({ data, pick, widget }: Drawable) {
  const l = lang.value;
  const found = useCountry();
  const map = widget.kind === 'map' ? found : null;
  const f = data.figures[0]!;
  const dim = data.dims[0]!;
  const places = data.rows.map((r) => ({
    code: String(r[dim.at] ?? ''),
    name: cellName(data.answer, dim.id, r[dim.at] ?? null, l),
    value: num(r, f.at),
    text: figure(num(r, f.at), f.unit.split('/')[0]!, l, 'tile'),
  }));
  return (
    <div class="board-tiles">
      {widget.kind === 'map' && !map && <p class="widget-hint">{t('noMap')}</p>}
      {map && (
        <Shapes
          map={map}
          label={f.title}
          noData={t('noNumbers')}
          places={places}
          rate={f.unit === 'percent' || f.unit === 'ratio'}
          name={(code) => placeName(code)}
          open={(value) => pick({ dimension: 'province', value })}
        />
      )}
      {!map && <div class="board-tiles-frame">
        <TileMap
          label={f.title}
          noData={t('noNumbers')}
          places={places}
          rate={f.unit === 'percent' || f.unit === 'ratio'}
          letters={l === 'en'}
          name={(code) => placeName(code)}
          aloud={(place, tile) => `${tile} ${place.text}: ${place.name}, ${f.title}`}
          open={(value) => pick({ dimension: 'province', value })}
        />
      </div>}
      <TileLegend low={t('low')} high={t('high')} />
    </div>
  );
}

function Matrix({ data, widget }: Drawable) {
  const l = lang.value;
  const f = data.figures[0]!;
  const m = useMemo(() => matrixOf(data, l), [data, l]);
  const heat = widget.kind === 'heat';
  const columns = heat ? Array.from({ length: 24 }, (_, h) => String(h).padStart(2, '0')) : m.columns.map((c) => c.cell);
  const keys = m.rows.flatMap((r) => columns.map((c) => [r.cell, c] as const));
  const steps = stepsOf(keys.map(([r, c]) => m.value(r, c)), f.unit === 'percent');
  const step = new Map(keys.map(([r, c], i) => [`${r}|${c}`, steps[i]]));
  return (
    <div class="matrix-frame" tabIndex={0} role="region" aria-label={f.title}>
      <table class={`matrix ${heat ? 'matrix-heat' : 'matrix-cohort'}`}>
        <thead>
          <tr>
            {heat ? <td /> : <td class="matrix-corner">{data.dims.map((d) => dimensionTitle(d.id, l)).join(' \\ ')}</td>}
            {columns.map((c, i) => (
              <th key={c} scope="col">
                <span class={heat && i % 3 !== 0 ? 'unseen' : undefined}>{heat ? String(Number(c)) : (m.columns[i]?.name ?? c)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {m.rows.map((r) => (
            <tr key={r.cell}>
              <th scope="row">{r.name}</th>
              {columns.map((c) => {
                const value = m.value(r.cell, c);
                // a month that has not come yet is no cell at all
                if (!heat && value === null) return <td key={c} />;
                const text = written(value, f, l);
                return (
                  <td key={c} class={`step-${step.get(`${r.cell}|${c}`) ?? 'none'}`} title={`${r.name} ${c}: ${text}`}>
                    <span class={heat ? 'unseen' : undefined}>{heat ? text : text.replace(/\.0%$/, '%')}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Funnel({ data }: Drawable) {
  const l = lang.value;
  const row = data.rows[0];
  const values = data.figures.map((f) => num(row, f.at));
  const most = Math.max(0, ...values.map((v) => v ?? 0));
  const rate = (a: number | null, b: number | null | undefined) => (a === null || !b ? '' : `${((100 * a) / b).toFixed(1)}%`);
  return (
    <ol class="funnel">
      {data.figures.map((f, i) => (
        <li key={f.id}>
          <span class="funnel-name">{f.title}</span>
          <span class="funnel-value">
            {written(values[i] ?? null, f, l)}
            {f.change >= 0 && <Change percent={num(row, f.change)} />}
          </span>
          <span class="funnel-bar" aria-hidden="true">
            <span style={{ width: `${most > 0 ? Math.max(0.5, (100 * (values[i] ?? 0)) / most) : 0}%` }} />
          </span>
          <span class="funnel-note quiet">
            {i > 0 && (
              <>
                {t('ofBefore', { share: rate(values[i] ?? null, values[i - 1]) || '–' })}
                {i > 1 && ` · ${t('ofFirst', { share: rate(values[i] ?? null, values[0]) || '–' })}`}
              </>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}

interface SheetTableProps {
  caption: string;
  sheet: Sheet;
  pick?: ((c: Chosen) => void) | undefined;
  shade?: boolean;
}

/** A widget's numbers as a table that sorts; the first cell of a dimension filters the board. */
export function SheetTable({ caption, sheet, pick, shade }: SheetTableProps) {
  const l = lang.value;
  const [sort, setSort] = useState<{ at: number; down: boolean } | null>(null);
  const order = sheet.rows.map((_, i) => i);
  if (sort) order.sort((a, b) => compare(sheet.rows[a]?.[sort.at] ?? null, sheet.rows[b]?.[sort.at] ?? null, sort.down));
  const dims = sheet.head.flatMap((h, i) => (h.dimension ? [i] : []));
  const steps = useMemo(
    () => sheet.head.map((h, i) => (shade && h.numeric && !h.change && sheet.rows.length > 2 ? stepsOf(sheet.rows.map((r) => (typeof r[i] === 'number' ? r[i] : null)), true) : null)),
    [sheet, shade],
  );
  return (
    <div class="table-frame" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {sheet.head.map((h, i) => (
              <th key={i} scope="col" class={h.numeric ? 'numeric' : undefined} aria-sort={sort?.at === i ? (sort.down ? 'descending' : 'ascending') : undefined}>
                <button type="button" onClick={() => setSort({ at: i, down: sort?.at === i ? !sort.down : h.numeric })}>
                  {h.title}
                  <span class="sort-mark" aria-hidden="true">
                    {sort?.at === i ? (sort.down ? '▾' : '▴') : ''}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {order.map((n) => (
            <tr key={n}>
              {sheet.rows[n]!.map((c, i) => {
                const at = dims.indexOf(i);
                const head = sheet.head[i]!;
                const content: ComponentChildren =
                  head.dimension && pick ? (
                    <button type="button" class="open" onClick={() => pick({ dimension: head.dimension!, value: sheet.codes[n]![at]! })}>
                      {c}
                    </button>
                  ) : head.numeric ? (
                    numberText(c, l, head.change)
                  ) : (
                    c
                  );
                if (i === 0) {
                  return (
                    <th key={i} scope="row">
                      {content}
                    </th>
                  );
                }
                const step = steps[i]?.[n];
                return (
                  <td key={i} class={[head.numeric && 'numeric', head.change && 'quiet', step && `shade-${step}`].filter(Boolean).join(' ')}>
                    {content}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
        {sheet.foot.length > 0 && (
          <tfoot>
            {sheet.foot.slice(0, 50).map((f, n) => (
              <tr key={n}>
                <th scope="row">{f.name}</th>
                {f.row.slice(1).map((c, i) => (
                  <td key={i} class={sheet.head[i + 1]?.numeric ? 'numeric' : undefined}>
                    {typeof c === 'number' ? numberText(c, l, sheet.head[i + 1]?.change) : c}
                  </td>
                ))}
              </tr>
            ))}
          </tfoot>
        )}
      </table>
    </div>
  );
}

function numberText(c: Cell, l: Lang, change = false): string {
  if (c === null) return '–';
  if (change && typeof c === 'number') return signed(c, l);
  return typeof c === 'number' ? new Intl.NumberFormat(l === 'zh' ? 'zh-CN' : 'en-GB', { maximumFractionDigits: 2 }).format(c) : String(c);
}

function NumberTable({ data, pick, widget }: Drawable) {
  const l = lang.value;
  const sheet = useMemo(() => sheetOf(data, l, true), [data, l]);
  return <SheetTable caption={widget.title[l] || t('kind_table')} sheet={sheet} pick={pick} shade />;
}

/** The sheets of a widget, for its table view, for copying and for CSV. */
export function sheetsOf(widget: Widget, got: WidgetAnswer, l: Lang): Sheet[] {
  const programmes = programmeSheet(got, l);
  const numbers = (['main', 'trend'] as const).flatMap((part) => {
    const data = dataOf(widget, got, part, l);
    return data && data.rows.length > 0 ? [sheetOf(data, l)] : [];
  });
  return programmes ? [programmes, ...numbers] : numbers;
}

export function csvOf(widget: Widget, got: WidgetAnswer, l: Lang): string {
  return sheetsOf(widget, got, l).map(csv).join('\r\n');
}

export function tsvOf(widget: Widget, got: WidgetAnswer, l: Lang): string {
  return sheetsOf(widget, got, l).map(tsv).join('\r\n');
}
