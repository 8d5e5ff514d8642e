// What leaves a board: on paper, as a workbook, and by schedule, over made-up facts.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { accessible, clean, fits, launch, open, phone } from './browser.mjs';
import { Fixture } from './fixture.mjs';

// for people to look at
const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;
let context; // one reader, signed in once
let state;
let board; // two pages of it

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start('normal', new Date().toISOString(), ['-files=false']);
  const page = await open(browser, country.base, { reducedMotion: 'reduce' });
  context = page.context();
  state = await context.storageState();
  const text = (en) => ({ zh: en, en });
  const plays = { figures: [{ indicator: 'plays', title: text('') }] };
  const widgets = [
    { id: 'n', kind: 'figure', place: { x: 0, y: 0, w: 8, h: 3 }, ask: plays },
    { id: 'l', kind: 'line', place: { x: 8, y: 0, w: 16, h: 6 }, ask: plays },
    { id: 's', kind: 'stacked', place: { x: 0, y: 3, w: 8, h: 10 }, ask: { ...plays, by: ['mode'] } },
    { id: 'p', kind: 'pie', place: { x: 8, y: 6, w: 16, h: 7 }, ask: { ...plays, by: ['mode'] } },
    { id: 'r', kind: 'ranking', place: { x: 0, y: 13, w: 24, h: 20 }, ask: { ...plays, by: ['province'] } },
  ].map((w) => ({ title: text(''), filters: {}, show: {}, prose: text(''), ...w }));
  const body = { schema: 1, title: text('Operation'), about: text(''), filters: { period: { last: 7, unit: 'day' } }, tabs: [{ id: 't1', title: text('One'), widgets }], marks: [] };
  const answer = await context.request.post(`${country.base}/api/v1/boards`, { data: { board: body }, headers: { Origin: country.base } });
  assert.equal(answer.status(), 200, await answer.text());
  board = (await answer.json()).id;
  await watermark(true);
  await page.close();
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

/** The reader's name on every page, or not. */
async function watermark(on) {
  const answer = await context.request.put(`${country.base}/api/v1/options`, { data: { watermark: on, admin_totp: false }, headers: { Origin: country.base } });
  assert.equal(answer.status(), 200, await answer.text());
}

async function on(path, check, options) {
  const page = await open(browser, country.base, { signIn: null, storageState: state, reducedMotion: 'reduce', path, ...options });
  try {
    await page.locator('[data-widget]').first().waitFor();
    await page.waitForFunction(() => !document.querySelector('[data-state="waiting"]'));
    await check(page);
  } finally {
    await page.context().close();
  }
}

const pagesIn = (pdf) => (pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length;

test('a tab on paper has as many pages as its widgets need, none is cut, every chart fits its widget; the board comes as a workbook', () =>
  on(`/#/boards/${board}`, async (page) => {
    await page.locator('.board-grid canvas').first().waitFor();
    // what is done before printing, measured while it holds
    const laid = await page.evaluate(() => {
      let found;
      addEventListener('boardprint', () => {
        if (found) return;
        const items = [...document.querySelectorAll('.board-grid > .board-item')];
        const number = (e, name) => Number(e.style.getPropertyValue(name));
        found = {
          items: items.map((e) => ({ row: number(e, '--pr') - 1, height: number(e, '--ph'), begins: e.classList.contains('print-first') })),
          marks: [...document.querySelectorAll('.print-mark')].map((m) => m.dataset.mark),
          edges: document.adoptedStyleSheets.map((sheet) => [...sheet.cssRules].map((r) => r.cssText).join('\n')).join('\n'),
          over: items.filter((e) => e.getBoundingClientRect().right > document.querySelector('.board-grid').getBoundingClientRect().left + 1041).length,
          // a canvas of another size than its box is stretched or cut on paper
          odd: [...document.querySelectorAll('.board-grid .chart')].filter((c) => {
            const canvas = c.querySelector('canvas');
            return canvas && (Math.abs(canvas.clientWidth - c.clientWidth) > 1 || Math.abs(canvas.clientHeight - c.clientHeight) > 1);
          }).length,
        };
      });
      window.printed = () => found;
    });
    assert.equal(laid, undefined);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    writeFileSync(`${shots}board.pdf`, pdf);
    const { items, over, odd, edges, marks } = await page.evaluate(() => window.printed());
    const starts = [0, ...new Set(items.filter((i) => i.begins).map((i) => i.row))].sort((a, b) => a - b);
    assert.equal(pagesIn(pdf), starts.length);
    assert.ok(starts.length > 1, 'the board fits one page and shows nothing of breaks');
    for (const i of items) {
      const from = starts.filter((s) => s <= i.row).at(-1);
      assert.ok(i.row + i.height <= from + (from === 0 ? 14 : 15), `a widget is cut: ${JSON.stringify(i)}`);
    }
    assert.equal(over, 0);
    assert.equal(odd, 0);
    assert.equal(marks.length, starts.length); // the reader's name over each page
    for (const m of marks) assert.match(m, /^administrator \d{4}/);
    assert.equal(await page.locator('.print-mark').count(), 0); // and gone again
    const [, wide, high] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf.toString('latin1'));
    assert.deepEqual([Math.round(wide), Math.round(high)], [842, 595]); // A4 across, in points
    // what stands at the edges of each page: board, period, reader, page
    assert.match(edges, /size: 297mm 210mm/);
    for (const part of ['Operation', 'Last 7 days', 'administrator 20', 'counter(page) " / " counter(pages)']) assert.ok(edges.includes(part), `${part} is not in ${edges}`);

    const [file] = await Promise.all([page.waitForEvent('download'), page.locator('[data-do="excel"]').click()]);
    assert.match(file.suggestedFilename(), /^Operation .*\.xlsx$/);
    await file.saveAs(`${shots}board.xlsx`);
    clean(page);
    await watermark(false); // no contrast can be told through it
  }));

