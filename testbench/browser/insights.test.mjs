// The page of insights over made-up facts: fourteen provinces with tastes of their
// own, a slot that nobody clicks, a day on which Shaanxi fell silent.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, clean, fits, launch, open, phone, smallPhone } from './browser.mjs';
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

async function on(options, check) {
  const page = await open(browser, country.base, { path: '/#/insights', ...options });
  try {
    await check(page);
  } finally {
    await page.context().close();
  }
}

const shot = (page, name) => page.screenshot({ path: `${shots}${name}.png`, fullPage: true });
const box = (page, id) => page.locator(`[data-insight="${id}"]`);
const section = (page, name) => page.locator(`.choose-section [data-value="${name}"]`).click();

test('an editor and a manager find what changed, which poster, what people like, what is unusual', () =>
  on({ path: '/' }, async (page) => {
    await page.locator('[data-figure]').first().waitFor();
    await page.getByRole('link', { name: 'Insights' }).click();
    await page.locator('[data-side="province"]').waitFor();
    assert.equal(await page.locator('h1').innerText(), 'Insights');
    assert.match(await page.title(), /^Insights/);
    assert.match(await box(page, 'changed').locator('.insight-says').innerText(), /^Plays (rose|fell) from [\d,]+ to [\d,]+/);
    assert.match(await page.locator('[data-side="genre"]').innerText(), /Drama/);
    await shot(page, 'insights-changed');
    await accessible(page);
    await page.locator('[data-pick="indicator"]').selectOption('ctr');
    await page.locator('[data-side="province"] small').first().waitFor();
    assert.match(page.url(), /#\/insights\/changed\/all\/ctr$/);

    await section(page, 'posters');
    await box(page, 'posters').locator('[data-finding="worse"]').first().waitFor();
    await box(page, 'dead').getByText('slot 4, area list of page portal').waitFor();
    assert.match(await box(page, 'positions').innerText(), /长风渡/);
    await shot(page, 'insights-posters');
    await accessible(page);

    await section(page, 'taste');
    await box(page, 'taste').getByText(/Zhejiang likes Opera/).waitFor();
    await box(page, 'offer').locator('[data-finding="hidden"]').first().waitFor();
    await shot(page, 'insights-taste');
    await accessible(page);
    await page.locator('[data-pick="place"]').selectOption('33');
    await box(page, 'taste').getByText(/Hangzhou likes Opera/).waitFor();
    await page.goBack();
    await box(page, 'taste').getByText(/Zhejiang likes Opera/).waitFor();

    await section(page, 'unusual');
    const odd = box(page, 'unusual').locator('[data-finding="anomaly"]').filter({ hasText: 'Power-ons 0' });
    await odd.waitFor();
    assert.match(await odd.innerText(), /Shaanxi, 2026-11-21 \(Saturday\): Power-ons 0, 100% below the median/);
    await box(page, 'alerts').getByText('There are no rules yet').waitFor();
    await page.locator('[data-pick="rule-kind"]').selectOption('fall');
    await page.locator('[data-pick="rule-to"]').fill('nobody-of-here');
    await page.getByRole('button', { name: /Add a rule/ }).click();
    await box(page, 'alerts').getByText(/there is no person "nobody-of-here" who may sign in/).waitFor();
    assert.equal(page.faults.length, 1); // the console's line of the refusal
    page.faults.length = 0;
    assert.equal(await page.locator('[data-rule]').count(), 0);
    const made = await page.context().request.post(`${country.base}/api/v1/people`, { data: { name: 'li', grants: [{ role: 'province_manager', all: false, provinces: ['33'] }] } });
    assert.equal(made.status(), 200, await made.text());
    await page.locator('[data-pick="rule-to"]').fill('li');
    await page.getByRole('button', { name: /Add a rule/ }).click();
    await page.locator('[data-rule]').waitFor();
    assert.match(await page.locator('[data-rule]').innerText(), /Tells also li/);
    const places = page.locator('.insight-alerts .report-places');
    await places.locator('[data-field="kind"]').selectOption('feishu');
    await places.locator('[data-field="address"]').fill('ftp://open.feishu.cn/hook');
    await places.locator('[data-do="add-place"]').click();
    await places.getByRole('alert').getByText(/http/).waitFor();
    page.faults.length = 0;
    await places.locator('[data-field="address"]').fill('https://open.feishu.cn/open-apis/bot/v2/hook/abcdef');
    await places.locator('[data-do="add-place"]').click();
    await places.locator('[data-place]').getByText(/Feishu.*open\.feishu\.cn/).waitFor();
    assert.match(await page.locator('[data-rule]').innerText(), /Power-ons down on the week by more than \(%\) 20/);
    await shot(page, 'insights-unusual');
    await accessible(page);
    await page.getByRole('button', { name: 'Remove rule Power-ons' }).click();
    await box(page, 'alerts').getByText('There are no rules yet').waitFor();
    await odd.getByRole('button').click();
    assert.match(page.url(), /#\/insights\/changed\/61\/power_ons$/);
    await box(page, 'changed').getByText(/^Power-ons fell/).waitFor();
    clean(page);
  }));

test('a manager finds who may leave, and whether the signs deserve their points', () =>
  on({ path: '/#/insights/leaving' }, async (page) => {
    const risk = box(page, 'risk');
    await risk.locator('[data-class="high"]').waitFor();
    assert.match(await risk.locator('.insight-says').innerText(), /active accounts are observed/);
    assert.equal(await risk.locator('[data-sign]').count(), 10);
    assert.match(await risk.innerText(), /not used for at least 28 days\s+40/);
    const departures = box(page, 'departures');
    await departures.locator('[data-lift="more"]').first().waitFor();
    assert.match(await departures.innerText(), /Products not renewed/);
    await page.locator('[data-pick="place"]').selectOption('33');
    await risk.getByRole('row', { name: /Hangzhou/ }).waitFor();
    await shot(page, 'insights-leaving');
    await accessible(page);
    clean(page);
  }));

test('insights in Chinese, dark, and on phones', async () => {
  const ready = { changed: '[data-side="province"]', posters: '[data-finding="worse"]', taste: '[data-finding]', unusual: '[data-finding]', leaving: '[data-class]', products: '.insight-says' };
  for (const [name, options, parts] of [
    ['dark-zh', { colorScheme: 'dark' }, ['taste', 'leaving', 'changed']],
    ['phone', phone, ['posters', 'taste', 'products', 'unusual', 'leaving', 'changed']],
    ['small', smallPhone, ['products', 'unusual', 'changed']],
  ]) {
    await on({ lang: 'zh-CN', path: '/#/insights/changed/all/ctr', ...options }, async (page) => {
      for (const part of parts) {
        await section(page, part);
        await box(page, part === 'leaving' ? 'risk' : part).locator(ready[part]).first().waitFor();
        assert.equal(await page.locator('h1').innerText(), '洞察');
        await fits(page);
        await accessible(page);
        await shot(page, `insights-${part}-${name}`);
      }
      clean(page);
    });
  }
});

test('a question that fails says why', () =>
  on({ path: '/' }, async (page) => {
    await page.route('**/api/v1/insights/movers?*', (r) => r.fulfill({ status: 504, contentType: 'application/json', body: '{"error":{"code":"timeout","message":"It took too long."}}' }));
    await page.getByRole('link', { name: 'Insights' }).click();
    await page.getByText('It took too long.').waitFor();
  }));
