import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cssText, pagesOf, rowsOfPage, sheetStyle, startsOf } from '../src/boards/print';

const at = (y: number, h: number, x = 0, w = 12) => ({ x, y, w, h });

test('widgets that share rows stay together, and none crosses the end of a page', () => {
  const laid = pagesOf([at(0, 6), at(0, 4, 12), at(4, 2, 12), at(6, 8), at(14, 8), at(22, 7), at(29, 3)]);
  assert.equal(laid.pages, 3);
  assert.deepEqual(laid.places.map((p) => p.row), [0, 0, 4, 6, 14, 22, 29]);
  assert.deepEqual(laid.places.map((p) => p.begins), [false, false, false, false, true, false, true]);
});

test('gaps of the board are no pages, and a band higher than a page is made to fit', () => {
  const laid = pagesOf([at(100, 40), at(100, 20, 12), at(120, 20, 12), at(500, 4)]);
  assert.equal(laid.pages, 2);
  assert.equal(laid.places[0]!.height, rowsOfPage - 1);
  assert.deepEqual(laid.places.map((p) => p.row), [0, 0, 7, 14]);
  assert.ok(laid.places.slice(0, 3).every((p) => p.row + p.height <= rowsOfPage - 1));
  assert.deepEqual(pagesOf([]), { places: [], pages: 0 });
});

test('any board lies whole on its pages', () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  for (let round = 0; round < 200; round++) {
    const places = Array.from({ length: 1 + random(30) }, () => at(random(80), 1 + random(25), random(23), 1));
    const laid = pagesOf(places);
    const starts = startsOf(laid.places).slice(0, -1);
    assert.equal(starts.length, laid.pages);
    for (const p of laid.places) {
      const page = starts.filter((s) => s <= p.row).at(-1)!;
      const first = page === 0 ? rowsOfPage - 1 : rowsOfPage;
      assert.ok(p.height >= 1 && p.row + p.height <= page + first, `${JSON.stringify(p)} on the page from ${page}`);
    }
  }
});

test('what a board is called cannot leave its text', () => {
  assert.equal(cssText('a"b\\c\nd'), '"a\\"b\\\\c d"');
  const style = sheetStyle({ head: '"; } * { color: red', under: '', reader: 'w', at: '' });
  assert.ok(style.includes('content: "\\"; } * { color: red";'));
});
