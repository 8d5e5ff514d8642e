// The page of the real thing: bin/aggregator demo, its own sign-in link, its
// own boxes. Nothing here is made up but the households.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { accessible, clean, drawn, exact, fits, launch, open, phone, settled } from './browser.mjs';
import { freePort } from './fixture.mjs';

const program = process.env.AGGREGATOR;

let browser;
let data;
let ports;
let demo;

// Starts the demo at its ports and returns the child and the link it prints.
function start() {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['demo', '--boxes', '300', '--history', '3', '--data', data, '--http-listen', `127.0.0.1:${ports[0]}`, '--mqtt-listen', `127.0.0.1:${ports[1]}`]);
    let said = '';
    const listen = (b) => {
      said += b;
      const link = said.match(/http:\/\/\S+(\/login\?key=\S+)/);
      if (link) resolve({ child, link: link[1] });
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${said}`)));
  });
}

function kill(child) {
  return new Promise((resolve) => {
    child.removeAllListeners('exit');
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });
}

before(async () => {
  assert.ok(program && existsSync(program), `There is no ${program ?? 'AGGREGATOR'}; run make build first`);
  browser = await launch();
  data = mkdtempSync(join(tmpdir(), 'demo-'));
  ports = [await freePort(), await freePort()];
  demo = await start();
});

after(async () => {
  if (demo) await kill(demo.child);
  await browser?.close();
  if (data) rmSync(data, { recursive: true });
});

// Waits until a card shows more than it did.
async function grown(page, figure, than) {
  await page.waitForFunction(
    ([figure, than]) => {
      const title = document.querySelector(`[data-figure="${figure}"]`)?.title.split('\n')[0];
      return Number(title?.replace(/^.*: /, '').replaceAll(',', '')) > than;
    },
    [figure, than],
    { timeout: 100_000 },
  );
}

// When the newest event that counts was, as the page shows it.
const newest = (page) => page.locator('time.as-of').getAttribute('datetime');

// Waits until something newer counts. Boxes always tell something, though at night
// minutes may pass without a play.
const later = (page, than) =>
  page.waitForFunction((than) => document.querySelector('time.as-of')?.dateTime > than, than, { timeout: 120_000 });

test('the link signs in and the page of a running demo moves, dies and lives again', { timeout: 300_000 }, async () => {
  const base = `http://127.0.0.1:${ports[0]}`;
  const page = await open(browser, base, { signIn: null, path: demo.link });
  assert.equal(new URL(page.url()).pathname, '/', 'the link leads to the page');
  await page.locator('[data-figure]').first().waitFor({ timeout: 90_000 });
  await settled(page);
  await drawn(page);
  await grown(page, 'power_ons', 0);
  await grown(page, 'plays', 0);
  await later(page, await newest(page));
  clean(page);

  await page.locator('button.tile').first().click();
  await page.locator('.tiles-loose .tile').first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('button.tile').first().waitFor();
  await accessible(page);
  clean(page);

  await kill(demo.child);
  await page.locator('.banner-lost').waitFor();
  const plays = await exact(page, 'plays');
  const before = await newest(page);
  demo = await start();
  await page.locator('[data-link="live"]').waitFor({ timeout: 60_000 });
  await later(page, before);
  assert.ok((await exact(page, 'plays')) >= plays, 'nothing that counted is lost');
  assert.deepEqual(page.faults.filter((f) => !f.includes('Failed to load resource')), []);
  assert.deepEqual(page.foreign, []);

  const small = await open(browser, base, { ...phone, lang: 'zh-CN', signIn: demo.link });
  await settled(small);
  await drawn(small);
  await fits(small);
  clean(small);
});
