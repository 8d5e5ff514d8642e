// What the page's speed is on this machine, as figures; nothing here passes or fails.
//   node figures-of-speed.mjs ../../bin/aggregator FILE.json      on a demo of its own
//   node figures-of-speed.mjs 'http://HOST/login?key=...' FILE.json   on one that runs
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { desk, launch, phone } from './browser.mjs';
import { ownDemo, quiet, thatDemo } from './owndemo.mjs';

const [from, file] = process.argv.slice(2);
if (!from || !file) {
  console.error('usage: node figures-of-speed.mjs AGGREGATOR|LINK FILE.json');
  process.exit(2);
}
const demo = from.startsWith('http') ? thatDemo(from) : await ownDemo(from, '--boxes', '200', '--history', '31', '--months', '0');
if (from.startsWith('http')) await quiet(demo.base);
const browser = await launch();
const storageState = await demo.signIn(browser);
const reader = { storageState, locale: 'en-GB', serviceWorkers: 'block' };
const api = (await browser.newContext(reader)).request;
const result = { machine: `${cpus().length} × ${cpus()[0].model}`, load: loadavg()[0] };
const sorted = (all) => [...all].sort((a, b) => a - b);
const at = (all, share) => sorted(all)[Math.min(all.length - 1, Math.floor(all.length * share))];
const round = (n, digits = 0) => Number(n.toFixed(digits));

const template = (await (await api.get(`${demo.base}/api/v1/boards/templates`)).json()).templates.find((t) => t.name === 'operation').board;
async function keep(board) {
  const answer = await api.post(`${demo.base}/api/v1/boards`, { data: { board }, headers: { Origin: demo.base } });
  if (!answer.ok()) throw new Error(await answer.text());
  return (await answer.json()).id;
}

// when the first widget shows figures, and when all do, from the beginning of the navigation
const watch = () => {
  const seen = {};
  window.seen = seen;
  new MutationObserver(() => {
    const all = document.querySelectorAll('[data-widget]');
    if (!all.length) return;
    const shown = document.querySelectorAll('[data-widget][data-state="shown"]').length;
    // what stands in the document is painted with the next frame
    if (shown && !seen.first) requestAnimationFrame(() => (seen.first ??= performance.now()));
    if (shown === all.length && !seen.all) requestAnimationFrame(() => (seen.all ??= performance.now()));
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] });
};

/** Opens a board anew in a browser that has never been there, or that has the page's files. */
async function paints(id, options, known, times = 7) {
  const context = await browser.newContext({ ...reader, ...options });
  await context.addInitScript(watch);
  const found = { first: [], all: [], thread: [], begun: [] };
  for (let n = 0; n < times + (known ? 1 : 0); n++) {
    const page = await (known ? context : await browser.newContext({ ...reader, ...options }).then(async (c) => (await c.addInitScript(watch), c))).newPage();
    // what the page's thread works by its own clock: another load on the machine leaves it as it is
    const tools = await page.context().newCDPSession(page);
    await tools.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.goto(`${demo.base}/#/boards/${id}`);
    await page.waitForFunction(() => window.seen.all && window.seen.first, null, { timeout: 120_000 });
    // a browser makes a process for a new page first: nothing of ours runs before boot.js is asked for
    const { first, all, begun } = await page.evaluate(() => ({ ...window.seen, begun: performance.getEntriesByName(`${location.origin}/boot.js`)[0].startTime }));
    if (!known || n > 0) { // the first of those who know it gets to know it
      found.first.push(first);
      found.all.push(all);
      found.begun.push(begun);
      const { metrics } = await tools.send('Performance.getMetrics');
      found.thread.push(1000 * (metrics.find((m) => m.name === 'TaskDuration')?.value ?? 0));
    }
    await (known ? page.close() : page.context().close());
  }
  await context.close();
  const figures = (all) => ({ median: round(at(all, 0.5)), worst: round(Math.max(...all)) });
  return { first: figures(found.first), all: figures(found.all), thread: figures(found.thread), begun: figures(found.begun) };
}

