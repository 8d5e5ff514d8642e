// The page of insights: what it asks, and what is made of the answers.

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

import * as api from './api';
import { ApiError, type Mover } from './api';
import { addDays, at } from './calendar';
import { asOf, link } from './live';

/** How many days may be looked at. */
export const spans = [7, 28] as const;

/** Days looked at; they end yesterday, the last day that is over. */
export const span = signal<number>(spans[0]);

/** The last day that is over, in Shanghai. */
export function yesterday(): string {
  return addDays((asOf.value ?? at(Date.now())).day, -1);
}

/** The days looked at, as a question has them. */
export function days(last: string, n: number): string {
  return `from=${addDays(last, 1 - n)}&to=${last}`;
}

/** The province, as a question has it; '' is all. */
export function within(place: string): string {
  return place ? `&province=${place}` : '';
}

// the server finds out anew once a minute; days that are over move seldom
const everyMs = 5 * 60_000;

export interface Asked<T> {
  /** The last answer to this question; null while there is none. */
  answer: T | null;
  problem: ApiError | null;
}

/** Keeps the answer to a question; null asks nothing. `turn` asks anew when it changes. */
export function useInsight<T>(question: string | null, turn = 0): Asked<T> {
  const [state, setState] = useState<Asked<T> & { of: string | null }>({ of: null, answer: null, problem: null });
  const open = link.value === 'live';
  useEffect(() => {
    if (question === null || !open) return;
    const stop = new AbortController();
    const ask = async () => {
      try {
        const answer = await api.insight<T>(question, stop.signal);
        if (!stop.signal.aborted) setState({ of: question, answer, problem: null });
      } catch (cause) {
        if (stop.signal.aborted || api.isAbort(cause)) return;
        const problem = cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause));
        setState((s) => ({ of: question, answer: s.of === question ? s.answer : null, problem }));
      }
    };
    void ask();
    const timer = setInterval(() => {
      if (!document.hidden) void ask();
    }, everyMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [question, open, turn]);
  return state.of === question ? state : { answer: null, problem: null };
}

/** A mover and where its bar lies, 0 to 100, around a middle at 50. */
export interface Bar {
  mover: Mover;
  left: number;
  width: number;
}

/** Bars of contributions on one scale: the widest reaches an edge. */
export function bars(movers: readonly Mover[]): Bar[] {
  const most = Math.max(0, ...movers.map((m) => Math.abs(m.change)));
  return movers.map((mover) => {
    const width = most > 0 ? (50 * Math.abs(mover.change)) / most : 0;
    return { mover, left: mover.change < 0 ? 50 - width : 50, width };
  });
}
