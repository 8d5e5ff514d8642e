// Boxes: an update is brought, started, widened, halted and resumed; a box is found and
// revoked; the manager of a province sees their own and may do nothing.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, clean, fits, launch, open, phone } from './browser.mjs';
import { Fixture } from './fixture.mjs';

// for people to look at
const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;
let page;

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start('normal', new Date().toISOString(), ['-files=false', '-boxes']);
  page = await open(browser, country.base, { path: '/#/boxes', reducedMotion: 'reduce' });
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

const said = (text) => page.locator('.said').getByText(text).waitFor();

test('an update is brought, started, widened, halted and resumed', async () => {
  const old = page.locator('[data-release="27"]');
  await old.waitFor();
  assert.equal(await page.getByRole('link', { name: 'Boxes' }).getAttribute('aria-current'), 'page');
  const bar = (name) => old.locator(`[data-bar="${name}"]`).getAttribute('data-value');
  assert.deepEqual(await Promise.all(['offered', 'downloaded', 'trying', 'good', 'rolled_back', 'refused'].map(bar)), ['77', '38', '12', '308', '4', '7']);
  assert.match(await old.innerText(), /started 3 times and never got well/);
  assert.match(await page.locator('[data-release="26"]').innerText(), /Halted by itself: 11 of 96/);
  await accessible(page);
  await page.screenshot({ path: `${shots}boxes-rollouts.png`, fullPage: true });

  await page.locator('input[name="signed"]').setInputFiles(`${country.data}/28.signed`);
  await page.locator('input[name="program"]').setInputFiles(`${country.data}/28.program`);
  await page.locator('[data-do="publish"]').click();
  const release = page.locator('[data-release="28"]');
  await release.waitFor();
  assert.equal(await release.getAttribute('data-state'), 'prepared');

  await release.locator('[data-do="stage"]').click();
  await release.locator('[data-share="1"]').click();
  await release.locator('[data-do="stage-save"]').click();
  await page.locator('[data-release="28"][data-state="running"]').waitFor();

  await release.locator('[data-do="stage"]').click();
  await release.locator('input[name="percent"]').fill('12.5');
  await release.getByText('Provinces: all provinces').click();
  await release.locator('[data-province="33"]').check();
  await release.locator('[data-do="stage-save"]').click();
  await said('Version 28 is now for 12.5% of the boxes');
  assert.match(await release.innerText(), /12\.5%\s+Provinces\s+Zhejiang/);

  await release.locator('[data-do="halt"]').click();
  await release.locator('input[name="why"]').fill('black screens');
  await release.locator('[data-do="halt-sure"]').click();
  await page.locator('[data-release="28"][data-state="halted"]').waitFor();
  assert.match(await release.innerText(), /Halted by administrator: black screens/);
  await release.locator('[data-do="resume"]').click();
  await release.locator('[data-do="resume-sure"]').click();
  await page.locator('[data-release="28"][data-state="running"]').waitFor();
});

test('a box is found by its serial and revoked; what gives a clone away is shown', async () => {
  await page.getByRole('link', { name: 'Certificates' }).click();
  await page.locator('[data-box]').nth(8).waitFor();
  assert.match(await page.locator('[data-credential]').filter({ hasText: 'E900V22C' }).innerText(), /6 used · 6 left/);
  assert.match(await page.locator('[data-box$="0000"]').innerText(), /ends in 14 days/);
  assert.match(await page.locator('[data-box$="0003"] [data-sign="taken"]').innerText(), /another key claims the same box.*10\.1\.2\.3/s);
  assert.match(await page.locator('[data-refusal="taken"]').innerText(), /SN2026-0003/);

  await page.locator('input[name="search"]').fill('SN2026-0001');
  await page.locator('[data-do="find"]').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-box]').length === 1);
  await page.locator('[data-do="revoke"]').click();
  await page.locator('input[name="why"]').fill('stolen');
  await page.locator('[data-do="revoke-sure"]').click();
  await page.locator('[data-box$="0001"][data-revoked="true"]').waitFor();
  assert.match(await page.locator('[data-box$="0001"]').innerText(), /revoked .* · stolen/);
  await page.goto(`${country.base}/#/trail`);
  await page.locator('[data-what="box_revoked"]').waitFor();
  for (const what of ['update_published', 'update_staged', 'update_halted', 'update_resumed', 'certificates_listed']) assert.ok((await page.locator(`[data-what="${what}"]`).count()) > 0, what);
  clean(page);
});

test('the manager of a province sees their own on a phone, and may change nothing', async () => {
  const grants = [{ role: 'province_manager', all: false, provinces: ['44'] }];
  const made = await page.context().request.post(`${country.base}/api/v1/people`, { data: { name: 'wang', display: '王芳', department: '', grants } });
  assert.equal(made.status(), 200, await made.text());
  const { path } = await (await page.context().request.post(`${country.base}/api/v1/people/wang/link`)).json();
  const small = await open(browser, country.base, { ...phone, reducedMotion: 'reduce', colorScheme: 'dark', lang: 'zh-CN', signIn: path, path: '/#/boxes' });
  await small.locator('[data-release="27"]').waitFor();
  const text = await small.locator('main').innerText();
  assert.match(text, /广东/);
  assert.doesNotMatch(text, /浙江|96/);
  assert.equal(await small.locator('[data-do]').count(), 0);
  assert.equal(await small.locator('[data-release="27"] [data-bar="good"]').getAttribute('data-value'), '176');
  await fits(small);
  await small.goto(`${country.base}/#/boxes/certificates`);
  await small.locator('[data-box]').first().waitFor();
  assert.equal(await small.locator('[data-box]').count(), 3);
  assert.equal(await small.locator('[data-credential]').count(), 0); // of all provinces, or of another
  await fits(small);
  await accessible(small);
  await small.screenshot({ path: `${shots}boxes-phone.png`, fullPage: true });
  clean(small);
  await small.context().close();
});
