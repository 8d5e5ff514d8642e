import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Answer, Catalogue } from '../src/api';
import { csv, dataOf, inOrder, overTime, periodName, sheetOf, tsv } from '../src/boards/data';
import { drawing, type Look } from '../src/boards/draw';
import { History } from '../src/boards/history';
import * as m from '../src/boards/model';
import { blocks } from '../src/boards/prose';
import { parseBoards } from '../src/route';

const none = { zh: '', en: '' };

function widget(kind: m.Kind, over: Partial<m.Widget> = {}): m.Widget {
  return { id: 'w', kind, title: none, place: { x: 0, y: 0, w: 8, h: 4 }, filters: {}, ask: { figures: [{ indicator: 'plays', title: none }] }, show: {}, prose: none, ...over };
}

test('filters lie within each other as on the server', () => {
  const outer: m.Filters = { period: { last: 31, unit: 'day' }, compare: { with: 'year' }, where: [{ dimension: 'province', in: ['33'] }, { dimension: 'mode', in: ['live'] }] };
  const inner: m.Filters = { period: { last: 7, unit: 'day' }, where: [{ dimension: 'province', in: ['44'] }] };
  assert.deepEqual(m.under(outer, inner), {
    period: { last: 7, unit: 'day' },
    compare: { with: 'year' },
    where: [{ dimension: 'province', in: ['44'] }, { dimension: 'mode', in: ['live'] }],
  });
  assert.deepEqual(m.under(outer, undefined), outer);
  assert.deepEqual(m.without({ where: [{ dimension: 'mode', in: ['vod'] }] }, 'mode'), {});
  assert.deepEqual(m.withWhere({}, 'mode', ['vod'], true), { where: [{ dimension: 'mode', in: ['vod'], not: true }] });
});

test('the address holds board, tab, filters and revision, and survives what is cut', () => {
  const at: m.At = { id: 'abc', tab: 't1', filters: { where: [{ dimension: 'content', in: ['a/b %'] }] }, revision: 3 };
  assert.deepEqual(m.parseAt(m.formatAt(at)), at);
  assert.deepEqual(m.parseAt('/abc/t1/%7B%22per'), { id: 'abc', tab: 't1', filters: {}, revision: 0 });
  assert.equal(m.formatAt({ id: '', tab: '', filters: {}, revision: 0 }), '');
  assert.equal(parseBoards('#/boards/abc'), '/abc');
  assert.equal(parseBoards('#/boards'), '');
  assert.equal(parseBoards('#/boardsx'), null);
});

test('no widget lies on another after a move', () => {
  const all = [widget('line', { id: 'a', place: { x: 0, y: 0, w: 8, h: 4 } }), widget('line', { id: 'b', place: { x: 2, y: 2, w: 8, h: 4 } }), widget('line', { id: 'c', place: { x: 12, y: 0, w: 8, h: 4 } })];
  const settled = m.settle(all, ['b']);
  assert.deepEqual(settled.map((w) => w.place.y), [6, 2, 0], 'a gives way to b; c stays');
  assert.deepEqual(m.freePlace(settled, 4, 3), { x: 20, y: 0, w: 4, h: 3 });
  assert.deepEqual(m.fit({ x: 30, y: -2, w: 1, h: 1 }, 'figure'), { w: 3, h: 2, x: 21, y: 0 });
});

test('one province chosen opens into its cities where the figures know them', () => {
  const catalogue = { indicators: [{ id: 'plays', dimensions: ['province', 'city'] }, { id: 'share', dimensions: ['province'] }] } as unknown as Catalogue;
  const here: m.Filters = { where: [{ dimension: 'province', in: ['33'] }] };
  const ranking = widget('ranking', { ask: { figures: [{ indicator: 'plays', title: none }], by: ['province'] } });
  assert.deepEqual(m.drilled(ranking, here, catalogue).widget.ask.by, ['city']);
  assert.equal(m.drilled(ranking, {}, catalogue).drilled, false);
  assert.equal(m.drilled({ ...ranking, ask: { figures: [{ indicator: 'share', title: none }], by: ['province'] } }, here, catalogue).drilled, false);
  assert.equal(m.drilled(widget('tiles'), here, catalogue).widget.kind, 'ranking');
  assert.deepEqual(m.indicatorsOf({ formula: 'percent(orders / max(plays, clicks)) * 2', title: none }), ['orders', 'plays', 'clicks']);
});

test('prose knows headings, lists and bold, and no more', () => {
  assert.deepEqual(blocks('# A\n- b\n- c\n\ntext\nmore\n<b>x</b>\n1. one'), [
    { kind: 'h1', text: 'A' },
    { kind: 'ul', items: ['b', 'c'] },
    { kind: 'p', text: 'text\nmore\n<b>x</b>' },
    { kind: 'ol', items: ['one'] },
  ]);
});

const timed: Answer = {
  columns: [{ id: 'period', type: 'period' }, { id: 'mode', type: 'dimension' }, { id: 'plays', type: 'indicator', unit: 'count' }],
  rows: [['2026-11-24', 'vod', 4], ['2026-11-25', 'live', 9], ['2026-11-25', 'vod', 2]],
  others: [['2026-11-23', 1], ['2026-11-24', 0], ['2026-11-25', 0]],
  labels: { mode: { vod: { zh: '点播', en: 'VOD' } } },
  as_of: null, rule_version: '', completeness: null,
};

