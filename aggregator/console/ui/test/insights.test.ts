import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Mover } from '../src/api';
import { bars, days, within } from '../src/insights';
import { formatInsight, parseInsight } from '../src/route';

const mover = (change: number): Mover => ({ cell: '', name: { zh: '', en: '' }, now: null, before: null, change, share: null, rate: change, mix: 0 });

test('bars lie left of the middle for losses and right of it for gains, on one scale', () => {
  const lie = (...changes: number[]) => bars(changes.map(mover)).map((b) => [b.left, b.width]);
  assert.deepEqual(lie(-100, 50), [[0, 50], [50, 25]]);
  assert.deepEqual(lie(0, 0), [[50, 0], [50, 0]]);
  assert.deepEqual(lie(), []);
});

test('days end with the last one, both inside', () => {
  assert.equal(days('2026-11-21', 7), 'from=2026-11-15&to=2026-11-21');
  assert.equal(days('2026-03-01', 1), 'from=2026-03-01&to=2026-03-01');
  assert.equal(within(''), '');
  assert.equal(within('33'), '&province=33');
});

test('the address of an insight', () => {
  const f = (hash: string, section: string, place: string, indicator: string) => assert.deepEqual(parseInsight(hash), { section, place, indicator });
  f('#/insights', 'changed', '', 'plays');
  f('#/insights/taste/33/ctr', 'taste', '33', 'ctr');
  f('#/insights/moon/all/<script>', 'changed', '', 'plays');
  assert.equal(parseInsight('#/quality'), null);
  for (const hash of ['#/insights/posters/33/plays', '#/insights/changed/all/ctr']) assert.equal(formatInsight(parseInsight(hash)!), hash);
});
