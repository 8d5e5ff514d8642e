// From a page to a figure: somebody walks through six EPG pages in a box's
// browser, with a real agent and a real aggregator behind them, and the
// aggregator's indicators say exactly that.
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { freePort } from './fixture.mjs';

const folder = fileURLToPath(new URL('../epg', import.meta.url));
const natives = readFileSync(`${folder}/natives.js`, 'utf8');
const programs = { aggregator: process.env.AGGREGATOR, agent: process.env.AGGREGATOR?.replace(/aggregator$/, 'stbagent') };

const started = [];
let work;
let carrier;
let browser;
let ask;
let figures;
let said = '';

function start(program, ...args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (b) => (said += b));
  child.stderr.on('data', (b) => (said += b));
  started.push(child);
  return child;
}

/** Waits until done answers something, and returns it. */
async function until(what, done) {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((r) => setTimeout(r, 100))) {
    const got = await done().catch(() => null);
    if (got) return got;
  }
  assert.fail(`not in time: ${what}\n${said}`);
}

before(async () => {
  work = mkdtempSync(join(tmpdir(), 'figures-'));
  const [http, mqtt, local, pages] = [await freePort(), await freePort(), await freePort(), await freePort()];
  start(programs.aggregator, 'serve', '--data', join(work, 'centre'), '--http-listen', `127.0.0.1:${http}`, '--mqtt-listen', `127.0.0.1:${mqtt}`);
  await until('the aggregator is ready', async () => (await fetch(`http://127.0.0.1:${http}/readyz`)).ok);
  const token = execFileSync(programs.aggregator, ['token', '--data', join(work, 'centre')], { encoding: 'utf8' }).trim().split(/\s+/).at(-1);
  const headers = { Authorization: `Bearer ${token}` };
  ask = async (path, body) => {
    const r = await fetch(`http://127.0.0.1:${http}${path}`, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
    assert.ok(r.ok, `${path}: ${r.status} ${r.ok ? '' : await r.text()}`);
    return r.json();
  };
  const day = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
  const before = new Date(Date.now() - 16 * 3600e3).toISOString().slice(0, 10); // the evening may end after midnight
  /** Rows as [dimensions..., values...]. */
  figures = async (indicators, dimensions = []) =>
    (await ask('/api/v1/query', { indicators, dimensions, from: before, to: day })).rows.map((r) => r.slice(1)).sort();

  const agentURL = `http://127.0.0.1:${local}`;
  carrier = createServer((req, res) => {
    const name = basename(new URL(req.url, 'http://x').pathname);
    let text;
    try {
      text = readFileSync(`${folder}/pages/${name}`, 'utf8').replaceAll('AGENT', agentURL);
    } catch {
      res.writeHead(404).end();
      return;
    }
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(text);
  });
  await new Promise((done) => carrier.listen(pages, '127.0.0.1', done));
  start(programs.agent, 'run', '--data', join(work, 'box'), '--broker', `tcp://127.0.0.1:${mqtt}`, '--province', '33', '--city', '3301',
    '--listen', `127.0.0.1:${local}`, '--origin', `http://127.0.0.1:${pages}`, '--first-spread', '1ms', '--batch-age', '1s');
  await until('the agent answers', async () => (await fetch(`${agentURL}/v1/status`)).ok);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  carrier?.close();
  for (const child of started.reverse()) {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await new Promise((done) => child.once('exit', done));
    }
  }
  if (work) rmSync(work, { recursive: true });
});

