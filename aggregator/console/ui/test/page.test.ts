import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addDays, at, daysUpTo, hoursOf, momentOf } from '../src/calendar';
import { fill, isWord } from '../src/i18n';
import { compare } from '../src/parts/table';
import { stepsOf } from '../src/parts/tilemap';
import { chosenLang } from '../src/prefs';
import { Refresher } from '../src/refresher';
import { tiles } from '../src/regions';
import { format, parse } from '../src/route';

test('time is cut in Shanghai, wherever the reader sits', () => {
  assert.deepEqual(momentOf('2026-11-22T16:30:00Z'), { day: '2026-11-23', hour: 0, clock: '00:30:00', past: 0.5 });
  assert.deepEqual(momentOf('2026-11-22T19:20:00+08:00')?.hour, 19);
  assert.equal(momentOf(null), null);
  assert.equal(momentOf('soon'), null);
  assert.equal(at(-1).day, '1970-01-01');
  assert.equal(addDays('2028-02-28', 1), '2028-02-29');
  assert.equal(addDays('2026-01-01', -1), '2025-12-31');
  assert.deepEqual(daysUpTo('2026-03-01', 3), ['2026-02-27', '2026-02-28', '2026-03-01']);
  assert.equal(hoursOf('2026-11-22')[9], '2026-11-22T09');
});

test('the map has 34 provinces, each on a place of its own', () => {
  assert.equal(tiles.length, 34);
  assert.equal(new Set(tiles.map((t) => t.code)).size, 34);
  assert.equal(new Set(tiles.map((t) => `${t.column},${t.row}`)).size, 34);
  assert.ok(tiles.every((t) => t.column <= 8 && t.row <= 8));
});

test('colours tell small counts apart and spread rates', () => {
  assert.deepEqual(stepsOf([0, 1, 25, 100, null], false), [0, 1, 3, 6, null]);
  assert.deepEqual(stepsOf([40, 50, 60], true), [1, 3, 6]);
  assert.deepEqual(stepsOf([7], false), [6]);
  assert.deepEqual(stepsOf([40, 40], true), [3, 3]);
  assert.deepEqual(stepsOf([null], true), [null]);
});

test('missing cells are sorted last either way', () => {
  const f = (down: boolean) => [3, null, 1, 2].sort((a, b) => compare(a, b, down));
  assert.deepEqual(f(true), [3, 2, 1, null]);
  assert.deepEqual(f(false), [1, 2, 3, null]);
});

test('addresses', () => {
  assert.deepEqual(parse('#/33/plays'), { place: '33', card: 'plays' });
  assert.deepEqual(parse(''), { place: '', card: 'active_boxes' });
  assert.deepEqual(parse('#/<script>/toString'), { place: '', card: 'active_boxes' });
  assert.deepEqual(parse(format({ place: '43', card: 'revenue' })), { place: '43', card: 'revenue' });
  assert.deepEqual(parse(format({ place: '', card: 'orders' })), { place: '', card: 'orders' });
});

test('words', () => {
  assert.equal(fill('{a} of {b}', { a: 1 }), '1 of {b}');
  assert.equal(isWord('mode_live'), true);
  assert.equal(isWord('toString'), false);
});

test('the language is the one remembered, else the browser\'s first that is known', () => {
  assert.equal(chosenLang('zh', ['en']), 'zh');
  assert.equal(chosenLang('xx', ['de', 'zh-Hant-TW', 'en']), 'zh');
  assert.equal(chosenLang(null, ['en-US', 'zh']), 'en');
  assert.equal(chosenLang(null, ['fr']), 'en');
  assert.equal(chosenLang(null, []), 'en');
});

test('a refresher never runs twice at a time and forgets no poke', async () => {
  let running = 0;
  let runs = 0;
  const ends: (() => void)[] = [];
  const started = () => new Promise<void>((resolve) => (onStart = resolve));
  let onStart = () => undefined as void;
  const r = new Refresher(1, async () => {
    runs++;
    running++;
    assert.equal(running, 1);
    onStart();
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
  });
  const first = started();
  r.poke();
  r.poke();
  await first;
  r.poke(); // while it runs: one run more
  r.poke();
  const second = started();
  ends.shift()!();
  await second;
  ends.shift()!();
  assert.equal(runs, 2);
  r.stop();
});

test('a restart gives up the run under way', async () => {
  const signals: AbortSignal[] = [];
  let onStart = () => undefined as void;
  const started = () => new Promise<void>((resolve) => (onStart = resolve));
  const r = new Refresher(60_000, (signal) => {
    signals.push(signal);
    onStart();
    return new Promise(() => undefined);
  });
  const first = started();
  r.poke();
  await first;
  const second = started();
  r.restart();
  await second;
  assert.deepEqual(signals.map((s) => s.aborted), [true, false]);
  r.stop();
  assert.equal(signals[1]!.aborted, true);
});
