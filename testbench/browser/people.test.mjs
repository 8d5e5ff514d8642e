// People: an administrator makes the manager of a province, who signs in on a phone and
// sees only that province; passwords, codes, looking through others' eyes, the log.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, clean, fits, launch, open, phone, settled } from './browser.mjs';
import { Fixture } from './fixture.mjs';

// for people to look at
const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;
let admin; // the administrator's page
const password = 'four dry horses';

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start('normal', new Date().toISOString(), ['-files=false']);
  admin = await open(browser, country.base, { path: '/#/people', reducedMotion: 'reduce' });
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

/** A person's page on a phone, signed in as told; '' is not at all. */
async function asPerson(signIn, path = '/', options = {}) {
  return open(browser, country.base, { ...phone, reducedMotion: 'reduce', signIn: null, path: signIn || path, acceptDownloads: true, ...options });
}

/** The step of 30 seconds that it is now. */
const now = () => Math.floor(Date.now() / 30_000);

/** The code that an authenticator shows in one step. The platform takes those of the step before and after too. */
function code(secret, at) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const c of secret) bits += letters.indexOf(c).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(at));
  const mac = createHmac('sha1', key).update(step).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const signIn = async (page, name, word) => {
  await page.locator('input[name="name"]').fill(name);
  await page.locator('input[name="password"]').fill(word);
  await page.getByRole('button', { name: 'Sign in' }).click();
};

let manager; // the manager's page

test('an administrator makes the manager of a province, who sees nothing but it on a phone', async () => {
  await admin.locator('.panel-people-add input[name="name"]').fill('wang');
  await admin.locator('input[name="display"]').fill('王芳');
  await admin.locator('[data-pick="what"]').selectOption('role:province_manager');
  await admin.locator('[data-province="33"]').check();
  await admin.locator('[data-do="give"]').click();
  await accessible(admin);
  await admin.screenshot({ path: `${shots}people.png`, fullPage: true });
  await admin.getByRole('button', { name: 'Add', exact: true }).click();
  await admin.locator('[data-row="33"]').waitFor();
  assert.equal(await admin.locator('[data-row]').count(), 1);
  assert.equal(await admin.locator('[data-row="33"] [data-open="true"]').count(), 9);
  await admin.locator('[data-do="link"]').click();
  const link = await admin.locator('[data-link-for="wang"]').innerText();

  manager = await asPerson(link.slice(country.base.length));
  await settled(manager);
  await fits(manager);
  // one province in the ranking, and its figures are the whole of what is shown
  const places = await manager.locator('.panel-places').innerText();
  assert.match(places, /Zhejiang/);
  assert.doesNotMatch(places, /Hunan|Guangdong/);
  await manager.screenshot({ path: `${shots}people-phone.png` });

  await manager.goto(`${country.base}/#/boards`);
  await manager.locator('[data-new="operation"]').click();
  await manager.waitForFunction(() => document.querySelector('[data-widget]') && !document.querySelector('[data-state="waiting"]'));
  const table = manager.locator('[data-widget="provinces"]');
  assert.match(await table.innerText(), /Zhejiang/);
  assert.doesNotMatch(await manager.locator('main').innerText(), /Hunan|Guangdong/);
  await table.getByRole('button', { name: 'Enlarge' }).click();
  const [file] = await Promise.all([manager.waitForEvent('download'), manager.getByRole('dialog').getByRole('button', { name: 'Download CSV' }).click()]);
  const csv = readFileSync(await file.path(), 'utf8');
  assert.match(csv, /Zhejiang/);
  assert.doesNotMatch(csv, /Hunan|Guangdong|王芳/);

  await manager.goto(`${country.base}/#/insights/unusual`);
  await manager.locator('.panel-anomalies, [data-insight], main section').first().waitFor();
  assert.doesNotMatch(await manager.locator('main').innerText(), /Hunan|Guangdong/);
  clean(manager);
});

