// One Chromium for all tests; pages that remember everything that went wrong.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Starts Chromium; throws with what to install if it is not there. */
export function launch() {
  if (!existsSync(executablePath)) {
    throw new Error(`There is no Chromium at ${executablePath}. Install it (apt-get install chromium) or name it: CHROMIUM=/path/to/chromium`);
  }
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export const desk = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
export const smallPhone = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true };

// Tests that answer for the server could not: its requests would be the worker's. Those
// of the page without the network allow workers (offline.test.mjs).
const noWorker = 'Service Worker registration blocked by Playwright';

/**
 * Opens a page whose `faults` collects what its console, scripts and policy
 * complained of, and whose `foreign` collects requests to any server but base's.
 * Signs in first unless told not to.
 */
export async function open(browser, base, options = {}) {
  const { path = '/', lang = 'en-GB', signIn = '/fixture/login', ...rest } = options;
  const context = await browser.newContext({ locale: lang, serviceWorkers: 'block', ...desk, ...rest });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.faults = [];
  page.foreign = [];
  page.on('console', (m) => {
    if (m.text().startsWith(noWorker)) return;
    if (m.type() === 'error' || m.type() === 'warning') page.faults.push(`console ${m.type()}: ${m.text()} ${m.location().url}`);
  });
  page.on('pageerror', (e) => page.faults.push(`script: ${e.stack ?? e}`));
  page.on('request', (r) => {
    if (!r.url().startsWith(base + '/') && !r.url().startsWith('data:')) page.foreign.push(r.url());
  });
  if (signIn) {
    const answer = await context.request.get(base + signIn);
    assert.equal(answer.status(), 200, `sign in: ${answer.status()}`);
  }
  await page.goto(base + path, { waitUntil: 'load' });
  return page;
}

/** Waits until figures are there and the stream stands. */
export async function settled(page) {
  await page.locator('[data-figure]').first().waitFor();
  await page.locator('[data-link="live"]').waitFor();
}

/** Waits until both curves are painted: more than one colour on each canvas. */
export async function drawn(page) {
  await page.waitForFunction(() => {
    const canvases = [...document.querySelectorAll('.chart canvas')];
    return (
      canvases.length === 2 &&
      canvases.every((c) => {
        // reading the chart's own canvas would make Chromium warn of it
        const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', { willReadFrequently: true });
        copy.drawImage(c, 0, 0);
        const { data } = copy.getImageData(0, 0, c.width, c.height);
        let painted = 0;
        for (let i = 3; i < data.length; i += 4) if (data[i] > 200) painted++;
        return painted > 1000;
      })
    );
  });
}

/** The number of a card, every digit of it, as the page gives it to those who point at it. */
export async function exact(page, figure) {
  const title = await page.locator(`[data-figure="${figure}"]`).getAttribute('title');
  return Number(title.split('\n')[0].replace(/^.*: /, '').replace(/[^\d.]/g, ''));
}

/** Fails if the page can be scrolled sideways; what scrolls by itself may be longer inside. */
export async function fits(page) {
  const { wide, view, who } = await page.evaluate(() => {
    const view = document.documentElement.clientWidth;
    const frames = '.table-frame, .grid-frame, .unseen, svg, .views a, .tabs button';
    const who = [...document.querySelectorAll('body *')]
      .filter((e) => !e.closest(frames) && e.getBoundingClientRect().right > view + 0.5)
      .slice(0, 5)
      .map((e) => `${e.tagName}.${e.className}`);
    return { wide: document.documentElement.scrollWidth, view, who };
  });
  assert.ok(wide <= view, `the page is ${wide} wide in a window of ${view}: ${who}`);
  assert.deepEqual(who, [], 'elements reach beyond the right edge');
}

/** Waits until nothing fades or slides any more: colours on the way are nobody's choice. */
async function still(page) {
  await page.waitForFunction(
    () =>
      !document.querySelector('main.waiting') &&
      document.getAnimations().every((a) => a.playState !== 'running' || a.effect.getComputedTiming().endTime === Infinity),
  );
}

/** Fails if axe finds anything serious. Of colours in a modal dialog it cannot tell, as it takes the page for what lies over it. */
export async function accessible(page, { modal = false } = {}) {
  await still(page);
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const bad = found.violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
  assert.deepEqual(bad, []);
  // a run that looked at nothing would find nothing
  assert.ok(found.passes.some((p) => p.id === (modal ? 'button-name' : 'color-contrast')), `axe did not check ${modal ? 'names' : 'contrast'}`);
}

/** Fails if anything was complained of or asked of another server. */
export function clean(page) {
  assert.deepEqual(page.faults, []);
  assert.deepEqual(page.foreign, []);
}
