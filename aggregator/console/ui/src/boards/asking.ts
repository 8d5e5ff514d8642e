// The answers of widgets: a few at a time, again when figures have moved.

import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { ApiError, isAbort } from '../api';
import { asOf, link, movedSources } from '../live';
import { lang } from '../prefs';
import { Refresher } from '../refresher';
import * as api from './api';
import type { Filters, Widget, WidgetAnswer } from './model';

// a board of thirty widgets must not take the server for itself
const lanes = 4;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(stop: AbortSignal, job: () => Promise<T>): Promise<T> {
  while (running >= lanes) await new Promise<void>((go) => waiting.push(go));
  if (stop.aborted) {
    waiting.shift()?.(); // the turn goes on to the next
    throw new DOMException('', 'AbortError');
  }
  running++;
  try {
    return await job();
  } finally {
    running--;
    waiting.shift()?.();
  }
}

export interface Asked {
  answer: WidgetAnswer | null;
  problem: ApiError | null;
  /** The answer is to an earlier question, or none is there yet. */
  waiting: boolean;
}

// figures that may still move are asked again this often at most, others seldom
const movingMs = 5_000;
const restingMs = 60_000;
const typingMs = 350;

/** The reader came by a link: nothing can be turned, drilled into or taken out. */
export const strange = signal(false);

let ask: typeof api.answer = api.answer;

/** Has widgets asked in another way, with what a link opens. */
export function answerBy(by: typeof api.answer): void {
  ask = by;
}

/** Asks all widgets anew when it changes. */
export const turn = signal(0);

/** Keeps the answer to a widget within filters. */
export function useAnswer(widget: Widget, filters: Filters): Asked {
  const asks = widget.kind !== 'text';
  const { id: _id, title: _title, place: _place, phone: _phone, prose: _prose, ...what } = widget;
  const question = asks ? JSON.stringify([what, widget.alone ? {} : filters]) : '';
  const [state, setState] = useState<Asked & { of: string }>({ of: '', answer: null, problem: null, waiting: true });
  const refresher = useRef<{ poke(): void; today: string } | null>(null);
  // who is back after a loss asks again; who has only just come has asked
  const open = link.value === 'live' || link.value === 'connecting';
  const again = turn.value;
  const first = useRef(true);
  const answered = useRef('');

  // before the frame is painted, not after: the answer comes meanwhile
  useLayoutEffect(() => {
    if (!asks) return;
    const job = async (stop: AbortSignal) => {
      try {
        const answer = await inTurn(stop, () => ask({ ...widget, prose: { zh: '', en: '' } }, filters, stop, answered.current !== question));
        if (stop.aborted) return;
        answered.current = question;
        if (answer.old) moving.poke();
        if (refresher.current) refresher.current.today = answer.parts[0]?.request.to ?? '';
        setState({ of: question, answer, problem: null, waiting: false });
      } catch (cause) {
        if (stop.aborted || isAbort(cause)) return;
        const problem = cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause));
        setState((s) => ({ of: question, answer: s.of === question ? s.answer : null, problem, waiting: false }));
      }
    };
    const moving = new Refresher(movingMs, job);
    const resting = new Refresher(restingMs, job);
    const mine = {
      today: '',
      poke: () => (mine.today === '' || mine.today >= (asOf.peek()?.day ?? '') ? moving : resting).poke(),
    };
    refresher.current = mine;
    // the first question goes at once; while somebody types, only the last one does
    const begin = first.current ? undefined : setTimeout(() => moving.restart(), typingMs);
    if (first.current) moving.restart();
    first.current = false;
    setState((s) => ({ ...s, waiting: true }));
    return () => {
      clearTimeout(begin);
      moving.stop();
      resting.stop();
      refresher.current = null;
    };
  }, [question, open, again]);

  const moment = asOf.value;
  const seen = useRef(moment);
  useEffect(() => {
    if (moment === seen.current) return;
    seen.current = moment;
    if (!document.hidden) refresher.current?.poke();
  }, [moment]);

  // what was refused is told in the language of then
  const spoken = lang.value;
  const asked = useRef(spoken);
  useEffect(() => {
    if (spoken === asked.current) return;
    asked.current = spoken;
    if (state.problem) refresher.current?.poke();
  }, [spoken]);

  const moved = movedSources.value;
  const told = useRef(moved);
  useEffect(() => {
    if (moved === told.current) return;
    told.current = moved;
    const shows = state.answer?.parts.some((p) => p.answer.sources?.some((s) => moved.includes(s.name)));
    if (shows || state.problem) refresher.current?.poke();
  }, [moved]);

  return state;
}
