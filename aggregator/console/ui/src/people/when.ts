import { at } from '../calendar';

/** A moment in Shanghai, as 2026-11-22 20:24. */
export function clock(time: string | null): string {
  if (!time) return '';
  const m = at(Date.parse(time));
  return `${m.day} ${m.clock.slice(0, 5)}`;
}
