// Boards over made-up facts: begun from a template, read, edited by keyboard alone and
// by pointer, saved against somebody else, seen on a phone.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, clean, desk, fits, launch, open, phone } from './browser.mjs';
import { picture } from './epgpage.mjs';
import { Fixture } from './fixture.mjs';

// for people to look at
const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;
let context; // one reader, signed in once

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  // periods of boards end with the server's own day
  country = await Fixture.start('normal', new Date().toISOString());
  const page = await open(browser, country.base, { reducedMotion: 'reduce' });
  context = page.context();
  await page.close();
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

async function on(path, check, options) {
  const state = await context.storageState();
  const page = await open(browser, country.base, { signIn: null, storageState: state, reducedMotion: 'reduce', path, ...options });
  try {
    await check(page);
  } finally {
    await page.context().close();
  }
}

/** Waits until every widget shows something or says why not. */
async function answered(page) {
  await page.locator('[data-widget]').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[data-state="waiting"]'));
}

/** Keeps a board and returns its id. */
async function keep(widgets, title = 'Kept') {
  const text = (en) => ({ zh: en, en });
  const board = {
    schema: 1, title: text(title), about: text(''), filters: { period: { last: 7, unit: 'day' } },
    tabs: [{ id: 't1', title: text('One'), widgets: widgets.map((w) => ({ title: text(''), filters: {}, show: {}, prose: text(''), ...w })) }],
    marks: [],
  };
  const answer = await context.request.post(`${country.base}/api/v1/boards`, { data: { board }, headers: { Origin: country.base } });
  assert.equal(answer.status(), 200, await answer.text());
  return (await answer.json()).id;
}

const figure = (id, x, indicator) => ({ id, kind: 'figure', place: { x, y: 0, w: 6, h: 3 }, ask: { figures: [{ indicator, title: { zh: '', en: '' } }] } });
const plays = (id, x) => figure(id, x, 'plays');
const edit = async (page) => {
  await page.locator('[data-do="edit"]').click();
  await page.locator('.canvas.ui-droppable').waitFor(); // gridstack has begun
};
const widget = (page, id) => page.locator(`[data-widget="${id}"]`);
const place = (page, id) => page.locator(`[gs-id="${id}"]`).evaluate((e) => ['x', 'y', 'w', 'h'].map((k) => Number(e.getAttribute(`gs-${k}`))));

test('a board begun from a template shows numbers; a click filters it and opens a province into its cities', () =>
  on('/#/boards', async (page) => {
    await page.locator('[data-new="operation"]').click();
    await answered(page);
    assert.equal(await page.locator('h1').innerText(), 'Operation');
    assert.ok(Number(await widget(page, 'viewing').locator('.number-value').getAttribute('data-value')) > 1e6);
    assert.equal(await page.locator('[data-state="failed"]').count(), 0);
    await page.locator('.widget-line canvas').first().waitFor();
    await page.screenshot({ path: `${shots}board-desk.png`, fullPage: true });

    const table = widget(page, 'provinces');
    await table.locator('tbody button', { hasText: 'Zhejiang' }).click();
    await page.locator('[data-chip="province"]').waitFor();
    await table.locator('tbody button', { hasText: 'Hangzhou' }).waitFor();
    const there = page.url();
    await page.reload(); // the address says what is filtered
    await table.locator('tbody button', { hasText: 'Hangzhou' }).waitFor();
    assert.equal(page.url(), there);
    await page.locator('[data-chip="province"] .chip-x').click();
    await table.locator('tbody button', { hasText: 'Zhejiang' }).waitFor();

    await widget(page, 'viewing').hover();
    await widget(page, 'viewing').getByRole('button', { name: 'Formula and numbers behind' }).click();
    await page.locator('.explain-numbers tfoot').waitFor();
    await page.keyboard.press('Escape');
    const curve = widget(page, 'curve');
    await curve.hover();
    const saved = page.waitForEvent('download');
    await curve.getByRole('button', { name: 'Download CSV' }).click();
    assert.match((await saved).suggestedFilename(), /\.csv$/);
    await curve.getByRole('button', { name: 'Show as a table' }).click();
    assert.equal(await curve.locator('tbody tr').count(), 31);
    clean(page);
  }));

