// The SDK on EPG pages as carriers write them, in a real Chromium that carries a
// box's native objects, and the agent's real endpoint. Each test knows exactly
// which signals must arrive.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';

const folder = fileURLToPath(new URL('../epg', import.meta.url));
const natives = readFileSync(`${folder}/natives.js`, 'utf8');

let browser;
let fixture;
let base;
let page;
let faults;

before(async () => (browser = await launch()));

after(() => browser?.close());

// an endpoint of its own for each test: a page that closes may still tell the last one
beforeEach(async () => {
  faults = [];
  fixture = spawn(process.env.EPG_FIXTURE, ['-pages', `${folder}/pages`], { stdio: ['ignore', 'pipe', 'inherit'] });
  base = JSON.parse(await new Promise((done) => fixture.stdout.once('data', (b) => done(String(b)))));
});

afterEach(async () => {
  await page?.context().close();
  page = null;
  fixture.kill('SIGKILL');
});

/** Opens an EPG page in a box's browser; first runs before the natives, then behind them. */
async function box(path, first = '', then = '') {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  if (first) await context.addInitScript(first);
  await context.addInitScript(`${natives};${then}`);
  page = await context.newPage();
  page.on('pageerror', (e) => faults.push(String(e)));
  await page.goto(`${base.carrier}/epg/${path}`);
  return page;
}

const heard = async () => (await fetch(`${base.carrier}/heard`)).json();

/** Waits until n slots were told as painted: what follows stands behind them. */
async function rendered(n) {
  const until = Date.now() + 15_000;
  while (Date.now() < until && (await heard()).signals.filter((s) => s.sight === 'rendered').length < n) await new Promise((r) => setTimeout(r, 50));
}

/** Waits until as many signals are there as are wanted, and none behind them, and compares: without times. */
async function hears(want, settle = 1300, alike = (all) => all) {
  const until = Date.now() + 15_000;
  let got;
  do {
    await new Promise((r) => setTimeout(r, 50));
    got = (await heard()).signals;
  } while (got.length < want.length && Date.now() < until);
  await new Promise((r) => setTimeout(r, settle)); // more than a flush: whatever is too much has come
  got = (await heard()).signals;
  const plain = got.map(({ ago, ms, ...rest }) => {
    assert.ok(!ago || ago < 5000, `ago ${ago}`);
    assert.ok(rest.signal !== 'seen' || ms >= (rest.sight === 'focus' ? 500 : 1000), `seen for ${ms} ms`);
    return rest;
  });
  assert.deepEqual(alike(plain), want);
  const { BadEvents, TooMany, BadOrigin, Other } = (await heard()).stats;
  assert.deepEqual({ BadEvents, TooMany, BadOrigin, Other }, { BadEvents: 0, TooMany: 0, BadOrigin: 0, Other: 0 });
  assert.deepEqual(faults, []);
}

const calls = (name) => page.evaluate((name) => window.top.calls.filter((c) => c.name === name), name);

test('login: identity and channel table, once, and the way to the next page', async () => {
  await box('login.jsp');
  await page.evaluate(() => channels(3));
  await page.waitForTimeout(1500);
  await page.evaluate(() => go());
  await page.waitForURL('**/portal.jsp');
  const t = 't-hw-6';
  const seen = (slot, content, sight) => ({ signal: 'seen', page: 'portal', template: t, area: '推荐位', slot, content, sight });
  await hears([
    { signal: 'page', page: 'login', template: t },
    { signal: 'identity', account: 'tv0571001@itv', stbid: '00100399007049300000A0B1C2D3E4F5', mac: 'A0:B1:C2:D3:E4:F5' },
    { signal: 'channels', channels: [1, 2, 3].map((number) => ({ number, id: `ch${1000 + number}` })) },
    { signal: 'page', page: 'portal', from: 'login', template: t },
    seen(1, 'umai:prog/1042', 'rendered'),
    seen(2, 'umai:prog/1043', 'rendered'), // neither what is beside the screen nor what is not displayed
  ]);
});

test('a table of 400 channels goes in pieces that fit', async () => {
  await box('login.jsp');
  const returned = await page.evaluate(() => {
    channels(400);
    return Authentication.CTCSetConfig('Other', 1);
  });
  assert.equal(returned, 0);
  const until = Date.now() + 10_000;
  let rows = [];
  while (rows.length < 400 && Date.now() < until) {
    await page.waitForTimeout(100);
    rows = (await heard()).signals.flatMap((s) => s.channels ?? []);
  }
  assert.deepEqual(rows, Array.from({ length: 400 }, (_, i) => ({ number: i + 1, id: `ch${1001 + i}` })));
  const sets = await calls('CTCSetConfig');
  assert.equal(sets.length, 401);
  assert.ok(sets.every((c) => c.ok));
});

