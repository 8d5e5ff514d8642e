import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { WidgetAnswer } from '../src/boards/model';
import type { Data } from '../src/boards/data';
import type { Look } from '../src/boards/draw';
import { minuteCurve } from '../src/boards/minutes';
import { clockOf, named, onAt, programmesOf, programmeSheet, whyNone } from '../src/boards/programmes';

const none = { zh: '', en: '' };
const air = (name: string, from: string, to: string) => ({ name, from: `${from}:00+08:00`, to: `${to}:00+08:00` });
const got = {
  parts: [
    {
      part: 'programmes',
      request: { indicators: [], from: '2026-11-23', to: '2026-11-24' },
      answer: {
        columns: [],
        rows: [['total', 'cctv1', 'a', 3], ['total', 'cctv1', 'b', 9.25], ['total', 'zjws', 'c', null], ['total', 'zjws', 'gone', 1]],
        airings: { a: air('Late', '2026-11-23T23:30', '2026-11-24T00:30'), b: air('News', '2026-11-24T19:00', '2026-11-24T19:30'), c: air('Show', '2026-11-24T23:00', '2026-11-25T01:00') },
      },
    },
  ],
} as unknown as WidgetAnswer;

test('programmes lie on the minutes of their day, cut at its edges', () => {
  const all = programmesOf(got, 'en');
  assert.deepEqual(all.map((p) => [p.channel, p.name, p.from, p.to, p.audience]), [['cctv1', 'Late', 0, 30, 3], ['cctv1', 'News', 1140, 1170, 9.25], ['zjws', 'Show', 1380, 1440, null]]);
  assert.equal(onAt(all, 'cctv1', '19:29')?.name, 'News');
  assert.equal(onAt(all, 'cctv1', '19:30'), null);
  assert.equal(onAt(all, 'zjws', '19:29'), null);
  assert.equal(clockOf(65), '01:05');
  assert.deepEqual(programmeSheet(got, 'en')?.rows[1], ['News', '19:00', '19:30', 'cctv1', 9.25]);
  assert.equal(whyNone(got), '');
  assert.equal(whyNone({ parts: [] }), 'chooseChannel');
});

test('of programmes that lie close the most watched has its name', () => {
  const p = (name: string, from: number, audience: number) => ({ channel: 'c', channelName: 'c', name, from, to: from + 30, audience });
  assert.deepEqual(named([p('a', 0, 1), p('b', 30, 5), p('c', 60, 2), p('d', 120, 1)], 60).map((x) => x.name), ['b', 'd']);
});

test('a minute in which nobody watched is nought, one to come is none; names are on the curve', () => {
  const figure = { id: 'minute_ama', title: 'Audience', unit: 'boxes', formula: '', at: 2, before: -1, change: -1, decimals: undefined };
  const data = { answer: { columns: [], labels: {} }, figures: [figure], dims: [{ id: 'minute', at: 1 }], rows: [['total', '00:02', 4], ['total', '19:05', 7]], others: [], totals: [], timed: false, periods: [] } as unknown as Data;
  const l: Look = { palette: { ink: '', muted: '', line: '', surface: '', accent: '', soft: '', before: '' }, series: ['red', 'blue'], named: {}, font: '', still: true };
  const widget = { id: 'w', kind: 'minute' as const, title: none, place: { x: 0, y: 0, w: 8, h: 4 }, filters: {}, ask: {}, show: {}, prose: none };
  const drawn = minuteCurve(widget, data, programmesOf(got, 'en'), { where: [{ dimension: 'channel', in: ['cctv1'] }] }, l, 'en', false).option as unknown as { series: { data: unknown[]; markArea: { data: { label?: { formatter: string } }[][] } }[] };
  const [line] = drawn.series;
  assert.deepEqual(line!.data.slice(0, 4), [0, 0, 4, 0]);
  assert.equal(line!.data[19 * 60 + 6], null);
  assert.deepEqual(line!.markArea.data.map((d) => d[0]!.label!.formatter), ['Late', 'News']);
});
