// The page of data quality over made-up files: late, refused, waiting, missing.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, clean, desk, fits, launch, open, phone, smallPhone } from './browser.mjs';
import { Fixture } from './fixture.mjs';

// for people to look at
const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start();
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

async function on(options, check, fixture = country) {
  const page = await open(browser, fixture.base, { path: '/#/quality', ...options });
  try {
    await check(page);
  } finally {
    await page.context().close();
  }
}

const cell = (page, name) => page.locator(`[data-cell="${name}"]`);
const shot = (page, name) => page.screenshot({ path: `${shots}${name}.png`, fullPage: true });

test('the grid leads to a day, its files and the record that was rejected', () =>
  on({ path: '/' }, async (page) => {
    await page.locator('[data-figure]').first().waitFor();
    await page.getByRole('link', { name: 'Data quality' }).click();
    await cell(page, '33/2026-11-21').waitFor();
    assert.equal(await page.locator('h1').innerText(), 'Data quality');
    assert.match(await page.title(), /^Data quality/);
    assert.equal(await page.locator('.grid tbody tr').count(), 14);
    assert.equal(await page.locator('.cell').count(), 14 * 14);
    const verdict = (name) => cell(page, name).getAttribute('data-verdict');
    assert.equal(await verdict('33/2026-11-21'), 'bad');
    assert.equal(await verdict('44/2026-11-20'), 'attention');
    assert.equal(await verdict('37/2026-11-21'), 'good');
    assert.equal(await verdict('37/2026-11-22'), 'none'); // today's files come tomorrow
    // neither colour nor sign alone: the words say it too
    assert.match(await cell(page, '43/2026-11-18').getAttribute('aria-label'), /Hunan, Wednesday, 18 November 2026: Bad; Orders: missing, 1 of 1/);
    await shot(page, 'quality-desk');
    await accessible(page);

    await cell(page, '33/2026-11-21').click();
    const day = page.locator('[data-day="33/2026-11-21"]');
    await day.waitFor();
    assert.match(page.url(), /#\/quality\/33\/2026-11-21$/);
    assert.deepEqual(await day.locator('[data-reason]').evaluateAll((all) => all.map((e) => e.dataset.reason)), ['file_refused', 'file_late', 'records_rejected']);
    assert.equal(await day.locator('[data-feed="subscribers"]').getAttribute('data-state'), 'late');
    assert.equal(await day.locator('[data-feed="orders"]').getAttribute('data-state'), 'missing');
    assert.match(await day.locator('.equation').innerText(), /Active before[\s\S]*Active after/);
    assert.equal(await day.locator('[data-balance]').getAttribute('data-balance'), '0');

    await day.locator('[data-file="iptv_33_subscribers_20261121.txt"]').click();
    const line = day.locator('[data-code="bad_time"]').first();
    await line.waitFor();
    assert.match(await line.innerText(), /OPEN_TIME[\s\S]*Wrong time[\s\S]*571000431\|1\|3301\|2026-13-04/);
    assert.equal(await day.locator('[data-code]').count(), 3);
    await shot(page, 'quality-day-desk');
    await accessible(page);
    await fits(page);

    // a link to a file leads there
    const address = page.url();
    await page.reload();
    await page.locator('[data-code="unknown_code"]').waitFor();
    assert.equal(page.url(), address);

    await page.keyboard.press('Escape'); // the file
    assert.equal(await page.locator('[data-code]').count(), 0);
    await page.keyboard.press('Escape'); // the day
    assert.equal(await page.locator('[data-day]').count(), 0);
    await page.getByRole('link', { name: 'Now', exact: true }).click();
    await page.locator('[data-figure]').first().waitFor();
    await page.goBack();
    await cell(page, '33/2026-11-21').waitFor();
    clean(page);
  }));

test('a day tells how its events are timed and what is missing beside them', async () => {
  await on({ path: '/#/quality/51/2026-11-20' }, async (page) => {
    const day = page.locator('[data-day="51/2026-11-20"]');
    await day.waitFor();
    assert.deepEqual(await day.locator('[data-reason]').evaluateAll((all) => all.map((e) => e.dataset.reason)).then((all) => all.slice(0, 2)), ['events_lost', 'clock_unsynced']);
    const facts = day.locator('[data-events]');
    assert.equal(await facts.getAttribute('data-events'), '241');
    assert.match(await facts.innerText(), /Events lost\s+60 \(19\.9%\)[\s\S]*Time of a synced clock\s+74\.7%[\s\S]*by the box alone\s+12\.4%[\s\S]*never synced\)\s+12\.9%[\s\S]*again[\s\S]*61/);
    await shot(page, 'quality-events-desk');
    await accessible(page);
    await fits(page);
    clean(page);
  });
  await on({ path: '/#/quality/51/2026-11-20', lang: 'zh-CN', ...phone }, async (page) => {
    const facts = page.locator('[data-day="51/2026-11-20"] [data-events]');
    await facts.waitFor();
    assert.match(await facts.innerText(), /丢失事件\s+60[\s\S]*从未对时/);
    await fits(page);
    await facts.scrollIntoViewIfNeeded();
    await shot(page, 'quality-events-phone');
    await accessible(page);
    clean(page);
  });
});

