// A platform's first hour, and its apps: the page leads a stranger with the code to become
// the administrator, then to provinces and files; an app is made, opens at its board, and
// becomes an Xcode project.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, clean, desk, fits, launch, open, phone } from './browser.mjs';
import { Fixture } from './fixture.mjs';

// for people to look at
const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;
let page;

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start('normal', new Date().toISOString(), ['-files=false', '-setup', 'ABCDE-FGHIJ-KLMNO']);
  page = await open(browser, country.base, { ...phone, reducedMotion: 'reduce', signIn: null });
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

test('without an administrator the page leads to become it, by the code in the log', async () => {
  await page.getByRole('heading', { name: 'Make the administrator' }).waitFor();
  await fits(page);
  await page.screenshot({ path: `${shots}setup-claim-phone.png`, fullPage: true });
  await accessible(page);
  await page.locator('input[name="code"]').fill('AAAAA-AAAAA-AAAAA');
  await page.locator('input[name="password"]').fill('four dry horses');
  await page.getByRole('button', { name: 'Become the administrator' }).click();
  await page.locator('.said-bad').waitFor();
  assert.match(await page.locator('.said-bad').innerText(), /not the set-up code/);
  await page.locator('input[name="code"]').fill('abcde fghij klmno');
  await page.getByRole('button', { name: 'Become the administrator' }).click();
  await page.locator('.panel-setup-admin [data-done="true"]').waitFor();
});

test('provinces are chosen, a file is uploaded, and the steps are gone on with later', async () => {
  await page.locator('[data-province="33"]').check();
  await page.locator('[data-province="43"]').check();
  await page.locator('[data-do="keep-provinces"]').click();
  await page.locator('.panel-setup-provinces [data-done="true"]').waitFor();
  assert.match(await page.locator('.panel-setup-data').innerText(), /c3\/33\/in/);
  await page.locator('.panel-setup-data input[type="file"]').setInputFiles({ name: 'users.txt', mimeType: 'text/plain', buffer: Buffer.from('1|2\n') });
  await page.locator('[data-do="upload"]').click();
  await page.getByText('users.txt is in its folder').waitFor();
  assert.ok(existsSync(`${country.data}/c3/33/in/users.txt`));
  await page.goto(`${country.base}/#/people`);
  await page.locator('.people-tabs a[href="#/setup"]').click();
  await page.locator('.panel-setup-provinces [data-done="true"]').waitFor();
  assert.equal(await page.locator('[data-province="43"]').isChecked(), true);
  await fits(page);
  await page.screenshot({ path: `${shots}setup-phone.png`, fullPage: true });
  await accessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page);
  await page.emulateMedia({ colorScheme: 'light' });
});

test('the operator’s map is checked, and a board draws it', async () => {
  const square = (adcode, w, s) => ({ properties: { adcode }, geometry: { type: 'Polygon', coordinates: [[[w, s], [w + 5, s], [w + 5, s + 4], [w, s + 4], [w, s]]] } });
  const give = async (features) => {
    await page.locator('.panel-setup-map input[type="file"]').setInputFiles({ name: 'map.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify({ type: 'FeatureCollection', approval: 'GS(2026)1', features })) });
    await page.locator('[data-do="upload-map"]').click();
  };
  await page.goto(`${country.base}/#/setup`);
  await give([]);
  await page.locator('.panel-setup-map .said-bad').waitFor();
  await give([square(330000, 118, 27), square(430000, 109, 25), square(110000, 115, 39)]);
  await page.locator('.panel-setup-map [data-done="true"]').waitFor();
  const text = (en) => ({ zh: en, en });
  const widget = { id: 'm', kind: 'map', title: text('Map'), filters: {}, show: {}, prose: text(''), place: { x: 0, y: 0, w: 12, h: 8 }, ask: { figures: [{ indicator: 'plays', title: text('') }] } };
  const board = { schema: 1, title: text('Mapped'), about: text(''), filters: { period: { last: 7, unit: 'day' } }, tabs: [{ id: 't', title: text('One'), widgets: [widget] }], marks: [] };
  const made = await page.context().request.post(`${country.base}/api/v1/boards`, { data: { board }, headers: { Origin: country.base } });
  assert.equal(made.status(), 200, await made.text());
  await page.goto(`${country.base}/#/boards/${(await made.json()).id}`);
  await page.locator('.country [data-code="33"]').waitFor();
  assert.match(await page.locator('.country [data-code="33"]').getAttribute('aria-label'), /Zhejiang/);
  assert.equal(await page.locator('.country figcaption').innerText(), 'GS(2026)1');
  await page.screenshot({ path: `${shots}board-map-phone.png`, fullPage: true });
  await accessible(page);
  await page.locator('.country [data-code="33"]').press('Enter');
  await page.locator('.country').waitFor({ state: 'detached' }); // into its cities
  page.faults = page.faults.filter((f) => !/status of 400/.test(f));
});

test('an app is made on the page, opens at its first board and becomes a project', async () => {
  await page.setViewportSize(desk.viewport);
  await page.goto(`${country.base}/#/apps`);
  await page.locator('input[name="name"]').fill('boards');
  await page.locator('input[name="zh"]').fill('灵动');
  await page.locator('input[name="en"]').fill('Boards');
  const icon = await page.request.get(`${country.base}/icon-512.png`);
  await page.locator('.panel-app input[type="file"]').setInputFiles({ name: 'icon.png', mimeType: 'image/png', buffer: await icon.body() });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.panel-app-builds').waitFor();
  await page.locator('[data-make="ios"]').click();
  const build = page.locator('[data-build$=".zip"]');
  await build.waitFor();
  await page.locator('[data-job="done"]').waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), build.locator('a').click()]);
  assert.equal(readFileSync(await file.path()).subarray(0, 2).toString(), 'PK');
  await fits(page);
  await accessible(page);
  await page.screenshot({ path: `${shots}apps.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page);
  await page.screenshot({ path: `${shots}apps-dark.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: 'light' });

  const app = await open(browser, country.base, { ...phone, signIn: null, storageState: await page.context().storageState(), path: '/app/boards/' });
  await app.locator('[data-widget]').first().waitFor();
  assert.match(app.url(), /\/app\/boards\/#\/boards\/~operation/);
  const cdp = await app.context().newCDPSession(app);
  const { url, errors } = await cdp.send('Page.getAppManifest');
  assert.equal(url, `${country.base}/app/boards/manifest.webmanifest`);
  assert.deepEqual(errors, []);
  clean(app);
  assert.deepEqual(page.faults.filter((f) => !/status of 40[13]/.test(f)), []);
});