test('by keyboard alone a widget is added, moved, undone, kept as a draft, saved; a revision is restored', async () => {
  const id = await keep([plays('a', 0)]);
  await on(`/#/boards/${id}`, async (page) => {
    await edit(page);
    await page.locator('.palette-item[data-kind="ranking"]').focus();
    await page.keyboard.press('Enter');
    const made = page.locator('[data-edit="ranking1"]');
    await made.waitFor();
    await page.waitForFunction(() => document.activeElement?.dataset.edit === 'ranking1');
    assert.deepEqual(await place(page, 'ranking1'), [6, 0, 8, 8]);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    assert.deepEqual(await place(page, 'ranking1'), [7, 0, 8, 9]);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    assert.deepEqual([await place(page, 'ranking1'), await place(page, 'a')], [[4, 0, 8, 9], [0, 9, 6, 3]], 'what lies in the way gives way');
    await page.keyboard.press('Control+z');
    assert.deepEqual(await place(page, 'a'), [0, 0, 6, 3]);
    await page.keyboard.press('Control+Shift+z');
    assert.deepEqual(await place(page, 'a'), [0, 9, 6, 3]);
    await page.keyboard.press('Control+d');
    await page.locator('[data-edit="ranking2"]').waitFor();
    await page.keyboard.press('Delete');
    assert.equal(await page.locator('[data-edit]').count(), 2);

    // a formula that is wrong says so at once
    await page.locator('[data-edit="a"]').click();
    await page.locator('[data-do="add-formula"]').click();
    await page.locator('[data-formula="1"]').fill('plays + viewing_minutes');
    await page.locator('[data-fault]').waitFor();
    assert.match(await page.locator('[data-fault]').innerText(), /cannot be added/);
    await page.locator('[data-formula="1"]').fill('viewing_minutes / plays');
    await page.locator('.inspector-fine').waitFor();
    await page.screenshot({ path: `${shots}board-editor.png` });

    await page.waitForFunction((key) => localStorage.getItem(key)?.includes('viewing_minutes / plays'), `console.draft.${id}`);
    await page.reload();
    await edit(page);
    await page.getByText('was not saved; you go on with it').waitFor();
    assert.equal(await page.locator('[data-edit]').count(), 2);
    await page.keyboard.press('Control+s');
    await page.getByText('Saved as revision 2').waitFor();
    await page.locator('[data-do="done"]').click();
    await page.locator('[data-do="revisions"]').click();
    await page.locator('[data-revision="1"] button').click();
    await page.locator('[data-do="restore"]').waitFor();
    assert.equal(await page.locator('[data-widget]').count(), 1, 'it is seen before it is restored');
    await page.locator('[data-do="restore"]').click();
    await page.locator('[data-do="edit"]').waitFor();
    assert.equal(await page.locator('[data-widget]').count(), 1);
    const now = await (await context.request.get(`${country.base}/api/v1/boards/${id}`)).json();
    assert.equal(now.info.revision, 3);
    // the browser notes that the server refused the formula, which is what was tested
    assert.deepEqual(page.faults.filter((f) => !f.includes('400')), []);
    assert.deepEqual(page.foreign, []);
  });
});

test('pointers move widgets and drag new ones from the palette', async () => {
  const id = await keep([plays('a', 0), plays('b', 6)]);
  await on(`/#/boards/${id}`, async (page) => {
    await edit(page);
    const drag = async (from, to) => {
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(from.x + 8, from.y + 8, { steps: 2 });
      await page.mouse.move(to.x, to.y, { steps: 8 });
      await page.mouse.move(to.x + 1, to.y + 1);
      await page.mouse.up();
    };
    const box = await page.locator('[data-edit="b"]').boundingBox();
    await drag({ x: box.x + 30, y: box.y + 20 }, { x: box.x + 30, y: box.y + 20 + 44 * 4 });
    await page.waitForFunction(() => document.querySelector('.editor').dataset.unsaved === 'true');
    assert.ok((await place(page, 'b'))[1] >= 3, 'it went down');
    const item = await page.locator('.palette-item[data-kind="text"]').boundingBox();
    const canvas = await page.locator('.canvas').boundingBox();
    await drag({ x: item.x + 20, y: item.y + 10 }, { x: canvas.x + canvas.width - 150, y: canvas.y + 150 });
    await page.locator('[data-edit="text1"][aria-selected="true"]').waitFor();
    assert.equal(await page.locator('.canvas > .grid-stack-item').count(), 3);
    clean(page); // gridstack needs no exception from the policy
  });
});

test('of two editors the later one sees what differs, and chooses', async () => {
  const id = await keep([plays('a', 0)]);
  await on(`/#/boards/${id}`, async (mine) => {
    await edit(mine);
    await mine.locator('.palette-item[data-kind="text"]').click();
    await on(`/#/boards/${id}`, async (theirs) => {
      await edit(theirs);
      await theirs.locator('.palette-item[data-kind="pie"]').click();
      await theirs.keyboard.press('Control+s');
      await theirs.getByText('Saved as revision 2').waitFor();
      clean(theirs);
    });
    await mine.locator('[data-do="save"]').click();
    const dialog = mine.getByRole('dialog');
    await dialog.getByText('They have, you do not').waitFor();
    await dialog.locator('[data-do="overwrite"]').click();
    await mine.getByText('Saved as revision 3').waitFor();
    const now = await (await context.request.get(`${country.base}/api/v1/boards/${id}`)).json();
    assert.deepEqual(now.board.tabs[0].widgets.map((w) => w.id), ['a', 'text1']);
    // the browser notes that the server refused, which is what was tested
    assert.deepEqual(mine.faults.filter((f) => !f.includes('409')), []);
  });
});