test('portal: focus, OK, and the page that follows at once', async () => {
  await box('portal.jsp');
  await rendered(2);
  await page.keyboard.press('ArrowRight'); // p0 had the focus for more than half a second
  await page.keyboard.press('ArrowLeft'); // p1 had not
  await page.keyboard.press('Enter');
  await page.waitForURL('**/detail.jsp?id=1042');
  const t = 't-hw-6';
  const of = (signal, more) => ({ signal, page: 'portal', template: t, area: '推荐位', slot: 1, content: 'umai:prog/1042', ...more });
  await hears([
    { signal: 'page', page: 'portal', template: t },
    of('seen', { sight: 'rendered' }),
    of('seen', { sight: 'rendered', slot: 2, content: 'umai:prog/1043' }),
    { signal: 'keys', keys: 1 },
    of('seen', { sight: 'focus' }),
    { signal: 'keys', keys: 2 },
    of('click'),
    { signal: 'page', page: 'detail', from: 'portal', template: t },
    { signal: 'order_page', page: 'detail', product: 'tvod-1042', content: 'umai:prog/1042' },
    { signal: 'seen', page: 'detail', template: t, area: 'buttons', slot: 1, sight: 'rendered' },
  ]);
});

test('what the page returns from its handlers stays', async () => {
  await box('portal.jsp');
  const prevented = await page.evaluate(() => {
    const press = (k) => {
      const e = new KeyboardEvent('keydown', { bubbles: true, cancelable: true });
      Object.defineProperty(e, 'keyCode', { value: k });
      return !document.dispatchEvent(e);
    };
    return [press(39), press(8), document.onkeydown({ keyCode: 8 }), document.onkeydown({ keyCode: 39 })];
  });
  assert.deepEqual(prevented, [true, false, true, false]);
});

test('detail: a mouse click, an order; one without what it must have is not sent', async () => {
  await box('detail.jsp');
  await rendered(1);
  await page.evaluate(() => pay());
  await page.click('#b1');
  await page.waitForURL('**/play.jsp?kind=vod');
  await hears([
    { signal: 'page', page: 'detail', template: 't-hw-6' },
    { signal: 'order_page', page: 'detail', product: 'tvod-1042', content: 'umai:prog/1042' },
    { signal: 'seen', page: 'detail', template: 't-hw-6', area: 'buttons', slot: 1, sight: 'rendered' },
    { signal: 'order', order_id: 'o-1', product: 'tvod-1042', result: 'paid', content: 'umai:prog/1042', fen: 500, pay: 'carrier_bill' },
    { signal: 'click', page: 'detail', template: 't-hw-6', area: 'buttons', slot: 1 },
    { signal: 'page', page: 'play', from: 'detail' },
  ], 1300, (all) => all.filter((s) => s.sight !== 'focus')); // a click gives the focus, which a slow machine leaves there for half a second
});

/** A frame and the page around it load side by side: either may be entered first, and either be heard first. */
function frameFirst([first, second, ...rest]) {
  const [{ from: outerFrom, ...outer }, { from, ...inner }] = first.page === 'vod' ? [first, second] : [second, first];
  assert.deepEqual([outerFrom, from].filter(Boolean), [outerFrom ? 'vod/list' : 'vod'], 'who came second came from the other');
  return [outer, { ...inner, from: 'vod' }, ...rest];
}

test('frames: each tells of itself, a mapping names what the page does not', async () => {
  await box('frame.jsp');
  const list = page.frame({ name: 'list' });
  await list.waitForSelector('#buy');
  await list.locator('body').evaluate(() => window.focus());
  await rendered(4);
  const moved = await list.evaluate(() => {
    const e = new KeyboardEvent('keydown', { bubbles: true, cancelable: true });
    Object.defineProperty(e, 'keyCode', { value: 39 });
    return document.dispatchEvent(e); // its handler asks the frame above
  });
  assert.equal(moved, true);
  await page.waitForTimeout(50);
  await list.click('#series');
  await list.waitForFunction(() => window.opened === 's77');
  await list.click('#buy');
  const p = { page: 'vod/list', template: 't-frames' };
  const one = { ...p, area: 'list', slot: 1, content: 'umai:prog/1' };
  const series = { ...p, area: 'series', slot: 9, content: 'umai:series/s77' };
  await hears([
    { signal: 'page', page: 'vod', template: 't-frames' },
    { signal: 'page', from: 'vod', ...p },
    { signal: 'seen', sight: 'rendered', ...one },
    { signal: 'seen', sight: 'rendered', ...one, slot: 2, content: 'umai:prog/2' },
    { signal: 'seen', sight: 'rendered', ...series },
    { signal: 'seen', sight: 'rendered', ...p, area: 'buy', slot: 1 },
    { signal: 'keys', keys: 1 },
    { signal: 'seen', sight: 'focus', ...one },
    { signal: 'click', ...series },
    { signal: 'click', ...p, area: 'buy', slot: 1 },
    { signal: 'order_page', page: 'vod/list', product: 'svod-month' },
  ], 400, frameFirst);
  await page.goto('about:blank');
  const until = Date.now() + 5000;
  let closing;
  do closing = (await heard()).signals.at(-1);
  while (closing.signal !== 'seen' && Date.now() < until);
  assert.deepEqual({ ...closing, ms: 0, ago: 0 }, { signal: 'seen', sight: 'focus', ...one, slot: 2, content: 'umai:prog/2', ms: 0, ago: 0 }, 'what had the focus at the end');
});