/** Milliseconds between frames while a widget is dragged about among 30. */
async function frames() {
  const text = (en) => ({ zh: en, en });
  const kinds = ['figure', 'line', 'bar'];
  const widgets = Array.from({ length: 30 }, (_, n) => ({
    id: `w${n}`, kind: kinds[n % 3], title: text(`Widget ${n}`), place: { x: 4 * (n % 6), y: 3 * Math.floor(n / 6), w: 4, h: 3 }, filters: {},
    ask: { figures: [{ indicator: 'plays', title: text('') }] }, show: {}, prose: text(''),
  }));
  const id = await keep({ schema: 1, title: text('Thirty'), about: text(''), filters: { period: { last: 7, unit: 'day' } }, tabs: [{ id: 't', title: text('T'), widgets }], marks: [] });
  const context = await browser.newContext({ ...reader, viewport: { width: 1440, height: 1000 } });
  const page = await context.newPage();
  await page.goto(`${demo.base}/#/boards/${id}`);
  await page.locator('[data-do="edit"]').click();
  await page.locator('.canvas.ui-droppable').waitFor();
  await page.waitForFunction(() => !document.querySelector('[data-state="waiting"]'), null, { timeout: 120_000 });
  await page.waitForTimeout(1_500);
  const measure = async (moves) => {
    await page.evaluate(() => {
      window.frames_ = [];
      window.measuring = true;
      let last = 0;
      const frame = (now) => {
        if (last) window.frames_.push(now - last);
        last = now;
        if (window.measuring) requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    await moves();
    return page.evaluate(() => ((window.measuring = false), window.frames_));
  };
  const head = await page.locator('[data-edit="w8"]').boundingBox();
  const [x, y] = [head.x + 40, head.y + 20];
  const idle = await measure(() => page.waitForTimeout(2_000));
  const dragged = await measure(async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let n = 0; n < 240; n++) {
      const turn = (2 * Math.PI * n) / 80;
      await page.mouse.move(x + 320 * Math.sin(turn), y + 180 * (1 - Math.cos(turn)));
    }
    await page.mouse.up();
  });
  await context.close();
  const figures = (all) => ({ frames: all.length, per_second: round((1000 * all.length) / all.reduce((n, f) => n + f, 0), 1), median_ms: round(at(all, 0.5), 1), p95_ms: round(at(all, 0.95), 1), longer_than_33_ms: all.filter((f) => f > 33.4).length });
  return { idle: figures(idle), dragged: figures(dragged) };
}

async function counted() {
  const text = await (await api.get(`${demo.base}/metrics`)).text();
  return Object.fromEntries([...text.matchAll(/^iptv_answers_total\{how="(\w+)"\} (\d+)/gm)].map((m) => [m[1], Number(m[2])]));
}

/** What readers who come at once cost: how many answers were computed, and how long one waits. */
async function readers(many) {
  const cookie = storageState.cookies.map((c) => `${c.name}=${c.value}`).join('; ');
  const asks = template.tabs[0].widgets.map((widget) => JSON.stringify({ widget, filters: template.filters }));
  const before = await counted();
  const waits = await Promise.all(
    Array.from({ length: many }, async () => {
      const began = performance.now();
      for (const body of asks) {
        const r = await fetch(`${demo.base}/api/v1/boards/answer`, { method: 'POST', headers: { Cookie: cookie, 'Content-Type': 'application/json', Origin: demo.base }, body });
        if (!r.ok) throw new Error(`${r.status} ${await r.text()}`);
        await r.arrayBuffer();
      }
      return performance.now() - began;
    }),
  );
  const now = await counted();
  return { readers: many, widgets: asks.length, answers: many * asks.length, computed: now.computed - before.computed, shared: now.shared - before.shared, whole_board_ms: { median: round(at(waits, 0.5)), p95: round(at(waits, 0.95)) } };
}

try {
  const id = await keep(template);
  await paints(id, desk, true, 1); // its answers are there from now on
  result.desk_known = await paints(id, desk, true);
  result.desk_new = await paints(id, desk, false);
  result.phone_known = await paints(id, phone, true);
  result.drag_30 = await frames();
  result.many = await readers(200);
  const line = (name, p) => console.log(`${name.padEnd(44)} first figures ${String(p.first.median).padStart(5)} ms (worst ${p.first.worst}), all ${p.all.median} ms (worst ${p.all.worst}); the page's thread worked ${p.thread.median} ms; the browser had begun with it after ${p.begun.median} ms`);
  console.log(`machine: ${result.machine}, load ${result.load.toFixed(1)}`);
  line('board, desk, who has been here before', result.desk_known);
  line('board, desk, first time (no file kept)', result.desk_new);
  line('board, phone, who has been here before', result.phone_known);
  for (const [name, f] of Object.entries(result.drag_30)) {
    console.log(`${`30 widgets, ${name}`.padEnd(44)} ${f.per_second} frames a second, frame ${f.median_ms} ms, p95 ${f.p95_ms} ms, ${f.longer_than_33_ms} of ${f.frames} longer than 33 ms`);
  }
  const m = result.many;
  console.log(`${`${m.readers} readers of ${m.widgets} widgets at once`.padEnd(44)} ${m.answers} answers, ${m.computed} computed, ${m.shared} shared; the whole board after ${m.whole_board_ms.median} ms, p95 ${m.whole_board_ms.p95} ms`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
} finally {
  await browser.close();
  await demo.stop();
}
