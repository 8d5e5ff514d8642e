// The page over made-up facts: what it shows, how it behaves. Its states are states.test.mjs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clean, drawn, exact, launch, open, settled } from './browser.mjs';
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

test('the page shows the country without a fault and asks no other server', () =>
  on({}, async (page) => {
    await settled(page);
    await drawn(page);
    assert.equal(await page.locator('h1').innerText(), 'The country now');
    assert.equal(await page.locator('[data-figure]').count(), 8);
    assert.equal(await page.locator('button.tile').count(), 14);
    assert.equal(await page.locator('.tiles li').count(), 34);
    assert.equal(await page.locator('.ranking li').count(), 14);
    assert.ok((await exact(page, 'active_boxes')) > 1_000_000);
    assert.match(await page.locator('.as-of').innerText(), /As of 20:2\d:\d\d/);
    assert.match(await page.locator('.health').innerText(), /Completeness\s+99\.9/);
    // the tooltip is made of elements, which the policy allows
    const chart = page.locator('.panel-day .chart');
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.locator('.tip-row').first().waitFor();
    clean(page);
  }));

test('the policy forbids everything foreign and inline', async () => {
  const answer = await fetch(country.base + '/');
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
});

test('the language follows the browser, then the reader, and is remembered', async () => {
  await on({ lang: 'zh-CN' }, async (page) => {
    await settled(page);
    assert.equal(await page.locator('h1').innerText(), '全国此刻');
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    assert.match(await page.locator('.tile', { hasText: '浙江' }).innerText(), /万$/);
    await page.getByRole('button', { name: 'EN', exact: true }).click();
    assert.equal(await page.locator('h1').innerText(), 'The country now');
    await page.reload();
    await settled(page);
    assert.equal(await page.locator('h1').innerText(), 'The country now');
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    clean(page);
  });
  await on({ lang: 'de-DE' }, async (page) => {
    await settled(page);
    assert.equal(await page.locator('h1').innerText(), 'The country now');
  });
});

test('what is refused is told in the page’s language, whatever the browser’s is', () =>
  on({ lang: 'zh-CN', path: '/#/boards/nothing' }, async (page) => {
    await page.getByText('没有您可以打开的看板“nothing”。').waitFor();
    await page.getByRole('button', { name: 'EN', exact: true }).click();
    await page.reload();
    await page.getByText('There is no board "nothing" that you may open.').waitFor();
  }));

test('dark follows the system, then the reader, and is remembered', () =>
  on({ colorScheme: 'dark' }, async (page) => {
    const light = () => page.evaluate(() => Number(getComputedStyle(document.documentElement).backgroundColor.match(/\d+/)[0]) > 128);
    await settled(page);
    assert.equal(await light(), false);
    await page.getByRole('button', { name: 'Light' }).click();
    assert.equal(await light(), true);
    await page.reload();
    await settled(page);
    assert.equal(await light(), true);
    await page.getByRole('button', { name: 'As the system' }).click();
    assert.equal(await light(), false);
    await drawn(page);
    clean(page);
  }));

