// Doors beside name and password: a sign-on provider, tokens of one's own, roles of one's
// own.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, launch, open, settled } from './browser.mjs';
import { Fixture } from './fixture.mjs';

const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start('normal', new Date().toISOString(), ['-files=false', '-signon']);
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

const faults = (page) => page.faults.filter((f) => !/status of 401/.test(f));

test('somebody comes by the sign-on provider, makes a token and takes it back, and leaves', async () => {
  const page = await open(browser, country.base, { signIn: null, reducedMotion: 'reduce' });
  page.on('dialog', (d) => void d.accept());
  await page.locator('[data-do="signon"]').waitFor();
  await accessible(page);
  await page.locator('[data-do="signon"]').click();
  await settled(page);
  const places = await page.locator('.panel-places').innerText();
  assert.match(places, /Zhejiang/);
  assert.doesNotMatch(places, /Hunan|Guangdong/);

  await page.goto(`${country.base}/#/account`);
  await page.locator('[data-identity="chen.wei"]').waitFor();
  const tokens = page.locator('.panel-tokens');
  await tokens.locator('input[name="name"]').fill('nightly report');
  await tokens.locator('[data-do="narrow"]').check();
  await tokens.locator('[data-set="activity"]').check();
  await tokens.getByRole('button', { name: 'Make', exact: true }).click();
  const secret = await tokens.locator('[data-made]').innerText();
  await accessible(page);
  await page.screenshot({ path: `${shots}account-doors.png`, fullPage: true });
  const ask = (indicator) =>
    fetch(`${country.base}/api/v1/query`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ indicators: [indicator], dimensions: ['province'], from: '2026-11-01', to: '2026-11-02' }),
    });
  const got = await ask('power_ons');
  assert.equal(got.status, 200);
  assert.ok((await got.json()).rows.every((r) => r[1] === '33'));
  assert.equal((await ask('clicks')).status, 403);
  await page.reload();
  await tokens.locator('[data-token="nightly report"] [data-do="revoke"]').click();
  await tokens.locator('[data-token]').waitFor({ state: 'detached' });
  assert.equal((await ask('power_ons')).status, 401);

  await page.locator('[data-do="signout"]').click();
  await page.locator('input[name="password"]').waitFor();
  assert.equal(new URL(page.url()).origin, country.base);
  assert.deepEqual(faults(page), []);
  await page.context().close();
});

test('an administrator makes a role of their own and gives it', async () => {
  const page = await open(browser, country.base, { path: '/#/people', lang: 'zh-CN', reducedMotion: 'reduce' });
  const roles = page.locator('.panel-roles');
  await roles.locator('input[name="name"]').fill('ads');
  await roles.locator('input[name="zh"]').fill('广告');
  await roles.locator('input[name="en"]').fill('Ads');
  await roles.locator('[data-set="epg"]').check();
  await roles.locator('[data-power="make_boards"]').uncheck();
  await roles.locator('[data-do="keep-role"]').click();
  await roles.locator('[data-role="ads"]').waitFor();
  await accessible(page);
  await page.screenshot({ path: `${shots}roles-zh.png`, fullPage: true });
  const add = page.locator('.panel-people-add');
  await add.locator('input[name="name"]').fill('sun');
  await add.locator('[data-pick="what"]').selectOption('role:ads');
  await add.locator('[data-province="33"]').check();
  await add.locator('[data-do="give"]').click();
  await add.locator('button[type="submit"]').click();
  await page.locator('[data-row="33"]').waitFor();
  assert.equal(await page.locator('[data-row="33"] [data-open="true"]').count(), 1);
  // changed, it is changed for whoever has it
  await page.goto(`${country.base}/#/people`);
  await roles.locator('[data-role="ads"] [data-do="edit-role"]').click();
  await roles.locator('[data-set="vod"]').check();
  await roles.locator('[data-do="keep-role"]').click();
  await page.waitForFunction(() => document.querySelector('[data-role="ads"]').innerText.includes('、'));
  await roles.locator('[data-links="content"]').click();
  await page.getByText('已保存').first().waitFor();
  await page.goto(`${country.base}/#/people/sun`);
  await page.locator('[data-row="33"]').waitFor();
  assert.equal(await page.locator('[data-row="33"] [data-open="true"]').count(), 2);
  assert.deepEqual(page.faults, []);
});
