// The page's one connection: a stream of changes that reconnects by itself, and
// the questions asked anew whenever something has changed.

import { batch, computed, effect, signal } from '@preact/signals';

import * as api from './api';
import { ApiError, type Catalogue, type Change, type Me, type Status } from './api';
import { at, momentOf, type Moment } from './calendar';
import { cards, questions, trend, trendQuestion, view, type Place, type Trend, type View } from './country';
import { Refresher } from './refresher';
import { backoff, read, type ServerEvent } from './stream';

export type Link = 'connecting' | 'live' | 'lost' | 'signedout';

// the stream speaks at least every 15 s; two missed words and it is dead
const silenceMs = 35_000;
const nowGapMs = 1_500;
const trendGapMs = 30_000;
const statusGapMs = 5_000;
const asideMs = 4_000;
const signedOutRetryMs = 5_000;
const problemRetryMs = 10_000;
const wakers = ['online', 'focus'];

/** State of the connection. */
export const link = signal<Link>('connecting');
/** When the next try is due while lost (performance.now()), else 0. */
export const retryAt = signal(0);
/** The newest moment the server has spoken of; null before it did. */
export const asOf = signal<Moment | null>(null);
/** The figures of the place shown; those of the former place until new ones are there. */
export const shown = signal<View | null>(null);
export const shownTrend = signal<Trend | null>(null);
export const names = signal<Catalogue | null>(null);
/** Who reads; null before the server said so. */
export const me = signal<Me | null>(null);
export const health = signal<Status | null>(null);
/** Why the last questions went unanswered although the server is there. */
export const problem = signal<ApiError | null>(null);

/**
 * The reader looks at something else than the country's figures. They are kept for when
 * there is no network, so they are asked for all the same, but after what is looked at.
 */
export const aside = signal(false);

const place = signal<Place>('');
let hurry: (() => void) | null = null;
let again: (() => void) | null = null;
let dropStream: (() => void) | null = null;

/** Turns to another place; its figures follow. */
export function turnTo(to: Place): void {
  place.value = to;
}

/** Ends the wait for the next attempt. */
export function retryNow(): void {
  hurry?.();
}

/** Asks all questions anew now. */
export function askAgain(): void {
  again?.();
}

/** Own data sources of which other rows hold since a moment ago. */
export const movedSources = signal<string[]>([]);

/** Connects until the returned function is called. Call it once a page. */
export function start(): () => void {
  const stop = new AbortController();
  const now = new Refresher(nowGapMs, (s) => asking(s, askNow));
  const days = new Refresher(trendGapMs, (s) => asking(s, askTrend));
  const state = new Refresher(statusGapMs, (s) => asking(s, askStatus));

  const all = () => {
    now.poke();
    days.poke();
    state.poke();
  };
  again = all;
  // a server that failed once may be well again; no change may come to say so
  const retry = setInterval(() => {
    if (problem.value && link.value === 'live' && !document.hidden) all();
  }, problemRetryMs);
  // unseen pages ask nothing; they catch up when they are seen
  let missed = false;
  const seen = () => {
    if (document.hidden || !missed) return;
    missed = false;
    all();
  };
  document.addEventListener('visibilitychange', seen);

  const endTurn = effect(() => {
    place.value;
    now.restart();
    days.restart();
  });
  let day = '';
  const endDay = effect(() => {
    const today = asOf.value?.day ?? '';
    if (day && today && today !== day) days.restart();
    day = today;
  });

  let first = true;
  void keepConnected(stop.signal, {
    opened: () => {
      if (first) {
        // what was asked before the stream stood is asked again, but not given up for that
        first = false;
        now.poke();
        days.poke();
        if (!standing) state.poke(); // else it is being asked this moment
        return;
      }
      beginning = naming = standing = null; // whatever hung on the connection that was lost
      // what the reader holds may have changed meanwhile
      askMe(stop.signal).catch(() => undefined);
      now.restart();
      days.restart();
      state.restart();
    },
    changed: (c) => {
      if (c.sources?.length) movedSources.value = c.sources;
      setAsOf(c.as_of);
      if (document.hidden) {
        missed = true;
        return;
      }
      state.poke();
      if (place.value && c.provinces.length > 0 && !c.provinces.includes(place.value)) return;
      now.poke();
      // late boxes move earlier days too
      if (c.hours.some((h) => !h.startsWith(day))) days.poke();
    },
  });

  return () => {
    stop.abort();
    clearInterval(retry);
    again = null;
    document.removeEventListener('visibilitychange', seen);
    endTurn();
    endDay();
    for (const r of [now, days, state]) r.stop();
  };
}

interface Listener {
  /** A stream stands; whatever happened before was missed. */
  opened(): void;
  changed(c: Change): void;
}

async function keepConnected(stop: AbortSignal, listener: Listener): Promise<void> {
  for (let attempt = 0; !stop.aborted; attempt++) {
    let wait: number;
    const connection = new AbortController();
    const end = () => connection.abort();
    stop.addEventListener('abort', end);
    dropStream = end;
    try {
      const stream = await api.changes(connection.signal);
      batch(() => {
        link.value = 'live';
        retryAt.value = 0;
      });
      attempt = 0;
      listener.opened();
      await read(stream, silenceMs, (e) => {
        const c = changeOf(e);
        if (c) listener.changed(c);
      });
      wait = backoff(0);
      lost(wait);
    } catch (cause) {
      if (stop.aborted) return;
      if (cause instanceof ApiError && cause.signedOut) {
        wait = signedOutRetryMs; // the admin link may be opened in another tab
        batch(() => {
          link.value = 'signedout';
          retryAt.value = 0;
        });
      } else {
        wait = backoff(attempt);
        lost(wait);
      }
    } finally {
      connection.abort();
      stop.removeEventListener('abort', end);
    }
    await pause(wait, stop);
  }
}

