// The page as an app: it can be installed, opens without the network with the last
// figures of whoever is signed in, says so, and forgets them at the sign-out.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, launch, open, phone, settled } from './browser.mjs';
import { Fixture } from './fixture.mjs';

// for people to look at
const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;
let page;
let board;

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start('normal', new Date().toISOString(), ['-files=false']);
  page = await open(browser, country.base, { ...phone, serviceWorkers: 'allow', reducedMotion: 'reduce' });
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

const controlled = () => page.waitForFunction(() => navigator.serviceWorker.controller !== null);
const kept = () => page.evaluate(async () => ((await caches.has('kept')) ? (await (await caches.open('kept')).keys()).length : 0));
const until = async (f) => {
  for (let n = 0; !(await f()); n++) {
    assert.ok(n < 200, `never came: ${f}`);
    await page.evaluate(() => new Promise((go) => requestAnimationFrame(() => go())));
  }
};

test('the page can be installed: manifest, icons, a worker that serves it', async () => {
  await settled(page);
  await controlled();
  const manifest = await page.evaluate(async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json());
  assert.equal(manifest.display, 'standalone');
  assert.equal(new URL(manifest.start_url, country.base).href, `${country.base}/`);
  for (const size of ['192x192', '512x512']) assert.ok(manifest.icons.some((i) => i.sizes === size && i.type === 'image/png'), size);
  for (const { src, sizes } of manifest.icons) {
    const width = await page.evaluate(async (src) => {
      const img = new Image();
      img.src = src;
      await img.decode();
      return img.naturalWidth;
    }, src);
    if (sizes !== 'any') assert.equal(`${width}x${width}`, sizes, src);
  }
  // what Chromium itself says of it
  const cdp = await page.context().newCDPSession(page);
  const told = await cdp.send('Page.getAppManifest');
  assert.deepEqual(told.errors, []);
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
  assert.deepEqual(installabilityErrors.map((e) => e.errorId).filter((e) => e !== 'in-incognito'), []);
  const files = await page.evaluate(async () => {
    const shells = (await caches.keys()).filter((k) => k.startsWith('shell-'));
    return [shells.length, (await (await caches.open(shells[0])).keys()).map((r) => new URL(r.url).pathname)];
  });
  assert.equal(files[0], 1);
  for (const f of ['/', '/main.js', '/shared.js', '/analysis.js', '/charts.js', '/app.css']) assert.ok(files[1].includes(f), f);
});

test('a board opens without the network, with its last figures and their time, and comes back by itself', async () => {
  await page.goto(`${country.base}/#/boards`);
  await page.locator('[data-new="operation"]').click();
  const figure = page.locator('[data-widget="viewing"] .number-value');
  await figure.waitFor();
  await page.waitForFunction(() => !document.querySelector('[data-state="waiting"]'));
  board = page.url();
  await until(async () => (await kept()) > 10);
  const number = await figure.getAttribute('data-value');
  await page.context().setOffline(true);
  await page.reload();
  await page.locator('[data-offline*=":"]').waitFor(); // a time
  await figure.waitFor();
  assert.equal(await figure.getAttribute('data-value'), number);
  assert.match(await page.locator('[data-offline]').innerText(), /Offline.*Figures as of .*\d\d:\d\d:\d\d/);
  assert.match(await page.locator('[data-offline]').getAttribute('data-offline'), /^\d{4}-\d\d-\d\d \d\d:\d\d/);
  assert.equal(await page.locator('.banner-lost').isVisible(), false);
  await page.locator('.widget-line canvas').first().waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth));
  await page.screenshot({ path: `${shots}offline-phone.png` });
  await accessible(page);
  await page.goto(`${country.base}/#/`);
  await page.locator('[data-figure]').first().waitFor();
  await page.context().setOffline(false);
  await page.locator('[data-link="live"]').waitFor();
  await page.locator('[data-offline]').waitFor({ state: 'detached' });
  assert.deepEqual(page.foreign, []);
  page.faults = []; // the browser names what it could not fetch
});

test('another person’s figures are not shown, and after the sign-out nothing is left', async () => {
  const send = (method, path, body) =>
    page.evaluate(
      async ([method, path, body]) => {
        const r = await fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
        return r.json();
      },
      [method, path, body],
    );
  await send('POST', '/api/v1/people', { name: 'wang', display: '', department: '', grants: [{ role: 'operation', all: false, provinces: ['33'] }] });
  const { path } = await send('POST', '/api/v1/people/wang/link');
  assert.ok((await kept()) > 10);
  await page.goto(country.base + path);
  await settled(page);
  await controlled();
  await until(async () => (await kept()) > 3);
  await page.context().setOffline(true);
  await page.goto(board); // the administrator's, which was kept for them
  await page.reload();
  await page.locator('[data-link="lost"]').waitFor();
  assert.doesNotMatch(await page.locator('#page').innerText(), /Hunan|Guangdong/);
  assert.equal(await page.locator('.number-value').count(), 0);
  await page.context().setOffline(false);
  await page.goto(`${country.base}/#/account`);
  await page.locator('[data-do="signout"]').click();
  await page.getByRole('heading', { name: 'Please sign in' }).waitFor();
  await until(async () => (await kept()) === 0);
  await page.context().setOffline(true);
  await page.reload();
  await page.locator('[data-link="lost"]').waitFor();
  assert.equal(await page.locator('[data-figure]').count(), 0);
  await page.context().setOffline(false);
  await page.getByRole('heading', { name: 'Please sign in' }).waitFor();
});

test('a page that the server no longer has as it was is not mixed with the one before', async () => {
  const held = await page.evaluate(async () => {
    const text = await (await fetch('/sw.js', { cache: 'no-store' })).text();
    const { files } = JSON.parse(text.slice('const SHELL = '.length, text.indexOf(';\n')));
    // another version's digest of one file: none of that version is taken
    return fetch('/main.js', { cache: 'reload', integrity: files.find(([p]) => p === '/shared.js')[1] }).then(() => 'taken', () => 'refused');
  });
  assert.equal(held, 'refused');
});
