// The page over made-up facts in every state: a server gone, no data, no session; and on
// every size and appearance.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, clean, drawn, exact, fits, launch, open, phone, settled, smallPhone } from './browser.mjs';
import { Fixture } from './fixture.mjs';

let browser;
let country;

before(async () => {
  browser = await launch();
  country = await Fixture.start();
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

async function on(options, check, fixture = country) {
  const page = await open(browser, fixture.base, options);
  try {
    await check(page);
  } finally {
    await page.context().close();
  }
}

test('a server gone is said so, and the page recovers by itself', async () => {
  const server = await Fixture.start();
  try {
    await on({}, async (page) => {
      await settled(page);
      await drawn(page);
      clean(page);
      const before = await exact(page, 'plays');
      await server.kill();
      await page.locator('.banner-lost').waitFor();
      assert.match(await page.locator('.banner-lost').innerText(), /cannot be reached/);
      assert.equal(await page.locator('[data-link]').getAttribute('data-link'), 'lost');
      assert.equal(await exact(page, 'plays'), before, 'the last figures stay');
      await accessible(page);

      await server.run();
      await page.locator('[data-link="live"]').waitFor();
      await page.locator('.banner-lost').waitFor({ state: 'detached' });
      await server.push(44, 900_000);
      await page.waitForFunction((n) => {
        const title = document.querySelector('[data-figure="plays"]').title.split('\n')[0];
        return Number(title.replace(/^.*: /, '').replaceAll(',', '')) > n + 100_000;
      }, before);
      assert.deepEqual(page.faults.filter((f) => !f.includes('Failed to load resource')), []);
    }, server);
  } finally {
    await server.stop();
  }
});

test('no sideways scrolling on phones, in any language, view and place', async () => {
  for (const device of [phone, smallPhone]) {
    for (const lang of ['zh-CN', 'en-GB']) {
      for (const path of ['/', '/#/33/revenue']) {
        await on({ ...device, lang, path }, async (page) => {
          await settled(page);
          await drawn(page);
          await fits(page);
          for (const panel of ['places', 'day', 'trend']) await page.locator(`.panel-${panel} button[data-value="table"]`).click();
          await fits(page);
          clean(page);
        });
      }
    }
  }
});

test('no serious accessibility fault, light and dark, desk and phone, charts and tables', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const device of [{}, phone]) {
      await on({ ...device, colorScheme, lang: 'zh-CN' }, async (page) => {
        await settled(page);
        await drawn(page);
        await accessible(page);
        for (const panel of ['places', 'day', 'trend']) await page.locator(`.panel-${panel} button[data-value="table"]`).click();
        await accessible(page);
      });
    }
    await on({ colorScheme, path: '/#/44/click_to_play' }, async (page) => {
      await settled(page);
      await accessible(page);
    });
  }
});

test('a platform without data says that it waits', async () => {
  const empty = await Fixture.start('empty');
  try {
    await on({ lang: 'zh-CN' }, async (page) => {
      await page.locator('[data-state="empty"]').waitFor();
      assert.match(await page.locator('main').innerText(), /还没有机顶盒上报/);
      await accessible(page);
      await page.goto(`${empty.base}/#/33/plays`);
      await page.getByText('浙江今日尚无数据').waitFor();
      clean(page);
    }, empty);
  } finally {
    await empty.stop();
  }
});

test('a store that fails is shown, with a way to try again', async () => {
  const failing = await Fixture.start('failing');
  try {
    await on({}, async (page) => {
      await page.locator('[data-state="failed"]').waitFor();
      assert.match(await page.locator('.banner-problem').innerText(), /could not be read/);
      assert.equal(await page.locator('[data-link]').getAttribute('data-link'), 'live');
      await accessible(page);
      const asked = page.waitForRequest((r) => r.url().endsWith('/api/v1/query'));
      await page.getByRole('button', { name: 'Try again' }).click();
      await asked;
    }, failing);
  } finally {
    await failing.stop();
  }
});

test('without a session the page explains the admin link and fills once it was opened', () =>
  on({ signIn: null }, async (page) => {
    await page.getByRole('heading', { name: 'Please sign in' }).waitFor();
    assert.match(await page.locator('main').innerText(), /\/login\?key=/);
    assert.match(await page.locator('main').innerText(), /aggregator link/);
    assert.equal(await page.locator('[data-figure]').count(), 0);
    await accessible(page);
    const other = await page.context().newPage();
    await other.goto(`${country.base}/fixture/login`);
    await settled(page);
    await drawn(page);
  }));

test('charts that could not be loaded can be loaded again', () =>
  on({ signIn: '/fixture/login', path: '/icon.svg' }, async (page) => {
    let refusals = 1;
    await page.route('**/charts.js*', (route) => (refusals-- > 0 ? route.abort() : route.continue()));
    await page.goto(`${country.base}/`);
    await page.getByText('The chart could not be loaded.').first().waitFor();
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await drawn(page);
  }));