test('light and dark can be read by all; on a phone there is one column in the board’s own order', async () => {
  const id = await keep([
    plays('a', 0), figure('b', 6, 'clicks'), { id: 'c', kind: 'tiles', place: { x: 0, y: 3, w: 8, h: 8 }, ask: { figures: [{ indicator: 'active_boxes', title: { zh: '', en: '' } }] } },
    { id: 'd', kind: 'stacked', place: { x: 8, y: 3, w: 8, h: 8 }, ask: { figures: [{ indicator: 'plays', title: { zh: '', en: '' } }], by: ['mode'] } },
    { id: 'f', kind: 'table', place: { x: 0, y: 11, w: 12, h: 6 }, ask: { figures: [{ indicator: 'plays', title: { zh: '', en: '' } }], by: ['province'], totals: true } },
    { id: 'g', kind: 'ranking', place: { x: 12, y: 11, w: 8, h: 6 }, ask: { figures: [{ indicator: 'plays', title: { zh: '', en: '' } }], by: ['province'] } },
    { id: 'e', kind: 'text', place: { x: 16, y: 3, w: 8, h: 3 }, ask: {}, prose: { zh: '# 说明\n- **重点**\n<b>x</b>', en: '' } },
  ]);
  for (const colorScheme of ['light', 'dark']) {
    await on(`/#/boards/${id}`, async (page) => {
      await answered(page);
      assert.equal(await page.locator('.prose b').count(), 0, 'text is never HTML');
      await accessible(page);
      await edit(page);
      await page.locator('[data-edit="d"]').click();
      await page.locator('.inspector-fine').waitFor();
      await accessible(page);
      clean(page);
    }, { ...desk, colorScheme, lang: 'zh-CN' });
  }
  await on(`/#/boards/${id}`, async (page) => {
    await answered(page);
    const tops = await page.locator('[data-widget]').evaluateAll((all) => all.map((e) => [e.dataset.widget, e.getBoundingClientRect().top]));
    assert.deepEqual(tops.sort((x, y) => x[1] - y[1]).map((o) => o[0]), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    await fits(page);
    await widget(page, 'd').getByRole('button', { name: '放大' }).click();
    await page.locator('dialog canvas').waitFor();
    await page.keyboard.press('Escape');
    await page.screenshot({ path: `${shots}board-phone.png`, fullPage: true });
    clean(page);
  }, { ...phone, colorScheme: 'dark', lang: 'zh-CN' });
});

test('on a phone figures come first: one line says what is filtered and opens it, tools are a menu', async () => {
  const id = await keep([plays('a', 0), figure('b', 6, 'clicks')]);
  await on(`/#/boards/${id}`, async (page) => {
    await answered(page);
    const end = async (of) => {
      const box = await of.boundingBox();
      return box.y + box.height;
    };
    assert.ok((await end(widget(page, 'a').locator('.number-value'))) < phone.viewport.height / 3, 'the first figure stands in the upper third');
    assert.equal(await page.locator('.board-tools, .filter-bar').count(), 0);

    const focus = () => page.evaluate(() => document.activeElement.dataset.do);
    const menu = page.locator('[role="menu"]');
    const tools = page.locator('[data-do="tools"]');
    await tools.press('ArrowDown');
    await menu.waitFor();
    assert.equal(await tools.getAttribute('aria-expanded'), 'true');
    assert.equal(await focus(), 'edit');
    await accessible(page);
    await page.screenshot({ path: `${shots}board-phone-tools.png` });
    for (const [key, item] of [['ArrowUp', 'wall'], ['ArrowDown', 'edit'], ['p', 'print'], ['End', 'wall'], ['Home', 'edit']]) {
      await page.keyboard.press(key);
      assert.equal(await focus(), item, key);
    }
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'detached' });
    assert.equal(await focus(), 'tools');
    await tools.click();
    await page.locator('h1').click();
    await menu.waitFor({ state: 'detached' }); // a touch elsewhere closes it
    await tools.click();
    await menu.locator('[data-do="revisions"]').click();
    await page.getByRole('dialog').waitFor();
    assert.equal(await menu.count(), 0);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focus(), 'tools', 'a dialog gives the focus back to the button of the menu');

    const line = page.locator('[data-do="filters"]');
    assert.equal(await line.innerText(), 'Last 7 days');
    await line.click();
    const sheet = page.getByRole('dialog', { name: 'Filters' });
    await sheet.locator('[data-pick="period"]').selectOption('yesterday');
    await sheet.locator('[data-pick="compare"]').selectOption('year');
    await sheet.locator('[data-filter="province"]').click();
    await page.locator('.where-values input[value="33"]').check();
    await page.locator('.where [type="submit"]').click();
    await sheet.locator('[data-chip="province"]').waitFor();
    await accessible(page, { modal: true });
    await page.screenshot({ path: `${shots}board-phone-filters.png` });
    await sheet.locator('[data-do="filters-done"]').click();
    assert.equal(await line.innerText(), 'Yesterday · Zhejiang · vs year before');
    assert.equal(await line.getAttribute('aria-label'), 'Filters: Yesterday · Zhejiang · vs year before');
    await answered(page);
    await page.locator('[data-do="reset"]').click();
    await page.waitForFunction(() => document.querySelector('[data-do="filters"]').innerText === 'Last 7 days');

    const lying = { width: phone.viewport.height, height: phone.viewport.width };
    await page.setViewportSize(lying);
    assert.ok((await widget(page, 'a').boundingBox()).y < lying.height / 3, 'lying, too');
    await fits(page);
    await tools.click();
    assert.ok((await end(menu)) <= lying.height, 'the menu lies on the screen');
    await page.setViewportSize(desk.viewport);
    await page.locator('.board-tools [data-do="edit"]').waitFor();
    await page.locator('.filter-bar').waitFor();
    clean(page);
  }, phone);
});

