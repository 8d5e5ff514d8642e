// The calendar of Asia/Shanghai, in which every figure is counted. The zone has
// had no summer time since 1991, so a fixed offset is exact wherever the reader
// sits.

const zoneMs = 8 * 3600_000;
const dayMs = 24 * 3600_000;

/** A moment, cut into what the page needs of it. */
export interface Moment {
  /** 2026-11-22 */
  day: string;
  hour: number;
  /** 19:20:11 */
  clock: string;
  /** Share of the running hour that has passed, 0 to 1. */
  past: number;
}

/** Cuts an RFC 3339 time; null when it is none. */
export function momentOf(time: string | null): Moment | null {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? null : at(ms);
}

/** Cuts a moment given in UTC milliseconds. */
export function at(ms: number): Moment {
  const iso = new Date(ms + zoneMs).toISOString();
  return {
    day: iso.slice(0, 10),
    hour: Number(iso.slice(11, 13)),
    clock: iso.slice(11, 19),
    past: (((ms + zoneMs) % 3600_000) + 3600_000) % 3600_000 / 3600_000,
  };
}

/** The day n days later; n may be negative. */
export function addDays(day: string, n: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + n * dayMs).toISOString().slice(0, 10);
}

/** n days that end with last, oldest first. */
export function daysUpTo(last: string, n: number): string[] {
  return Array.from({ length: n }, (_, i) => addDays(last, i - n + 1));
}

/** The 24 hours of a day as the API names them: 2026-11-22T00 ... T23. */
export function hoursOf(day: string): string[] {
  return Array.from({ length: 24 }, (_, h) => `${day}T${String(h).padStart(2, '0')}`);
}

/** 0 is Sunday. */
export function weekday(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}

/** A moment in Shanghai, as 2026-11-22 20:24. */
export function clock(time: string | null): string {
  if (!time) return '';
  const m = at(Date.parse(time));
  return `${m.day} ${m.clock.slice(0, 5)}`;
}