test('player: on demand, trick play, events; originals keep this, arguments, result and exception', async () => {
  await box('play.jsp');
  const said = await page.evaluate(() => {
    IPTV_EPG = { content: '' };
    const media = set('vod');
    const r = [mp instanceof MediaPlayer, mp.playFromStart(), mp.pause(), mp.resume(), mp.fastForward(4), mp.fastRewind(-8), mp.resume(), mp.playByTime(1, 600, 1), mp.gotoEnd(), mp.getMediaCode()];
    bad();
    const ev = ['{"type":"EVENT_FIRST_I_FRAME","instance_id":7}', "{type:'EVENT_PLAYMODE_CHANGE',new_play_rate:-2,old_play_rate:1}", '{"type":"EVENT_MEDIA_BEGINING"}', '{"type":"EVENT_MEDIA_ERROR","error_code":"10"}', '{"type":"EVENT_TVMS"}', 'not an event', '{"type":"EVENT_MEDIA_END"}'];
    const handled = ev.map(happens);
    mp.stop();
    return { media, r, thrown, results, same: JSON.stringify(got) === JSON.stringify(ev), handled };
  });
  assert.deepEqual(said.r, [true, 0, 'pause:0', 'resume:0', 'fastForward:1', 'fastRewind:1', 'resume:0', 'playByTime:3', 'gotoEnd:0', 'code1']);
  assert.equal(said.thrown, 'RangeError: no such time');
  assert.deepEqual(said.results, [0]);
  assert.ok(said.same, 'the page has not got the very strings');
  await hears([
    { signal: 'page', page: 'play' },
    { signal: 'play', mode: 'vod', content: '269764102', position: 0 },
    ...[0, 100, 400, -800, 100].map((speed) => ({ signal: 'speed', speed, position: 61000, length: 5400000 })),
    { signal: 'seek', position: 600000 },
    { signal: 'first_frame', length: 5400000 },
    { signal: 'speed', speed: -200, position: 61000, length: 5400000 },
    { signal: 'speed', speed: 100, position: 61000, length: 5400000 },
    { signal: 'error', error: '10' },
    { signal: 'end' }, // the stop behind it says nothing new
  ]);
  const all = await page.evaluate(() => window.calls);
  assert.ok(all.every((c) => c.ok), 'an original lost its this');
  assert.equal(all.filter((c) => c.name === 'getEvent').length, 7, 'getEvent must be called by the page alone');
  assert.deepEqual(all.find((c) => c.name === 'setSingleMedia').args, [said.media]);
  assert.deepEqual(all.find((c) => c.name === 'playByTime').args, [1, 600, 1]);
});