test('six pages, from the key to the figure', async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  await context.addInitScript(natives);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (e) => faults.push(String(e)));
  const base = `http://127.0.0.1:${carrier.address().port}/epg`;
  const rest = (ms) => new Promise((r) => setTimeout(r, ms)); // a viewer looks: that is what is measured

  await page.goto(`${base}/login.jsp`);
  await page.evaluate(() => channels(3));
  await rest(1200);
  await page.evaluate(() => go());
  await page.waitForURL('**/portal.jsp');
  await rest(2500); // two posters are painted, the first has the focus
  await page.keyboard.press('ArrowRight');
  await rest(900); // the second
  await page.keyboard.press('ArrowLeft');
  await rest(900); // the first again
  await page.keyboard.press('Enter'); // click 1, portal
  await page.waitForURL('**/detail.jsp?id=1042'); // which offers tvod-1042
  await page.evaluate(() => document.getElementById('b1').setAttribute('data-content', 'umai:prog/1042'));
  await rest(2500);
  await page.evaluate(() => IptvEpg.order({ order_id: 'o-1', product: 'tvod-1042', result: 'paid', content: 'umai:prog/1042', fen: 500, pay: 'carrier_bill' }));
  await page.click('#b1'); // click 2, detail
  await page.waitForURL('**/play.jsp?kind=vod');
  await page.evaluate(() => {
    window.IPTV_EPG = { content: 'umai:prog/1042' }; // as a page tells what it plays
    set('vod');
    mp.playFromStart();
    window.IPTV_EPG = {};
    happens('{"type":"EVENT_FIRST_I_FRAME","instance_id":7}');
  });
  await rest(4000); // a play counts from three seconds on
  await page.evaluate(() => mp.stop());
  await page.evaluate(() => {
    set('igmp');
    mp.joinChannel(2); // from the table that the login page learned
  });
  await rest(4000);
  await page.evaluate(() => mp.leaveChannel());
  await page.goto(`${base}/frame.jsp`);
  const list = page.frame({ name: 'list' });
  await list.waitForSelector('#buy');
  await rest(2500);
  await list.click('#buy'); // click 3, vod/list: svod-month
  await rest(1500);
  await page.goto('about:blank');
  await rest(500);
  await context.close();
  assert.deepEqual(faults, []);

  await until('everything is in the figures', async () => {
    const s = await ask('/api/v1/status');
    const [[views]] = await figures(['page_views']);
    return s.backlog_events === 0 && s.dirty_cells === 0 && views === 6;
  });
  await rest(3000); // whatever is too much has come
  await until('it settles', async () => (await ask('/api/v1/status')).dirty_cells === 0);

  const poster = (slot, prog) => ['portal', '推荐位', String(slot), `umai:prog/${prog}`];
  assert.deepEqual(await figures(['page_views'], ['page']), [['detail', 1], ['login', 1], ['play', 1], ['portal', 1], ['vod', 1], ['vod/list', 1]]);
  assert.deepEqual(await figures(['clicks'], ['page', 'area', 'slot', 'content']), [
    ['detail', 'buttons', '1', 'umai:prog/1042', 1], [...poster(1, 1042), 1], ['vod/list', 'buy', '1', '', 1]]);
  assert.deepEqual(await figures(['impressions', 'focus_impressions'], ['page', 'area', 'slot', 'content']), [
    ['detail', 'buttons', '1', 'umai:prog/1042', 1, 0],
    [...poster(1, 1042), 1, 2],
    [...poster(2, 1043), 1, 1],
    ['vod/list', 'buy', '1', '', 1, 0],
    ['vod/list', 'list', '1', 'umai:prog/1', 1, 1],
    ['vod/list', 'list', '2', 'umai:prog/2', 1, 0],
    ['vod/list', 'series', '9', 'umai:series/s77', 1, 0]]);
  assert.deepEqual(await figures(['plays'], ['mode', 'content', 'channel']), [['live', '', 'ch1002', 1], ['vod', 'umai:prog/1042', '', 1]]);
  assert.deepEqual(await figures(['measured_plays', 'play_errors'], ['mode']), [['vod', 1, 0]]);
  assert.deepEqual(await figures(['order_pages'], ['page', 'product']), [['detail', 'tvod-1042', 1], ['vod/list', 'svod-month', 1]]);
  assert.deepEqual(await figures(['orders', 'revenue'], ['product']), [['tvod-1042', 1, 500]]);
  assert.deepEqual(await figures(['led_clicks'], ['page']), [['detail', 1]], 'the click on play led to the play, by its trace');

  // The trace between them, from what the box recorded: the aggregator has just that.
  const agent = (...args) => execFileSync(programs.agent, [args[0], '--data', join(work, 'box'), ...args.slice(1)], { encoding: 'utf8' });
  const recorded = agent('tail', '-n', '200', '--json', '--once').trim().split('\n').map((line) => JSON.parse(line));
  const traced = recorded.map((e) => e.event ?? e).filter((e) => e.trace).map((e) => [e.kind, e.page ?? e.content ?? e.order_id, e.trace]);
  assert.deepEqual(traced, [
    ['click', 'portal', 1],
    ['order_page', 'detail', 1],
    ['order', 'umai:prog/1042', 1],
    ['click', 'detail', 2],
    ['view', 'umai:prog/1042', 2],
    ['playback', 'umai:prog/1042', 2],
    ['click', 'vod/list', 3],
    ['order_page', 'vod/list', 3]]);
  const { box } = JSON.parse(agent('status', '--json'));
  const { events } = await ask(`/api/v1/audit/boxes/${box}/events`);
  const count = (all) => all.reduce((n, kind) => ({ ...n, [kind]: (n[kind] ?? 0) + 1 }), {});
  assert.deepEqual(count(events.map((e) => e.kind)), count(recorded.map((e) => (e.event ?? e).kind)));
});