test('the grid goes by keyboard: one stop for Tab, arrows between days', () =>
  on({}, async (page) => {
    const newest = page.locator('[data-at="0,13"]');
    await newest.waitFor();
    assert.equal(await page.locator('.cell[tabindex="0"]').count(), 1);
    await newest.focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    const at = () => page.evaluate(() => document.activeElement.dataset.at);
    assert.equal(await at(), '1,12');
    await page.keyboard.press('Home');
    assert.equal(await at(), '1,0');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    assert.equal(await at(), '0,0');
    await page.keyboard.press('Enter');
    await page.locator('[data-day]').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'quality-day');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: '62 days' }).click();
    await page.locator('[data-at="0,61"]').waitFor();
    await fits(page);
    clean(page);
  }));

test('what may name people is for administrators; others see counts', () =>
  on({}, async (page) => {
    await page.route('**/faults?*', (r) => r.fulfill({ status: 403, contentType: 'application/json', body: '{"error":{"code":"forbidden","message":"Only an administrator."}}' }));
    await cell(page, '33/2026-11-21').click();
    await page.locator('[data-file="iptv_33_subscribers_20261121.txt"]').click();
    const faults = page.locator('.faults');
    await faults.getByText('for administrators').waitFor();
    assert.match(await faults.innerText(), /Wrong time\s+2[\s\S]*Unknown code\s+1/);
    assert.equal(await page.locator('[data-code]').count(), 0);
  }));

test('in Chinese, dark, and on phones', async () => {
  await on({ lang: 'zh-CN', colorScheme: 'dark', ...desk }, async (page) => {
    await cell(page, '33/2026-11-21').click();
    await page.locator('[data-file="iptv_33_subscribers_20261121.txt"]').click();
    await page.locator('[data-code="bad_time"]').first().waitFor();
    assert.equal(await page.locator('h1').innerText(), '数据质量');
    assert.match(await page.locator('[data-day]').innerText(), /订单：1 个文件被拒收[\s\S]*时间格式错误/);
    await shot(page, 'quality-dark-zh');
    await accessible(page);
    clean(page);
  });
  for (const [name, size] of [['phone', phone], ['small', smallPhone]]) {
    await on({ lang: 'zh-CN', ...size }, async (page) => {
      await cell(page, '33/2026-11-21').waitFor();
      await fits(page);
      await shot(page, `quality-${name}`);
      // the newest day is in view without scrolling
      const box = await cell(page, '33/2026-11-22').boundingBox();
      assert.ok(box.x + box.width <= page.viewportSize().width, `the newest day lies at ${box.x}`);
      await cell(page, '33/2026-11-21').tap();
      await page.locator('[data-file="iptv_33_subscribers_20261121.txt"]').tap();
      await page.locator('[data-code="bad_time"]').first().waitFor();
      await fits(page);
      await accessible(page);
      await shot(page, `quality-day-${name}`);
      clean(page);
    });
  }
});

test('without files, and without an answer, the page says so', async () => {
  const empty = await Fixture.start('empty');
  try {
    await on({}, (page) => page.locator('[data-state="empty"]').waitFor(), empty);
  } finally {
    await empty.stop();
  }
  await on({}, async (page) => {
    await page.route('**/api/v1/quality?*', (r) => r.fulfill({ status: 504, contentType: 'application/json', body: '{"error":{"code":"timeout","message":"It took too long."}}' }));
    await page.reload();
    await page.getByText('It took too long.').waitFor();
  });
});
