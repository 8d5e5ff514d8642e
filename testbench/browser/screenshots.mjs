// Pictures of every department's board as begun from its template: desk and phone, light and
// dark, Chinese and English, and of pages beside them; small WebP files and a page of them all.
//   node screenshots.mjs ../../bin/aggregator FOLDER               from a demo of its own
//   node screenshots.mjs 'http://HOST/login?key=...' FOLDER [PART]   from one that runs, those that have this in their name, as operation or phone
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { desk, launch, phone } from './browser.mjs';
import { picture, slots } from './epgpage.mjs';
import { ownDemo, thatDemo } from './owndemo.mjs';

const [from, folder, only = ''] = process.argv.slice(2);
if (!from || !folder) {
  console.error('usage: node screenshots.mjs AGGREGATOR|LINK FOLDER [NAME]');
  process.exit(2);
}
const demo = from.startsWith('http') ? thatDemo(from) : await ownDemo(from, '--boxes', '200');
const browser = await launch();
const storageState = await demo.signIn(browser);
const api = (await browser.newContext({ storageState })).request;
mkdirSync(folder, { recursive: true });

const looks = {
  'desk-light': { ...desk, locale: 'en-GB', colorScheme: 'light' },
  'desk-dark': { ...desk, locale: 'zh-CN', colorScheme: 'dark' },
  'phone-light': { ...phone, locale: 'zh-CN', colorScheme: 'light', viewport: { width: 390, height: 1300 } },
  'phone-dark': { ...phone, locale: 'en-GB', colorScheme: 'dark', viewport: { width: 390, height: 1300 } },
};
const pages = { sources: '#/data', reports: '', links: '', alerts: '#/insights/unusual', people: '#/people', setup: '#/setup', apps: '#/apps' };

// a page that packs what others took
const packer = await (await browser.newContext()).newPage();
async function keep(name, png) {
  const address = await packer.evaluate(async (data) => {
    const bitmap = await createImageBitmap(await (await fetch(data)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 });
    let text = '';
    for (const b of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(b);
    return btoa(text);
  }, `data:image/png;base64,${png.toString('base64')}`);
  writeFileSync(join(folder, `${name}.webp`), Buffer.from(address, 'base64'));
}

async function open(look, hash) {
  const context = await browser.newContext({ ...look, storageState, reducedMotion: 'reduce', serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.goto(`${demo.base}/${hash}`);
  await page.locator('[data-link="live"]').waitFor();
  return page;
}

async function shown(page) {
  await page.locator('[data-widget]').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[data-state="waiting"]') && [...document.querySelectorAll('.chart')].every((c) => c.querySelector('canvas')), null, { timeout: 120_000 });
  await page.waitForTimeout(400); // charts are drawn in the frames after
}

const where = (dimension, value) => `/${encodeURIComponent(JSON.stringify({ where: [{ dimension, in: [value] }] }))}`;

try {
  const { templates } = await (await api.get(`${demo.base}/api/v1/boards/templates`)).json();
  const kept = {};
  for (const { name, board } of templates) {
    if (name === 'content') {
      const bytes = (await picture(packer)).buffer;
      const brought = await api.post(`${demo.base}/api/v1/pictures`, { data: bytes, headers: { Origin: demo.base, 'Content-Type': 'image/png' } });
      for (const w of board.tabs.flatMap((t) => t.widgets)) {
        if (w.kind === 'epg') w.show = { ...w.show, picture: (await brought.json()).picture, slots };
      }
    }
    const answer = await api.post(`${demo.base}/api/v1/boards`, { data: { board }, headers: { Origin: demo.base } });
    if (!answer.ok()) throw new Error(await answer.text());
    kept[name] = (await answer.json()).id;
    for (const [look, options] of Object.entries(looks)) {
      if (!`${name}-${look}`.includes(only)) continue;
      const tab = name === 'ratings' ? board.tabs[1] : board.tabs[0];
      const narrowed = name === 'province' ? where('province', '33') : name === 'ratings' ? where('channel', 'zjws') : '';
      const page = await open(options, `#/boards/${kept[name]}/${tab.id}${narrowed}`);
      await shown(page);
      if (name === 'wall' && look.startsWith('desk')) {
        await page.locator('[data-do="wall"]').click();
        await page.locator('.board-wall').waitFor();
        await page.waitForTimeout(800);
      }
      await keep(`${name}-${look}`, await page.screenshot({ fullPage: look.startsWith('desk') && name !== 'wall' }));
      await page.context().close();
    }
  }
  for (const [name, hash] of Object.entries(pages)) {
    if (!name.includes(only)) continue;
    const page = await open(looks['desk-dark'], hash || `#/boards/${kept.operation}`);
    if (!hash) {
      await shown(page);
      await (name === 'reports' ? page.locator('[data-do="reports"]') : page.locator('.board-tools button', { hasText: '共享' })).click();
      await page.locator('dialog').waitFor();
    }
    await page.waitForTimeout(1_500);
    await keep(`${name}-zh`, await page.screenshot());
    await page.context().close();
  }
  for (const id of Object.values(kept)) await api.delete(`${demo.base}/api/v1/boards/${id}`, { headers: { Origin: demo.base } });
  const files = readdirSync(folder).filter((f) => f.endsWith('.webp'));
  console.log(`${files.length} pictures, ${Math.round(files.reduce((n, f) => n + statSync(join(folder, f)).size, 0) / 1024)} KiB in ${folder}`);
} finally {
  await browser.close();
  await demo.stop();
}
