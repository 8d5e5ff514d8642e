// Takes the README's pictures of a running demo:
//   node pictures.mjs 'http://127.0.0.1:8080/login?key=...' pictures
// quality.png is out/browser/quality-day-desk.png, which quality.test.mjs leaves.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { desk, drawn, launch, phone, settled } from './browser.mjs';

const [link, folder] = process.argv.slice(2);
if (!link || !folder) {
  console.error("usage: node pictures.mjs 'http://HOST/login?key=...' FOLDER");
  process.exit(2);
}
const pictures = {
  'desk.png': { ...desk, locale: 'en-GB', hash: '#/all/plays', fullPage: true },
  'desk-dark-zh.png': { ...desk, locale: 'zh-CN', colorScheme: 'dark', hash: '#/all/active_boxes' },
  'city.png': { ...desk, locale: 'en-GB', hash: '#/44/viewing_minutes' },
  'phone.png': { ...phone, locale: 'zh-CN', hash: '#/all/plays' },
};
mkdirSync(folder, { recursive: true });
const browser = await launch();
// the link works once: the session it gives serves all pictures
const first = await browser.newContext();
await first.request.get(link);
const storageState = await first.storageState();
for (const [name, { hash, fullPage = false, ...options }] of Object.entries(pictures)) {
  const context = await browser.newContext({ ...options, storageState, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${new URL(link).origin}/${hash}`);
  await settled(page);
  await drawn(page);
  await page.screenshot({ path: join(folder, name), fullPage });
  await context.close();
}
const boards = {
  'board.png': { ...desk, locale: 'en-GB', hash: '#/boards/~content' },
  'board-phone.png': { ...phone, locale: 'zh-CN', hash: '#/boards/~wall' },
  'board-editor.png': { ...desk, locale: 'en-GB', hash: '#/boards/~marketing', edit: true },
};
for (const [name, { hash, edit, ...options }] of Object.entries(boards)) {
  const context = await browser.newContext({ ...options, storageState, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${new URL(link).origin}/${hash}`);
  await page.locator('[data-link="live"]').waitFor();
  if (edit) {
    await page.locator('[data-do="take"]').click();
    await page.locator('[data-do="edit"]').click();
    await page.locator('.canvas.ui-droppable').waitFor();
    await page.locator('[data-edit="map"]').click();
  }
  await page.locator('[data-widget]').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[data-state="waiting"]') && document.querySelector('.chart canvas'), null, { timeout: 90_000 });
  await page.screenshot({ path: join(folder, name) });
  await context.close();
}
await browser.close();