test('a manager makes people of the province, and cannot give more than they hold', async () => {
  await manager.goto(`${country.base}/#/people`);
  await manager.locator('[data-pick="what"]').waitFor();
  await fits(manager);
  const roles = await manager.locator('[data-pick="what"] option').allInnerTexts();
  assert.ok(!roles.includes('Administrator') && roles.includes('Content'), String(roles));
  await manager.locator('[data-pick="what"]').selectOption('role:content');
  assert.deepEqual(await manager.locator('[data-province]').evaluateAll((all) => all.map((e) => e.dataset.province)), ['33']);
  await manager.locator('[data-province="33"]').check();
  await manager.locator('[data-do="give"]').click();
  await manager.locator('.panel-people-add input[name="name"]').fill('li');
  await manager.getByRole('button', { name: 'Add', exact: true }).click();
  await manager.locator('[data-row="33"]').waitFor();
  assert.equal(await manager.locator('[data-row="33"] [data-open="true"]').count(), 5);
  await accessible(manager);
});

test('a password is set, a wrong one refused; with a second factor a code is asked for', async () => {
  await manager.goto(`${country.base}/#/account`);
  await manager.locator('input[name="new"]').fill(password);
  await manager.getByRole('button', { name: 'Set the password' }).click();
  await manager.getByText('The password is set').waitFor();
  await manager.locator('[data-do="totp"]').click();
  const secret = await manager.locator('[data-secret]').getAttribute('data-secret');
  const confirmed = now();
  await manager.locator('.panel-totp input[name="code"]').fill(code(secret, confirmed));
  await manager.getByRole('button', { name: 'Confirm' }).click();
  await manager.locator('.codes li').first().waitFor();
  assert.equal(await manager.locator('.codes li').count(), 10);
  await accessible(manager);
  await manager.screenshot({ path: `${shots}account-phone.png`, fullPage: true });
  await manager.locator('[data-do="signout"]').click();
  await manager.getByRole('heading', { name: 'Please sign in' }).waitFor();
  await accessible(manager);
  await signIn(manager, 'wang', 'four wet horses');
  await manager.locator('.signin-problem').waitFor();
  assert.match(await manager.locator('.signin-problem').innerText(), /do not fit together/);
  await signIn(manager, 'Wang', password);
  await manager.getByRole('heading', { name: 'Your code, please' }).waitFor();
  await manager.locator('input[name="code"]').fill(code(secret, confirmed + 1)); // each code opens once
  await manager.getByRole('button', { name: 'Sign in' }).click();
  await manager.goto(`${country.base}/#/`);
  await settled(manager);
  // what the server refuses the browser names on its console; nothing else may be there
  assert.deepEqual(manager.faults.filter((f) => !/status of 40[13]/.test(f)), []);
});

test('an administrator looks through the manager’s eyes, with the name on every page, and it is written down', async () => {
  await admin.goto(`${country.base}/#/people`);
  await admin.locator('[data-option="watermark"]').click();
  await admin.getByText('Saved', { exact: true }).waitFor();
  await admin.locator('[data-person="wang"] a').click();
  await admin.locator('[data-do="view-as"]').click();
  await admin.locator('[data-as="wang"]').waitFor();
  await settled(admin);
  assert.match(await admin.locator('.watermark').getAttribute('data-mark'), /^administrator → 王芳 \(wang\) 20/);
  assert.doesNotMatch(await admin.locator('.panel-places').innerText(), /Hunan|Guangdong/);
  await admin.screenshot({ path: `${shots}view-as.png` });
  await admin.goto(`${country.base}/#/boards`);
  await admin.locator('[data-look="content"], .template a, .template button').first().waitFor();
  await admin.locator('[data-do="end-view-as"]').click();
  await admin.locator('[data-as]').waitFor({ state: 'detached' });
  await admin.goto(`${country.base}/#/trail`);
  await admin.locator('[data-what="view_as"]').waitFor();
  assert.ok((await admin.locator('[data-what="exported"]').count()) >= 1);
  assert.ok((await admin.locator('[data-what="sign_in_refused"]').count()) >= 1);
  await accessible(admin);
  await admin.screenshot({ path: `${shots}trail.png` });
  await admin.emulateMedia({ colorScheme: 'dark' });
  await admin.goto(`${country.base}/#/people/wang`);
  await admin.locator('[data-row="33"]').waitFor();
  await accessible(admin);
  await admin.screenshot({ path: `${shots}person-dark.png`, fullPage: true });
  clean(admin);
});
