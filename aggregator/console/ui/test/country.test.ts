import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Answer, Cell } from '../src/api';
import { at, hoursOf } from '../src/calendar';
import {
  cards,
  isEmpty,
  perOne,
  questions,
  sameTimeYesterday,
  trend,
  trendQuestion,
  view,
  yesterdayOf,
} from '../src/country';

const now = at(Date.parse('2026-11-22T20:30:00+08:00'));

function answer(ids: readonly string[], dimension: string | null, rows: Cell[][]): Answer {
  return {
    columns: [
      { id: 'period', type: 'period' },
      ...(dimension ? [{ id: dimension, type: 'dimension' as const }] : []),
      ...ids.map((id) => ({ id, type: 'indicator' as const })),
    ],
    rows,
    labels: {},
    as_of: '2026-11-22T20:30:00+08:00',
    rule_version: '1',
    completeness: 1,
  };
}

// every card has the same figure; click_to_play none where the figure is 0
const row = (n: number): Cell[] => cards.map((id) => (id === 'click_to_play' ? (n ? n : null) : n));

function answers(hourOf: (period: string) => number) {
  const periods = [...hoursOf('2026-11-21'), ...hoursOf('2026-11-22')];
  return {
    total: answer([...cards, 'activity_rate', 'reporting_boxes'], null, [['total', ...row(50), 12.5, 400]]),
    regions: answer(cards, 'province', [['total', '33', ...row(30)], ['total', '', ...row(20)]]),
    modes: answer(['plays', 'viewing_minutes', 'viewers'], 'mode', [
      ['total', 'vod', 20, 200, 8],
      ['total', 'live', 10, 100, 4],
      ['total', 'unknown', 1, 2, 1],
    ]),
    hours: answer(cards, null, periods.map((p) => [p, ...row(hourOf(p))])),
  };
}

test('questions are about the place shown', () => {
  const all = questions('2026-11-22', '');
  assert.deepEqual(all.regions.dimensions, ['province']);
  assert.deepEqual(all.total.filters, []);
  assert.equal(all.hours.from, '2026-11-21');
  const one = questions('2026-03-01', '43');
  assert.deepEqual(one.regions.dimensions, ['city']);
  for (const q of [one.total, one.regions, one.modes, one.hours, trendQuestion('2026-03-01', '43')]) {
    assert.deepEqual(q?.filters, [{ dimension: 'province', in: ['43'] }]);
    assert.equal(q?.to, '2026-03-01');
  }
  assert.equal(one.hours.from, '2026-02-28');
  assert.equal(trendQuestion('2026-03-01', '').from, '2026-01-31');
});

test('questions are about what the reader sees', () => {
  const few = questions('2026-11-22', '', (id) => id === 'clicks' || id === 'plays');
  assert.deepEqual(few.total.indicators, ['clicks', 'plays']);
  assert.deepEqual(few.regions.indicators, ['clicks', 'plays']);
  assert.equal(few.modes, null);
  assert.deepEqual(trendQuestion('2026-11-22', '', (id) => id === 'clicks').indicators, ['clicks']);
  assert.deepEqual(view('', now, { ...answers(() => 1), modes: null }).modes, []);
});

test('answers become a view', () => {
  const v = view('', now, answers((p) => Number(p.slice(-2))));
  assert.equal(v.total['active_boxes'], 50);
  assert.equal(v.total['activity_rate'], 12.5);
  assert.deepEqual(v.regions.map((r) => [r.code, r.figures['orders']]), [['33', 30], ['', 20]]);
  assert.deepEqual(v.modes.map((m) => [m.id, m.plays, m.minutes, m.viewers]), [
    ['live', 10, 100, 4],
    ['timeshift', 0, 0, 0],
    ['catchup', 0, 0, 0],
    ['vod', 20, 200, 8],
    ['app', 0, 0, 0],
    ['unknown', 1, 2, 1],
  ]);
  const { today, yesterday } = v.hours.plays;
  assert.equal(today[20], 20);
  assert.deepEqual(today.slice(21), [null, null, null], 'what lies ahead is nothing, not zero');
  assert.equal(yesterday[23], 23);
  assert.equal(today[0], 0);
  assert.equal(v.hours.click_to_play.today[0], null, 'a rate over nothing is nothing');
  assert.equal(isEmpty(v), false);
});

test('the same time yesterday takes the running hour in proportion', () => {
  const v = view('', now, answers(() => 10));
  assert.equal(sameTimeYesterday(v, 'plays'), 20 * 10 + 5);
  assert.equal(sameTimeYesterday(v, 'active_boxes'), null, 'distinct boxes do not add up');
  assert.equal(sameTimeYesterday(v, 'click_to_play'), null);
  const young = view('', now, answers((p) => (p.startsWith('2026-11-22') ? 10 : 0)));
  assert.equal(sameTimeYesterday(young, 'plays'), null, 'without a yesterday there is nothing to compare with');
  assert.deepEqual(young.hours.plays.yesterday, Array(24).fill(null));
});

test('an empty platform is known as such', () => {
  const a = answers(() => 0);
  a.regions.rows = [];
  a.total.rows = [['total', ...row(0), null, 0]];
  assert.equal(isEmpty(view('', now, a)), true);
});

test('the trend begins with the first day that counted anything', () => {
  const days = ['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22'];
  const t = trend('', '2026-11-22', answer(cards, null, days.map((d, i) => [d, ...row(i === 2 ? 0 : i * 10)])));
  assert.equal(t.days.length, 30);
  assert.equal(t.days[0], '2026-10-24');
  assert.deepEqual(t.values.plays.slice(-4), [null, 10, 0, 30]);
  assert.deepEqual(t.values.click_to_play.slice(-4), [null, 10, null, 30]);
  assert.equal(yesterdayOf(t, 'orders'), 0);
  assert.equal(yesterdayOf(null, 'orders'), null);
});

test('ratios over nothing are nothing', () => {
  assert.equal(perOne(10, 20), 2);
  assert.equal(perOne(0, 20), null);
});