test('a page’s picture has its slots laid over it, placed by pointer and by numbers; what was not placed is listed', async () => {
  const id = await keep([{ id: 'e', kind: 'epg', place: { x: 0, y: 0, w: 14, h: 10 }, ask: { figures: [{ indicator: 'clicks', title: { zh: '', en: '' } }] }, show: { page: 'portal' } }]);
  await on(`/#/boards/${id}`, async (page) => {
    await answered(page);
    const listed = await page.locator('.slots .slot').count();
    assert.ok(listed > 2, `${listed} slots`);
    await edit(page);
    await page.locator('[data-edit="e"]').click();
    const field = page.locator('[data-field="picture"]');
    await page.locator('details', { has: field }).evaluate((d) => (d.open = true));
    await field.locator('input[type="file"]').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await field.getByRole('alert').getByText(/cannot read this picture/).waitFor();
    await field.locator('input[type="file"]').setInputFiles(await picture(page, 'image/webp'));
    await field.locator('[data-do="place-slots"]').click();
    const dialog = page.locator('dialog');
    await dialog.locator('[data-picture]').waitFor();
    await dialog.locator('[data-slot]').first().click();
    const paper = await dialog.locator('[data-picture]').boundingBox();
    await page.mouse.move(paper.x + paper.width * 0.1, paper.y + paper.height * 0.2);
    await page.mouse.down();
    await page.mouse.move(paper.x + paper.width * 0.4, paper.y + paper.height * 0.5, { steps: 4 });
    await page.mouse.up();
    assert.equal(await dialog.locator('[aria-pressed="true"]').getAttribute('data-slot'), await dialog.locator('[data-slot]').nth(1).getAttribute('data-slot'), 'the next one’s turn');
    for (const [n, value] of [50, 60, 20, 30].entries()) {
      await dialog.locator('.place-numbers input').nth(n).fill(String(value));
      await dialog.locator('.place-numbers input').nth(n).press('Tab');
    }
    await page.screenshot({ path: `${shots}board-place-slots.png` });
    await dialog.locator('[data-do="keep-slots"]').click();
    await page.locator('.slot-over').nth(1).waitFor();
    await page.locator('[data-do="save"]').click();
    await page.locator('[data-do="save"][disabled]').waitFor();
  });
  await on(`/#/boards/${id}`, async (page) => {
    await page.locator('.slot-over').nth(1).waitFor();
    const { slots } = (await (await context.request.get(`${country.base}/api/v1/boards/${id}`)).json()).board.tabs[0].widgets[0].show;
    assert.deepEqual(slots.map(({ x, y, w, h }) => [x, y, w, h].map((v) => Math.round(v / 10))), [[10, 20, 30, 30], [50, 60, 20, 30]]);
    assert.equal(await page.locator('.slot-over').count(), 2);
    await page.locator('.slots-rest').waitFor();
    await page.screenshot({ path: `${shots}board-epg.png` });
    await accessible(page);
    await page.locator('.slot-over').first().click();
    await page.locator('[data-chip="slot"]').waitFor();
    clean(page);
  });
});
