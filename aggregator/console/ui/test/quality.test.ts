import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { QualityRow, Verdict } from '../src/api';
import { lines, step, tally } from '../src/quality';
import { formatQuality, parse, parseQuality } from '../src/route';

const row = (province: string, day: string, verdict: Verdict): QualityRow => ({
  province,
  day,
  verdict,
  reasons: [],
  feeds: [],
  balance: { told: false, before: 0, opening: 0, new: 0, resumed: 0, moved_in: 0, suspended: 0, cancelled: 0, moved_out: 0, after: 0, error: 0 },
  untold: null,
  genre_unknown: null,
  place_unknown: null,
  box_coverage: null,
  events: { told: false, events: 0, clock_synced: null, clock_unsynced: null, lost: 0, loss_rate: null, repeated_batches: 0 },
});

test('provinces in trouble come first, days stand in their columns', () => {
  const days = ['2026-11-21', '2026-11-22'];
  const rows = [row('33', '2026-11-21', 'good'), row('43', '2026-11-22', 'bad'), row('44', '2026-11-21', 'attention'), row('44', '2026-11-23', 'bad')];
  const got = lines(rows, days);
  assert.deepEqual(got.map((l) => l.code), ['43', '44', '33']);
  assert.deepEqual(got.map((l) => l.cells.map((c) => c?.verdict)), [
    [undefined, 'bad'],
    ['attention', undefined],
    ['good', undefined],
  ]);
  assert.deepEqual(tally(rows), { none: 0, good: 1, attention: 1, bad: 2 });
  assert.deepEqual(lines([], days), []);
});

test('arrow keys stay on the grid', () => {
  assert.deepEqual(step('ArrowLeft', 0, 0, 2, 3), [0, 0]);
  assert.deepEqual(step('ArrowRight', 0, 2, 2, 3), [0, 2]);
  assert.deepEqual(step('ArrowDown', 0, 1, 2, 3), [1, 1]);
  assert.deepEqual(step('ArrowUp', 1, 1, 2, 3), [0, 1]);
  assert.deepEqual(step('Home', 1, 2, 2, 3), [1, 0]);
  assert.deepEqual(step('End', 1, 0, 2, 3), [1, 2]);
  assert.equal(step('Enter', 1, 0, 2, 3), null);
});

test('addresses of quality', () => {
  const file = '0123456789abcdef0123456789abcdef';
  assert.equal(parseQuality('#/33/plays'), null);
  assert.equal(parseQuality(''), null);
  assert.deepEqual(parseQuality('#/quality'), { province: '', day: '', file: '' });
  assert.deepEqual(parseQuality(`#/quality/33/2026-11-21/${file}`), { province: '33', day: '2026-11-21', file });
  assert.deepEqual(parseQuality('#/quality/33/<b>/x'), { province: '', day: '', file: '' });
  assert.deepEqual(parseQuality('#/quality/33/2026-11-21/x'), { province: '33', day: '2026-11-21', file: '' });
  for (const r of [{ province: '', day: '', file: '' }, { province: '33', day: '2026-11-21', file: '' }, { province: '33', day: '2026-11-21', file }]) {
    assert.deepEqual(parseQuality(formatQuality(r)), r);
  }
  assert.equal(formatQuality({ province: '', day: '', file: '' }), '#/quality');
  assert.deepEqual(parse('#/quality/33/2026-11-21'), { place: '', card: 'active_boxes' });
});
