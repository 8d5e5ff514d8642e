// The page of data quality: what it asks, when it asks anew, and what is made of
// the answer.

import { effect, signal } from '@preact/signals';

import * as api from './api';
import { ApiError, type Quality, type QualityRow, type Verdict } from './api';
import { at, daysUpTo } from './calendar';
import { asOf, link } from './live';
import { qualityRoute } from './route';

/** How many days may be shown. */
export const spans = [14, 31, 62] as const;

/** Verdicts from the worst to the best. */
export const verdicts: readonly Verdict[] = ['bad', 'attention', 'good', 'none'];

// the server judges anew once a minute
const everyMs = 60_000;

/** Days shown. */
export const span = signal<number>(spans[0]);
/** The answer shown, and its days, oldest first. */
export const board = signal<{ days: string[]; answer: Quality } | null>(null);
/** Why the last question went unanswered. */
export const boardProblem = signal<ApiError | null>(null);

/** Keeps the board fresh while the page is open; call once. */
export function watchQuality(): void {
  let running: AbortController | null = null;
  const ask = async () => {
    running?.abort();
    const mine = (running = new AbortController());
    const days = daysUpTo((asOf.peek() ?? at(Date.now())).day, span.peek());
    try {
      const answer = await api.quality(days[0]!, days[days.length - 1]!, mine.signal);
      if (mine.signal.aborted) return;
      board.value = { days, answer };
      boardProblem.value = null;
    } catch (cause) {
      if (mine.signal.aborted || api.isAbort(cause)) return;
      boardProblem.value = cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause));
    }
  };
  let timer: ReturnType<typeof setInterval> | undefined;
  effect(() => {
    const open = qualityRoute.value !== null && link.value === 'live';
    span.value;
    asOf.value?.day; // a new day is a new column
    clearInterval(timer);
    if (!open) return;
    void ask();
    timer = setInterval(() => {
      if (!document.hidden) void ask();
    }, everyMs);
  });
}

/** Rows by province, worst first, each with a cell a day; undefined: nothing is known. */
export interface Line {
  code: string;
  cells: (QualityRow | undefined)[];
}

/** Puts rows on the grid: provinces with more and later trouble come first. */
export function lines(rows: readonly QualityRow[], days: readonly string[]): Line[] {
  const found = new Map<string, Line>();
  const column = new Map(days.map((d, i) => [d, i]));
  for (const row of rows) {
    const i = column.get(row.day);
    if (i === undefined) continue;
    let line = found.get(row.province);
    if (!line) found.set(row.province, (line = { code: row.province, cells: new Array(days.length).fill(undefined) }));
    line.cells[i] = row;
  }
  const weight = (l: Line) => l.cells.reduce((sum, c) => sum + (c?.verdict === 'bad' ? 100 : c?.verdict === 'attention' ? 1 : 0), 0);
  return [...found.values()].sort((a, b) => weight(b) - weight(a) || a.code.localeCompare(b.code));
}

/** How many cells have each verdict. */
export function tally(rows: readonly QualityRow[]): Record<Verdict, number> {
  const count: Record<Verdict, number> = { none: 0, good: 0, attention: 0, bad: 0 };
  for (const r of rows) count[r.verdict]++;
  return count;
}

/** Where an arrow key leads on a grid of some size; null: nowhere. */
export function step(key: string, row: number, column: number, rows: number, columns: number): [number, number] | null {
  const clamp = (v: number, most: number) => Math.max(0, Math.min(most - 1, v));
  switch (key) {
    case 'ArrowLeft':
      return [row, clamp(column - 1, columns)];
    case 'ArrowRight':
      return [row, clamp(column + 1, columns)];
    case 'ArrowUp':
      return [clamp(row - 1, rows), column];
    case 'ArrowDown':
      return [clamp(row + 1, rows), column];
    case 'Home':
      return [row, 0];
    case 'End':
      return [row, columns - 1];
  }
  return null;
}
