// Share links: a manager of Zhejiang makes one, a stranger opens it on a phone and sees
// Zhejiang alone; revoked, it says so. A partner's page frames a board.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { accessible, clean, launch, open, phone } from './browser.mjs';
import { Fixture } from './fixture.mjs';

const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;
let manager; // the page of the manager of Zhejiang
let partner; // a server of somebody else
let framed = ''; // what it answers with

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start('normal', new Date().toISOString(), ['-files=false']);
  const admin = await open(browser, country.base);
  const made = await admin.request.post(`${country.base}/api/v1/people`, { data: { name: 'wang', grants: [{ role: 'province_manager', all: false, provinces: ['33'] }] } });
  assert.equal(made.status(), 200);
  const link = await (await admin.request.post(`${country.base}/api/v1/people/wang/link`)).json();
  await admin.context().close();
  manager = await open(browser, country.base, { signIn: null, path: link.path, reducedMotion: 'reduce' });
  manager.on('dialog', (d) => void d.accept());
  partner = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(framed));
  await new Promise((done) => partner.listen(0, '127.0.0.1', done));
});

after(async () => {
  await browser?.close();
  partner?.close();
  await country?.stop();
});

/** Somebody without an account, on a phone. */
const stranger = (path, options = {}) => open(browser, country.base, { ...phone, signIn: null, path, reducedMotion: 'reduce', ...options });

const shown = (page) => page.waitForFunction(() => document.querySelector('[data-widget]') && !document.querySelector('[data-state="waiting"]'));

const faults = (page) => page.faults.filter((f) => !/status of (403|410|404)/.test(f));

let address;
let board;

test('a manager makes a link, and a stranger sees Zhejiang alone on a phone', async () => {
  await manager.goto(`${country.base}/#/boards`);
  await manager.locator('[data-new="operation"]').click();
  await shown(manager);
  board = new URL(manager.url()).hash.split('/')[2].split('?')[0];
  await manager.getByRole('button', { name: 'Share', exact: true }).click();
  const dialog = manager.getByRole('dialog');
  await dialog.locator('[data-do="make-link"]').waitFor();
  await dialog.locator('.link-make input[name="name"]').fill('for Chen');
  await dialog.locator('[data-do="make-link"]').click();
  await dialog.locator('[data-address]').waitFor();
  await accessible(manager);
  await manager.screenshot({ path: `${shots}share-link.png` });
  address = await dialog.locator('[data-address]').getAttribute('data-address');
  assert.ok(address.startsWith(`${country.base}/s/`), address);

  const page = await stranger(address.slice(country.base.length));
  await shown(page);
  // wide tables scroll in frames of their own
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth));
  await accessible(page);
  const text = await page.locator('main').innerText();
  assert.match(text, /Zhejiang/);
  assert.doesNotMatch(text, /Hunan|Guangdong/);
  // no menu, nothing to take out, nothing to sign in to
  assert.equal(await page.locator('header.bar, a[href^="#/"], [data-do], .widget-tools [aria-label*="CSV"], [aria-label="Copy the numbers"]').count(), 0);
  await page.screenshot({ path: `${shots}shared-phone.png`, fullPage: true });
  clean(page);

  // revoked, the board goes, and the page says why
  await dialog.locator('[data-do="revoke-link"]').click();
  await dialog.locator('[data-state="revoked"]').waitFor();
  await page.reload();
  await page.locator('[data-refused="link_revoked"]').waitFor();
  assert.match(await page.locator('main').innerText(), /was revoked/);
  await page.goto(`${address}x`);
  await page.locator('[data-refused="bad_link"]').waitFor();
  assert.deepEqual(faults(page), []);
  await page.context().close();
});

test('a link with a password asks for it, and refuses a wrong one', async () => {
  const dialog = manager.getByRole('dialog');
  await dialog.locator('.link-make input[name="password"]').fill('three horses');
  await dialog.locator('[data-do="make-link"]').click();
  address = await dialog.locator('[data-state="good"] [data-address]').getAttribute('data-address');
  const page = await stranger(address.slice(country.base.length));
  await page.locator('[data-refused="link_needs_password"]').waitFor();
  await accessible(page);
  await page.locator('input[name="password"]').fill('three cows');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.locator('[data-refused="link_password_refused"]').waitFor();
  await page.locator('input[name="password"]').fill('three horses');
  await page.getByRole('button', { name: 'Open' }).click();
  await shown(page);
  assert.deepEqual(faults(page), []);
  await page.context().close();
  assert.deepEqual(faults(manager), []);
});

test('a partner’s page frames a board by a token that its server signed; another’s does not', async () => {
  const origin = `http://127.0.0.1:${partner.address().port}`;
  await manager.goto(`${country.base}/#/people`);
  const panel = manager.locator('.panel-embed-keys');
  await panel.locator('input[name="name"]').fill('portal');
  await panel.locator('textarea[name="origins"]').fill(origin);
  await panel.locator(`[data-board="${board}"]`).check();
  await panel.locator('[data-do="make-key"]').click();
  const secret = await panel.locator('[data-made]').first().innerText();
  const id = await panel.locator('[data-key]').getAttribute('data-key');
  await accessible(manager);
  await manager.screenshot({ path: `${shots}embed-keys.png`, fullPage: true });

  const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
  const sign = (claims) => {
    const text = `${part({ alg: 'HS256', typ: 'JWT', kid: id })}.${part(claims)}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const token = sign({ board, exp: Math.floor(Date.now() / 1000) + 60 });
  framed = `<!doctype html><html lang="en"><title>Portal</title><iframe title="board" width="800" height="600" src="${country.base}/embed?token=${token}&lang=zh"></iframe>`;
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(origin);
  const frame = page.frameLocator('iframe');
  await frame.locator('[data-widget="provinces"][data-state="shown"]').waitFor();
  assert.match(await frame.locator('main').innerText(), /浙江/);
  // the browser keeps it from everybody else
  await page.goto(origin.replace('127.0.0.1', 'localhost'));
  await page.waitForFunction(() => document.querySelector('iframe'));
  assert.equal(await frame.locator('[data-widget]').count(), 0);
  framed = framed.replace(token, sign({ board, exp: 99 }));
  await page.goto(origin);
  await frame.locator('[data-refused="embed_token_expired"]').waitFor();
  await context.close();
  assert.deepEqual(faults(manager), []);
});
