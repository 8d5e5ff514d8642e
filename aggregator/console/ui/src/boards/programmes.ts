// What was on, beside the curve of a day's minutes: the server says which broadcasts, here
// they are laid on the axis. No I/O.

import type { Lang } from '../api';
import { momentOf } from '../calendar';
import { exact, missing } from '../format';
import { cellName, dimensionTitle, type Sheet } from './data';
import type { WidgetAnswer } from './model';
import { t } from './words';

/** A broadcast on the day of a curve. */
export interface Programme {
  channel: string;
  channelName: string;
  name: string;
  /** Minutes since the day began, from 0 to 1440; to is not included. */
  from: number;
  to: number;
  /** Mean boxes while it was on. */
  audience: number | null;
}

const minutesOfDay = 24 * 60;

/** A moment as a minute of the day; what lies outside is cut at its edge. */
function minuteOf(moment: string | null, day: string): number {
  const m = momentOf(moment);
  if (!m || m.day < day) return 0;
  if (m.day > day) return minutesOfDay;
  return Number(m.clock.slice(0, 2)) * 60 + Number(m.clock.slice(3, 5));
}

/** What was on, by channel, then by time; none if the curve has no such part. */
export function programmesOf(got: WidgetAnswer, lang: Lang): Programme[] {
  const part = got.parts.find((p) => p.part === 'programmes');
  if (!part) return [];
  const day = part.request.to;
  return part.answer.rows.flatMap((r) => {
    const air = part.answer.airings?.[String(r[2])];
    if (!air) return [];
    const audience = typeof r[3] === 'number' ? r[3] : null;
    return [{ channel: String(r[1]), channelName: cellName(part.answer, 'channel', r[1] ?? null, lang), name: air.name, from: minuteOf(air.from, day), to: minuteOf(air.to, day), audience }];
  });
}

/** What was on a channel in a minute such as 19:05; '' stands for the only channel. */
export function onAt(all: readonly Programme[], channel: string, minute: string): Programme | null {
  const m = Number(minute.slice(0, 2)) * 60 + Number(minute.slice(3, 5));
  return all.find((p) => (channel === '' || p.channel === channel) && p.from <= m && m < p.to) ?? null;
}

/** Those that get their name on the curve: the most watched first, none nearer to another than gap minutes. */
export function named(all: readonly Programme[], gap: number): Programme[] {
  const kept: Programme[] = [];
  const middle = (p: Programme) => (p.from + p.to) / 2;
  for (const p of [...all].sort((a, b) => (b.audience ?? 0) - (a.audience ?? 0) || a.from - b.from)) {
    if (kept.every((k) => Math.abs(middle(k) - middle(p)) >= gap)) kept.push(p);
  }
  return kept.sort((a, b) => a.from - b.from);
}

/** 1150 as 19:10. */
export function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** When it was on, as people write it. */
export function spanOf(p: Programme): string {
  return `${clockOf(p.from)}–${clockOf(p.to)}`;
}

/** The programmes as a table of words. */
export function programmeSheet(got: WidgetAnswer, lang: Lang): Sheet | null {
  const all = programmesOf(got, lang);
  if (all.length === 0) return null;
  return {
    head: [
      { title: t('programme'), numeric: false },
      { title: t('onFrom'), numeric: false },
      { title: t('onTo'), numeric: false },
      { title: dimensionTitle('channel', lang), numeric: false, dimension: 'channel' },
      { title: t('onAudience'), numeric: true },
    ],
    rows: all.map((p) => [p.name, clockOf(p.from), clockOf(p.to), p.channelName, p.audience]),
    codes: all.map((p) => [p.channel]),
    foot: [],
  };
}

/** Why a curve shows no programmes, if it could; '' if it shows them. */
export function whyNone(got: WidgetAnswer): 'chooseChannel' | 'noSchedule' | '' {
  const part = got.parts.find((p) => p.part === 'programmes');
  if (!part) return 'chooseChannel';
  return part.answer.rows.length === 0 ? 'noSchedule' : '';
}

/** A programme's line in a tooltip. */
export function lineOf(p: Programme, lang: Lang): string {
  return `${spanOf(p)} · ${p.audience === null ? missing : exact(p.audience, lang, 1)}`;
}