test('player: live, timeshift, catch-up by URL; the channel key of the remote control', async () => {
  await box('play.jsp');
  await page.evaluate(() => {
    Authentication.CTCSetConfig('Channel', 'ChannelID="ch1002",UserChannelID="2",ChannelURL="igmp://239.1.1.2:5140"');
    set('tvod', 'Umai:CHAN/77@x');
    mp.playFromStart();
    mp.stop();
    mp.leaveChannel();
    set('pltv');
    mp.playFromStart();
    set('igmp');
    mp.playFromStart();
    mp.joinChannel(2);
    mp.pause();
    mp.resume();
    mp.gotoEnd();
    happens('{"type":"EVENT_PLTVMODE_CHANGE","service_type":1}');
    happens('{"type":"EVENT_PLTVMODE_CHANGE","service_type":0}');
    happens('{"type":"EVENT_GO_CHANNEL","channel_code":"ch1005","channel_num":5}');
    mp.joinChannel(5);
    happens('{"type":"EVENT_MEDIA_BEGINING"}'); // this box never says FIRST_I_FRAME
    mp.leaveChannel();
    mp.releaseMediaPlayer();
  });
  await hears([
    { signal: 'page', page: 'play' },
    { signal: 'play', mode: 'catchup', content: 'Umai:CHAN/77@x', position: 0 },
    { signal: 'stop' },
    { signal: 'play', mode: 'timeshift', channel: '10000100000000060000000000106013_0' },
    { signal: 'play', mode: 'live', channel: 'ch1002' },
    { signal: 'play', mode: 'live', channel: 'ch1002', number: 2 },
    { signal: 'shift', mode: 'timeshift' },
    { signal: 'speed', speed: 0 },
    { signal: 'speed', speed: 100 },
    { signal: 'shift', mode: 'live' },
    { signal: 'shift', mode: 'timeshift' },
    { signal: 'shift', mode: 'live' },
    { signal: 'play', mode: 'live', channel: 'ch1005', number: 5 },
    { signal: 'stop' },
    { signal: 'channels', channels: [{ number: 2, id: 'ch1002' }] },
  ]);
});

const bareClick = { signal: 'click', page: 'bare', area: 'a', slot: 5, content: 'c"\\中' };

test('a browser without JSON and without XMLHttpRequest sends images', async () => {
  await box('bare.jsp', 'delete window.JSON; window.XMLHttpRequest = undefined;');
  await rendered(1);
  await page.click('#b');
  await hears([{ signal: 'page', page: 'bare' }, { ...bareClick, signal: 'seen', sight: 'rendered' }, bareClick]);
});

test('XMLHttpRequest that may not leave the origin: nothing is told twice', async () => {
  await box('bare.jsp', `XMLHttpRequest.prototype.open = function () { throw new Error('SECURITY_ERR'); };`);
  await rendered(1);
  await page.click('#b');
  await hears([{ signal: 'page', page: 'bare' }, { ...bareClick, signal: 'seen', sight: 'rendered' }, bareClick]);
});

test('IptvAgent of the firmware comes first', async () => {
  await box('bare.jsp', 'window.sentTexts = []; window.IptvAgent = { send(t) { sentTexts.push(t); } };');
  await page.click('#b');
  await page.waitForFunction(() => sentTexts.join('').includes('click'));
  assert.deepEqual((await heard()).signals, []);
});

test('host objects that cannot be changed are left alone', async () => {
  await box('play.jsp', `window.hostObjects = 'frozen';`);
  const r = await page.evaluate(() => {
    set('vod');
    return [mp.playFromStart(), happens('{"type":"EVENT_MEDIA_END"}'), got.length, thrown];
  });
  assert.deepEqual(r.slice(0, 1).concat(r.slice(2)), [0, 1, '']);
  await hears([{ signal: 'page', page: 'play' }]);
});

test('native objects that outlive the page that hooked them are hooked again, once', async () => {
  await box('shell.jsp', '', 'if (window !== top) window.Utility = top.one = top.one || Utility;');
  for (const again of [1, 2, 3]) {
    const f = page.frame({ name: 'main' });
    await f.waitForFunction(() => document.readyState === 'complete');
    assert.equal(await f.evaluate(() => happens('{"type":"EVENT_FIRST_I_FRAME"}')), true);
    if (again < 3) {
      await Promise.all([page.waitForEvent('framenavigated'), f.evaluate((n) => void (location.href = `play.jsp?n=${n}`), again)]);
    }
  }
  const entered = { signal: 'page', page: 'play' };
  await hears([entered, { signal: 'first_frame' }, { ...entered, from: 'play' }, { signal: 'first_frame' }, { ...entered, from: 'play' }, { signal: 'first_frame' }]);
  assert.equal((await calls('getEvent')).length, 3);
});

test('the kill switch: nothing is hooked, nothing is sent', async () => {
  await box('play.jsp', 'window.IPTV_EPG_OFF = 1;');
  const r = await page.evaluate(() => [typeof window.IptvEpg, 'epg' in MediaPlayer.prototype.stop, 'epg' in Utility.getEvent]);
  assert.deepEqual(r, ['undefined', false, false]);
  await hears([]);
});

test('no agent there: the page goes on, what waits is bounded', async () => {
  await box('bare.jsp', 'window.IPTV_EPG = { agent: "http://127.0.0.1:9" };');
  const stats = await page.evaluate(() => {
    for (let i = 0; i < 1000; i++) IptvEpg.orderPage({ product: `p${i}` });
    return IptvEpg.stats();
  });
  assert.deepEqual(stats, { sent: 0, waiting: 200, lost: 801 });
  await hears([]);
});