test('series over time: groups by size, then the others, gaps as none', () => {
  const w = widget('area', { ask: { figures: [{ indicator: 'plays', title: none }], by: ['mode'] } });
  const data = dataOf(w, { parts: [{ part: 'main', request: { indicators: ['plays'], from: '', to: '', grain: 'day' }, answer: timed }] }, 'main', 'en')!;
  assert.deepEqual(data.periods, ['2026-11-23', '2026-11-24', '2026-11-25']);
  assert.deepEqual(overTime(data, 'en').map((s) => [s.name, s.values]), [
    ['live', [null, null, 9]],
    ['VOD', [null, 4, 2]],
    ['Others', [1, 0, 0]],
  ]);
  const look: Look = { palette: {} as Look['palette'], series: ['a', 'b'], named: {}, font: '', still: true };
  const marks = [{ from: '2026-11-24', text: { zh: '', en: 'Cup' } }, { from: '2027-01-01', text: { zh: '', en: 'Late' } }];
  const drawn = drawing(w, data, marks, look, 'en', false)!;
  const series = (drawn.option as { series: { markLine?: { data: unknown[] } }[] }).series;
  assert.deepEqual(series[0]?.markLine?.data.map((d) => (d as { xAxis: number }).xAxis), [1]);
  assert.deepEqual(drawn.pick({ seriesIndex: 1, dataIndex: 0, dataType: '', data: null }), { dimension: 'mode', value: 'vod' });
  assert.equal(drawn.pick({ seriesIndex: 2, dataIndex: 0, dataType: '', data: null }), null, 'the others are no filter');
  const empty = { ...data, rows: data.rows.map((r) => [r[0]!, r[1]!, null]), others: [] };
  assert.equal(drawing(w, empty, [], look, 'en', false), null, 'no numbers are no zeros');
});

test('a step can be undone and done again; typing is one step', () => {
  let now = 0;
  const h = new History('a', () => now);
  h.go('b', 'title');
  now += 100;
  h.go('c', 'title');
  assert.equal(h.undo(), true);
  assert.equal(h.current, 'a');
  assert.equal(h.undo(), false);
  h.redo();
  assert.equal(h.current, 'c');
  h.go('d', 'title');
  h.go('e');
  h.undo();
  assert.deepEqual([h.current, h.canRedo], ['d', true]);
  h.go('f');
  assert.equal(h.canRedo, false, 'another way was taken');
});

test('a widget turned into another kind keeps what that kind can show', () => {
  const catalogue = { indicators: [{ id: 'plays', dimensions: ['province', 'mode'] }, { id: 'page_steps', dimensions: ['from_page', 'page'] }], dimensions: [] } as unknown as Catalogue;
  const line = widget('line', { ask: { figures: [{ indicator: 'plays', title: none }, { formula: 'plays / plays', title: none }], by: ['mode'], top: 5 } });
  assert.deepEqual(m.turnInto(line, 'pie', catalogue).ask, { figures: [{ indicator: 'plays', title: none }], by: ['mode'], top: 5 });
  assert.deepEqual(m.turnInto(line, 'path', catalogue).ask.figures, [{ indicator: 'page_steps', title: none }]);
  assert.equal(m.turnInto(line, 'text', catalogue).ask.figures, undefined);
  assert.equal(m.turnInto(line, 'epg', catalogue).show.page, 'home');
});

test('what differs between two editors is named', () => {
  const b = (widgets: m.Widget[]): m.Board => ({ schema: 1, title: none, about: none, filters: {}, tabs: [{ id: 't', title: { zh: '', en: 'T' }, widgets }] });
  const [x, y, z] = ['x', 'y', 'z'].map((id) => widget('line', { id }));
  assert.deepEqual(m.differences(b([x!, y!]), b([{ ...x!, place: { x: 1, y: 0, w: 8, h: 4 } }, z!]), 'en', (w) => w.id), { added: ['z'], gone: ['y'], changed: ['x'] });
});

test('a sheet is what the screen shows, safe to open in a spreadsheet', () => {
  const answer: Answer = {
    columns: [{ id: 'period', type: 'period' }, { id: 'content', type: 'dimension' }, { id: 'plays', type: 'indicator', unit: 'fen' }, { id: 'plays:compare', type: 'indicator', unit: 'fen' }, { id: 'plays:change', type: 'indicator', unit: 'percent' }],
    rows: [['total', 'a,"b"', 100, 50, 100], ['total', '=1+1', 300, null, null]],
    totals: [['total', 400, 50, 700]],
    as_of: null, rule_version: '', completeness: null,
  };
  const w = widget('table', { ask: { figures: [{ indicator: 'plays', title: { zh: '', en: 'Paid' } }], by: ['content'], totals: true } });
  const data = dataOf(w, { parts: [{ part: 'main', request: { indicators: ['plays'], from: '', to: '' }, answer }] }, 'main', 'en')!;
  assert.deepEqual(inOrder(data).map((r) => r[1]), ['=1+1', 'a,"b"']);
  const sheet = sheetOf(data, 'en');
  assert.equal(csv(sheet), '\ufeffcontent,Paid (¥),Paid · before (¥),Paid · change (%)\r\n\'=1+1,3,,\r\n"a,""b""",1,0.5,100\r\nTotal,4,0.5,700\r\n');
  assert.match(tsv(sheet), /^content\tPaid/);
  assert.deepEqual(sheetOf(data, 'en', true).head.map((h) => h.title), ['content', 'Paid (¥)', '± %']);
  assert.equal(periodName('2026-11-24T09', ['2026-11-24T00', '2026-11-24T23'], 'en'), '09:00');
});