test('all tabs are printed, each from a page of its own', async () => {
  const text = (en) => ({ zh: en, en });
  const tab = (id, indicator) => ({
    id, title: text(`Tab ${id}`),
    widgets: [{ id: `w${id}`, kind: 'line', title: text(`Curve ${id}`), place: { x: 0, y: 0, w: 24, h: 6 }, filters: {}, ask: { figures: [{ indicator, title: text('') }] }, show: {}, prose: text('') }],
  });
  const body = { schema: 1, title: text('Two'), about: text(''), filters: { period: { last: 7, unit: 'day' } }, tabs: [tab('a', 'plays'), tab('b', 'orders')], marks: [] };
  const answer = await context.request.post(`${country.base}/api/v1/boards`, { data: { board: body }, headers: { Origin: country.base } });
  await on(`/#/boards/${(await answer.json()).id}/b`, async (page) => {
    await page.evaluate(() => (window.print = () => (window.asked = document.querySelectorAll('.print-tab canvas').length)));
    assert.equal(await page.locator('[data-print-tab]').count(), 1);
    await page.locator('[data-do="print"]').click();
    await page.waitForFunction(() => window.asked !== undefined);
    assert.equal(await page.evaluate(() => window.asked), 2, 'both curves are drawn before it prints');
    await fits(page); // nothing beside the open tab is seen
    assert.deepEqual(await page.locator('[data-print-tab]').evaluateAll((all) => all.map((e) => [e.dataset.printTab, e.inert])), [['a', true], ['b', false]]);
    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    writeFileSync(`${shots}tabs.pdf`, pdf);
    assert.equal(pagesIn(pdf), 2);
    await page.waitForFunction(() => document.querySelectorAll('[data-print-tab]').length === 1);
    clean(page);
  });
});

test('a report is made, sent to a chat in the reader’s scope, listed and removed', async () => {
  const calls = [];
  const chat = createServer((request, answer) => {
    let body = '';
    request.on('data', (b) => (body += b));
    request.on('end', () => {
      calls.push({ url: request.url, body });
      answer.end('{"errcode":0,"errmsg":"ok"}');
    });
  });
  await new Promise((resolve) => chat.listen(0, '127.0.0.1', resolve));
  try {
    await on(`/#/boards/${board}`, async (page) => {
      await page.locator('[data-do="reports"]').click();
      const dialog = page.locator('.dialog');
      await dialog.locator('.report-places [data-field="kind"]').selectOption('dingtalk');
      await dialog.locator('[data-field="address"]').fill('http://10.0.0.1/hook');
      await dialog.locator('[data-do="add-place"]').click();
      await dialog.locator('.report-places [role="alert"]', { hasText: 'private network' }).waitFor();
      await dialog.locator('[data-field="address"]').fill(`http://127.0.0.1:${chat.address().port}/robot/send?access_token=hidden`);
      await dialog.locator('[data-do="add-place"]').click();
      await dialog.locator('[data-place]').waitFor();
      assert.doesNotMatch(await dialog.innerText(), /hidden/);
      await dialog.locator('[data-field="name"]').fill('Morning');
      await dialog.locator('[data-field="every"]').selectOption('week');
      await dialog.locator('[data-do="add-report"]').click();
      const report = dialog.locator('[data-report]');
      await report.waitFor();
      assert.match(await report.innerText(), /Morning\s+weekly Monday 08:30/);
      await report.locator('[data-do="send"]').click();
      await dialog.locator('tr[data-state="sent"]').waitFor();
      assert.equal(calls.length, 1);
      assert.match(calls[0].body, /Morning \d{4}-\d{2}-\d{2}/);
      await accessible(page);
      await page.screenshot({ path: `${shots}reports-desk.png` });
      const preview = await page.context().request.get(country.base + (await report.locator('a').getAttribute('href')));
      assert.match(await preview.text(), /<h1[^>]*>Operation<\/h1>/);
      assert.match(preview.headers()['content-security-policy'], /default-src 'none'/);
      await report.locator('[data-do="pause"]').click();
      await report.locator('.quiet', { hasText: 'paused' }).waitFor();
      page.once('dialog', (d) => d.accept());
      await report.locator('.icon-button').click();
      await report.waitFor({ state: 'detached' });
      // the one refusal was asked for
      assert.equal(page.faults.filter((f) => !/status of 400/.test(f)).length, 0, page.faults.join('\n'));
    });
    await on(
      `/#/boards/${board}`,
      async (page) => {
        await page.locator('[data-do="tools"]').click();
        await page.locator('[role="menuitem"][data-do="reports"]').click();
        await page.locator('tr[data-state="sent"]').waitFor();
        await fits(page);
        await page.screenshot({ path: `${shots}reports-phone.png` });
        clean(page);
      },
      phone,
    );
  } finally {
    chat.close();
  }
});
