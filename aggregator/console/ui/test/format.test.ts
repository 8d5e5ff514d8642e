import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Lang } from '../src/api';
import { change, compact, completeness, dayName, figure, longDay, missing, share, signed, type Length } from '../src/format';

test('figures are written as each language reads them', () => {
  const f = (value: number | null, unit: string, lang: Lang, length: Length, want: string) =>
    assert.equal(figure(value, unit, lang, length), want, `${value} ${unit} ${lang} ${length}`);
  f(0, 'count', 'zh', 'short', '0');
  f(999_999, 'count', 'en', 'short', '999,999');
  f(1_000_000, 'count', 'en', 'short', '1M');
  f(1_234_567, 'count', 'en', 'short', '1.23M');
  f(1_234_567, 'count', 'en', 'card', '1.2346M');
  f(1_234_567, 'count', 'zh', 'card', '123.46万');
  f(12_345_678, 'count', 'zh', 'short', '1,235万');
  f(123_456_789, 'count', 'zh', 'short', '1.23亿');
  f(12_345, 'count', 'zh', 'tile', '1.23万');
  f(9_999, 'count', 'zh', 'tile', '9,999');
  f(12_345, 'count', 'en', 'tile', '12.3k');
  f(999, 'count', 'en', 'tile', '999');
  f(152_508, 'boxes', 'en', 'tile', '153k');
  f(2_000_000_000, 'count', 'en', 'short', '2B');
  f(1_234_567, 'count', 'en', 'full', '1,234,567');
  f(null, 'count', 'en', 'full', missing);
  f(Number.NaN, 'percent', 'zh', 'short', missing);
});

test('fen become yuan', () => {
  const f = (fen: number, lang: Lang, length: Length, want: string) => assert.equal(figure(fen, 'fen', lang, length), want);
  f(1990, 'zh', 'full', '¥19.90');
  f(1990, 'en', 'short', '¥20');
  f(23_166_500, 'en', 'short', '¥231,665');
  f(123_456_789_00, 'zh', 'short', '¥1.23亿');
  f(123_456_700, 'en', 'axis', '¥1.23M');
  f(123_456_700, 'en', 'tile', '1.23M');
  f(1990, 'en', 'tile', '20');
  f(-1990, 'zh', 'full', '−¥19.90');
  f(0, 'zh', 'full', '¥0.00');
});

test('percent, ratio, minutes', () => {
  assert.equal(figure(37.647436, 'percent', 'en', 'short'), '37.6%');
  assert.equal(figure(37.647436, 'percent', 'en', 'full'), '37.65%');
  assert.equal(figure(37.647436, 'percent', 'en', 'tile'), '38%');
  assert.equal(figure(2, 'ratio', 'zh', 'short'), '2.00');
  assert.equal(figure(1234.56, 'minutes', 'en', 'full'), '1,235');
});

test('rounding never shows a thousand of the smaller unit', () => {
  assert.equal(compact(999_499, 'en', 1000), '999k');
  assert.equal(compact(999_999, 'en', 1000), '1M');
  assert.equal(compact(99_999_999, 'zh'), '1亿');
});

test('changes carry their sign', () => {
  const f = (now: number, before: number, want: string) => assert.equal(change(now, before, 'en'), want);
  f(106.8, 100, '+6.8%');
  f(99.6, 100, '−0.4%');
  f(100, 100, '±0.0%');
  f(100.01, 100, '±0.0%');
  f(1000, 100, '+900%');
  f(5, 0, missing);
  assert.equal(signed(-0.04, 'zh'), '±0.0');
});

test('shares and completeness', () => {
  assert.equal(share(1, 3, 'en'), '33.3%');
  assert.equal(share(null, 3, 'en'), missing);
  assert.equal(share(1, 0, 'en'), missing);
  // what is not complete must not read so
  assert.equal(completeness(0.9999999, 'en'), '99.999%');
  assert.equal(completeness(1, 'en'), '100%');
  assert.equal(completeness(0.99987, 'zh'), '99.987%');
  assert.equal(completeness(null, 'zh'), missing);
});

test('days', () => {
  assert.equal(dayName('2026-11-22', 'zh'), '11月22日');
  assert.equal(dayName('2026-11-22', 'en'), '22 Nov');
  assert.equal(longDay('2026-11-22', 'zh'), '2026年11月22日星期日');
  assert.match(longDay('2026-11-22', 'en'), /^Sunday,? 22 November 2026$/);
});