test('a province opens into its cities and closes again', () =>
  on({}, async (page) => {
    await settled(page);
    const country = await exact(page, 'plays');
    await page.locator('button.tile[data-code="33"]').click();
    await page.locator('.tile[data-code="3301"]').waitFor();
    assert.equal(await page.locator('h1').innerText(), 'Zhejiang now');
    assert.match(await page.locator('.ranking').innerText(), /Hangzhou/);
    const here = await exact(page, 'plays');
    assert.ok(here > 0 && here < country / 5, `Zhejiang ${here} of ${country}`);
    assert.match(page.url(), /#\/33\//);
    await page.getByRole('button', { name: 'Back to the country' }).click();
    await page.locator('button.tile[data-code="33"]').waitFor();

    await page.goBack();
    await page.locator('.tile[data-code="3301"]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('button.tile[data-code="33"]').waitFor();

    await page.locator('.ranking button', { hasText: 'Hunan' }).click();
    await page.locator('.tile[data-code="4301"]').waitFor();
    await page.reload();
    await page.locator('.tile[data-code="4301"]').waitFor();
    clean(page);
  }));

test('a figure chosen by keyboard is on map, ranking and curves', () =>
  on({}, async (page) => {
    await settled(page);
    await page.locator('[data-figure="revenue"]').focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('[data-figure="revenue"]').getAttribute('aria-pressed'), 'true');
    assert.match(await page.locator('.ranking').innerText(), /¥/);
    assert.match(await page.locator('button.tile').first().getAttribute('aria-label'), /Revenue/);
    assert.match(await page.locator('.panel-day .chart').getAttribute('aria-label'), /^Revenue/);
    assert.match(await page.locator('.panel-trend').innerText(), /Revenue/);
    clean(page);
  }));

test('everything is reached by Tab alone', () =>
  on({}, async (page) => {
    await settled(page);
    const all = await page.locator('button:visible, a[href], [tabindex="0"]').count();
    const seen = new Set();
    for (let i = 0; i < all + 2; i++) {
      await page.keyboard.press('Tab');
      seen.add(await page.evaluate(() => {
        const e = document.activeElement;
        return e.dataset.figure ?? e.dataset.code ?? e.dataset.value ?? e.textContent;
      }));
    }
    for (const want of ['Skip to the figures', 'zh', 'dark', 'active_boxes', 'revenue', '44', 'table']) {
      assert.ok(seen.has(want), `Tab never came to ${want}: ${[...seen]}`);
    }
    await page.locator('button.tile[data-code="44"]').focus();
    await page.keyboard.press('Enter');
    await page.locator('.tile[data-code="4401"]').waitFor();
  }));

test('each chart can be read as a table that sorts', () =>
  on({}, async (page) => {
    await settled(page);
    for (const [panel, rows] of [['places', 14], ['day', 24], ['trend', 30]]) {
      await page.locator(`.panel-${panel} button[data-value="table"]`).click();
      assert.equal(await page.locator(`.panel-${panel} tbody tr`).count(), rows, panel);
    }
    const places = page.locator('.panel-places');
    const first = () => places.locator('tbody th').first().innerText();
    assert.equal(await first(), 'Guangdong');
    await places.getByRole('button', { name: 'Active boxes', exact: true }).click();
    assert.equal(await first(), 'Yunnan');
    await places.locator('tbody button', { hasText: 'Sichuan' }).click();
    await places.locator('tbody th', { hasText: 'Chengdu' }).waitFor();
    await page.locator('.panel-day button[data-value="chart"]').click();
    await page.locator('.panel-day canvas').waitFor();
    clean(page);
  }));

test('numbers move when the platform says so, without a reload', () =>
  on({}, async (page) => {
    await settled(page);
    const before = await exact(page, 'plays');
    const rank = await page.locator('.ranking li', { hasText: 'Guangdong' }).innerText();
    await page.locator('[data-figure="plays"]').click();
    await country.push(44, 900_000);
    await page.waitForFunction((n) => {
      const title = document.querySelector('[data-figure="plays"]').title.split('\n')[0];
      return Number(title.replace(/^.*: /, '').replaceAll(',', '')) > n + 100_000;
    }, before);
    assert.notEqual(await page.locator('.ranking li', { hasText: 'Guangdong' }).innerText(), rank);
    clean(page);
  }));

// counts how many different texts a card showed on the way to its next value
async function glides(page) {
  await settled(page);
  await page.evaluate(() => {
    window.texts = new Set();
    const count = document.querySelector('[data-figure="plays"] .count');
    new MutationObserver(() => window.texts.add(count.textContent)).observe(count, { childList: true, characterData: true, subtree: true });
  });
  const before = await exact(page, 'plays');
  await country.push(44, 2_000_000);
  await page.waitForFunction((n) => {
    const title = document.querySelector('[data-figure="plays"]').title.split('\n')[0];
    return Number(title.replace(/^.*: /, '').replaceAll(',', '')) > n + 100_000;
  }, before);
  const written = await page.locator('[data-figure="plays"] .count').evaluate(async (e) => {
    for (let still = 0, last = ''; still < 30; still = e.textContent === last ? still + 1 : 0) {
      last = e.textContent;
      await new Promise(requestAnimationFrame);
    }
    return e.textContent;
  });
  assert.ok(written);
  return page.evaluate(() => window.texts.size);
}

test('numbers glide, unless the reader wants less movement', async () => {
  await on({}, async (page) => assert.ok((await glides(page)) > 3));
  // as_of moves the figures of the fixture a little at each question
  await on({ reducedMotion: 'reduce' }, async (page) => assert.ok((await glides(page)) <= 3));
});