function lost(wait: number): void {
  batch(() => {
    link.value = 'lost';
    retryAt.value = performance.now() + wait;
  });
}

/** Waits ms milliseconds, less if retryNow is called, the reader comes back or the network does. */
function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const event of wakers) window.removeEventListener(event, done);
      stop.removeEventListener('abort', done);
      hurry = null;
      resolve();
    };
    const timer = setTimeout(done, ms);
    for (const event of wakers) window.addEventListener(event, done);
    stop.addEventListener('abort', done);
    hurry = done;
  });
}

function changeOf(e: ServerEvent): Change | null {
  if (e.event !== 'changed') return null;
  try {
    const c = JSON.parse(e.data) as Partial<Change>;
    return { as_of: c.as_of ?? '', hours: c.hours ?? [], provinces: c.provinces ?? [], sources: c.sources ?? [] };
  } catch {
    return null; // the next event brings the same news
  }
}

async function asking(signal: AbortSignal, ask: (s: AbortSignal) => Promise<void>): Promise<void> {
  try {
    await ask(signal);
  } catch (cause) {
    if (signal.aborted || api.isAbort(cause)) return;
    const error = cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause));
    // the stream was opened by a session that has ended since: its next attempt tells
    if (error.signedOut) dropStream?.();
    // the stream notices a dead server by itself and says so
    else if (error.status !== 0) problem.value = error;
  }
}

/** Whether all data that a figure is made of is open to the reader somewhere. */
export function sees(id: string): boolean {
  const about = names.value?.indicators.find((i) => i.id === id);
  const holds = me.value?.holds;
  return !about || !holds || about.data.every((d) => holds.some((h) => h.data === d));
}

/** Whether the reader may do something. */
export function may(power: string): boolean {
  return me.value?.powers.includes(power) ?? true;
}

/** Whether a data set is open to the reader somewhere. */
export function holds(data: string): boolean {
  return me.value?.holds.some((h) => h.data === data) ?? false;
}

/** The cards of figures that the reader sees. */
export const seenCards = computed(() => cards.filter(sees));

/** Asks anew who reads: their name, what they hold, whether pages are marked. */
export async function askMe(signal?: AbortSignal): Promise<void> {
  me.value = await api.me(signal);
}

let naming: Promise<Catalogue> | null = null;

/** The catalogue, asked for once whoever needs it and however often they begin anew. */
async function name(): Promise<void> {
  if (names.value) return;
  naming ??= api.catalogue().finally(() => (naming = null));
  names.value = await naming;
}

let beginning: Promise<unknown> | null = null;
let standing: Promise<unknown> | null = null;

/** What every question needs to be known before it; asked for once for all of them. */
async function askFirst(): Promise<void> {
  if (!names.value || !me.value) {
    beginning ??= Promise.all([name(), me.value ?? askMe()]).finally(() => (beginning = null));
    await beginning;
  }
  if (aside.peek() && !shown.peek()) await until(() => !aside.value, asideMs);
  if (!asOf.value) await (standing ??= askStatus().finally(() => (standing = null)));
}

/** Waits until what is said of signals holds, ms milliseconds at most. */
function until(holds: () => boolean, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const end = effect(() => {
      if (!holds()) return;
      clearTimeout(timer);
      resolve();
    });
    setTimeout(end, ms);
  });
}

async function askNow(signal: AbortSignal): Promise<void> {
  const where = place.value;
  await askFirst();
  if (signal.aborted) return;
  const now = asOf.value ?? at(Date.now());
  if (seenCards.value.length === 0) {
    batch(() => {
      shown.value = null;
      problem.value = null;
    });
    return;
  }
  const q = questions(now.day, where, sees);
  const [total, regions, modes, hours] = await Promise.all([
    api.query(q.total, signal),
    api.query(q.regions, signal),
    q.modes ? api.query(q.modes, signal) : null,
    api.query(q.hours, signal),
  ]);
  if (signal.aborted) return;
  batch(() => {
    setAsOf(total.as_of);
    shown.value = view(where, momentOf(total.as_of) ?? now, { total, regions, modes, hours });
    problem.value = null;
  });
}

async function askTrend(signal: AbortSignal): Promise<void> {
  const where = place.value;
  await askFirst();
  if (signal.aborted || seenCards.value.length === 0) return;
  const today = (asOf.value ?? at(Date.now())).day;
  const answer = await api.query(trendQuestion(today, where, sees), signal);
  if (!signal.aborted) shownTrend.value = trend(where, today, answer);
}

async function askStatus(signal?: AbortSignal): Promise<void> {
  const answer = await api.status(signal);
  if (signal?.aborted) return;
  health.value = answer;
  setAsOf(answer.as_of);
}

function setAsOf(time: string | null): void {
  const moment = momentOf(time);
  const old = asOf.peek();
  if (!moment) return;
  if (old && old.day === moment.day && old.clock === moment.clock) return;
  asOf.value = moment;
}
