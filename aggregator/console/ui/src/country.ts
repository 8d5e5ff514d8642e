// What the page asks and what it makes of the answers. No I/O: queries go out,
// answers come in, a View comes out.

import { by, only, type Figures } from './answer';
import type { Answer, Query } from './api';
import { addDays, daysUpTo, hoursOf, type Moment } from './calendar';

/** The figures on the cards, in their order; each can be shown on map and curves. */
export const cards = [
  'active_boxes',
  'power_ons',
  'clicks',
  'click_to_play',
  'plays',
  'viewing_minutes',
  'orders',
  'revenue',
] as const;

export type Card = (typeof cards)[number];

/** Modes of viewing in the order they are drawn. */
export const modes = ['live', 'timeshift', 'catchup', 'vod', 'app'] as const;

/** Days in the trend, today included. */
export const trendDays = 30;

// distinct boxes and ratios cannot be added up over hours
const additive: ReadonlySet<string> = new Set(['power_ons', 'clicks', 'plays', 'viewing_minutes', 'orders', 'revenue']);

// a rate is null where nobody was asked; a count is 0 there
const nullable: ReadonlySet<string> = new Set(['click_to_play', 'activity_rate']);

/** Which part of the country: '' is all of it, else a province's code. */
export type Place = string;

export interface Questions {
  total: Query;
  regions: Query;
  /** null: the reader sees no viewing. */
  modes: Query | null;
  hours: Query;
}

const beside = ['activity_rate', 'reporting_boxes'] as const;
const byMode = ['plays', 'viewing_minutes', 'viewers'] as const;

type Sees = (id: string) => boolean;
const all: Sees = () => true;

/** The questions whose answers move all the time, about what the reader sees. */
export function questions(today: string, place: Place, sees: Sees = all): Questions {
  const seen = cards.filter(sees);
  const filters = place ? [{ dimension: 'province', in: [place] }] : [];
  const day = { from: today, to: today, filters, grain: 'total' as const };
  return {
    total: { ...day, indicators: [...seen, ...beside.filter(sees)] },
    regions: { ...day, indicators: seen, dimensions: [place ? 'city' : 'province'] },
    modes: byMode.every(sees) ? { ...day, indicators: byMode, dimensions: ['mode'] } : null,
    hours: { indicators: seen, filters, from: addDays(today, -1), to: today, grain: 'hour' },
  };
}

/** The question about the last days; it changes slowly. */
export function trendQuestion(today: string, place: Place, sees: Sees = all): Query {
  return {
    indicators: cards.filter(sees),
    filters: place ? [{ dimension: 'province', in: [place] }] : [],
    from: addDays(today, 1 - trendDays),
    to: today,
    grain: 'day',
  };
}

export interface Region {
  code: string;
  figures: Figures;
}

export interface Mode {
  id: string;
  plays: number;
  minutes: number;
  viewers: number;
}

/** Everything the page shows of one place at one moment. */
export interface View {
  place: Place;
  now: Moment;
  completeness: number | null;
  total: Figures;
  /** By code; regions without figures are left out. The code of unknown is ''. */
  regions: Region[];
  modes: Mode[];
  /** 24 values each; what lies ahead is null. */
  hours: Record<Card, { today: (number | null)[]; yesterday: (number | null)[] }>;
}

export interface Trend {
  place: Place;
  days: string[];
  values: Record<Card, (number | null)[]>;
}

export function view(place: Place, now: Moment, answers: Record<Exclude<keyof Questions, 'modes'>, Answer> & { modes: Answer | null }): View {
  const hours = by(answers.hours, 'period');
  const today = hoursOf(now.day);
  const yesterday = hoursOf(addDays(now.day, -1));
  // the platform may be younger than a day; then nothing was counted, which is not zero
  const anyYesterday = yesterday.some((h) => counted(hours.get(h)));
  const dimension = place ? 'city' : 'province';
  return {
    place,
    now,
    completeness: answers.total.completeness,
    total: only(answers.total),
    regions: [...by(answers.regions, dimension)].map(([code, figures]) => ({ code, figures })),
    modes: answers.modes ? modesOf(answers.modes) : [],
    hours: each((id) => ({
      today: today.map((h, i) => (i > now.hour ? null : valueOf(hours.get(h), id))),
      yesterday: yesterday.map((h) => (anyYesterday ? valueOf(hours.get(h), id) : null)),
    })),
  };
}

export function trend(place: Place, today: string, answer: Answer): Trend {
  const found = by(answer, 'period');
  const days = daysUpTo(today, trendDays);
  // nothing was counted before the first day: that is not zero
  const first = days.findIndex((d) => counted(found.get(d)));
  return {
    place,
    days,
    values: each((id) => days.map((d, i) => (first < 0 || i < first ? null : valueOf(found.get(d), id)))),
  };
}

/** Whether any box has ever been heard of in what is shown. */
export function isEmpty(v: View): boolean {
  return v.regions.length === 0 && !counted(v.total);
}

/**
 * The figure of yesterday up to the same time of day, the running hour taken in
 * proportion; null for figures that do not add up, and without a yesterday.
 */
export function sameTimeYesterday(v: View, id: Card): number | null {
  if (!additive.has(id)) return null;
  let sum = 0;
  for (const [h, value] of v.hours[id].yesterday.entries()) {
    if (h > v.now.hour) break;
    if (value === null) return null;
    sum += h === v.now.hour ? value * v.now.past : value;
  }
  return sum;
}

/** Yesterday's figure of the whole day; null if there is none. */
export function yesterdayOf(t: Trend | null, id: Card): number | null {
  return t?.values[id].at(-2) ?? null;
}

/** a : b as "1 : x" with b for one a; null if a is 0. */
export function perOne(a: number, b: number): number | null {
  return a > 0 ? b / a : null;
}

/** Whether figures of this kind add up over places and hours. */
export function addsUp(id: Card): boolean {
  return additive.has(id) || id === 'active_boxes';
}

function modesOf(answer: Answer): Mode[] {
  const found = by(answer, 'mode');
  const known = modes.map((id) => [id, found.get(id)] as const);
  const others = [...found].filter(([id]) => !(modes as readonly string[]).includes(id));
  return [...known, ...others].map(([id, f]) => ({
    id,
    plays: f?.['plays'] ?? 0,
    minutes: f?.['viewing_minutes'] ?? 0,
    viewers: f?.['viewers'] ?? 0,
  }));
}

// without dimensions every period has a row, be it of zeros
function counted(figures: Figures | undefined): boolean {
  return figures !== undefined && Object.values(figures).some(Boolean);
}

function valueOf(figures: Figures | undefined, id: string): number | null {
  return figures?.[id] ?? (nullable.has(id) ? null : 0);
}

function each<T>(make: (id: Card) => T): Record<Card, T> {
  return Object.fromEntries(cards.map((id) => [id, make(id)])) as Record<Card, T>;
}
