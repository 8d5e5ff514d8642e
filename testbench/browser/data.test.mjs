// Own data sources: a file is dropped, its columns are said, and its measure is drawn
// beside an indicator; a bad file leaves what was read before.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, fits, launch, open, phone } from './browser.mjs';
import { Fixture } from './fixture.mjs';

// for people to look at
const shots = new URL('../../out/browser/', import.meta.url).pathname;

let browser;
let country;
let page;

before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
  country = await Fixture.start('normal', new Date().toISOString(), ['-files=false']);
  page = await open(browser, country.base, { path: '/#/data', reducedMotion: 'reduce' });
});

after(async () => {
  await browser?.close();
  await country?.stop();
});

/** The n-th day before today in Shanghai. */
const day = (n) => new Date(Date.now() + 8 * 3_600_000 - n * 86_400_000).toISOString().slice(0, 10);
const csv = (name, text) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });

test('a file becomes a source: looked at, its columns said, read', async () => {
  await page.locator('[data-do="add-source"]').click();
  const rows = [1, 2, 3, 4, 5, 6].flatMap((n) => [`${day(n)},浙江,${n}00.50,x`, `${day(n)},湖南,${n}0,y`]);
  await page.locator('input[type="file"]').setInputFiles(csv('Shop sales.csv', `日期,省份,销售额（元）,shop\n${rows.join('\n')}\n昨天,浙江,1,z\n`));
  await page.locator('[data-field="日期"]').waitFor();
  assert.equal(await page.locator('[data-field="日期"] [data-pick="type"]').inputValue(), 'date');
  assert.equal(await page.locator('[data-field="省份"] [data-pick="type"]').inputValue(), 'province');
  assert.equal(await page.locator('[data-field="销售额（元）"] [data-pick="type"]').inputValue(), 'yuan');
  assert.equal(await page.locator('input[name="name"]').inputValue(), 'shop_sales');
  assert.match(await page.locator('.data-preview').innerText(), /浙江/);
  await page.locator('[data-field="销售额（元）"] td input').fill('amount');
  await page.locator('[data-field="shop"] [data-pick="type"]').selectOption('skip');
  await accessible(page);
  await page.screenshot({ path: `${shots}data-new.png`, fullPage: true });
  await page.locator('[data-do="save-source"]').click();
  await page.locator('[data-version="1"]').waitFor();
  const text = await page.locator('main').innerText();
  assert.match(text, /src\.shop_sales\.amount\.sum/);
  assert.match(text, /昨天/); // the row that was refused
  await accessible(page);
  await page.screenshot({ path: `${shots}data-one.png`, fullPage: true });
});

test('a board shows its measure beside an indicator, and how old it is', async () => {
  await page.goto(`${country.base}/#/boards`);
  await page.locator('[data-new=""]').click();
  await page.locator('[data-do="edit"]').click();
  await page.locator('[data-kind="line"]').first().click();
  await page.locator('[data-do="add-figure"]').click();
  await page.getByRole('region', { name: 'Own data sources' }).locator('[data-indicator="src.shop_sales.amount.sum"]').click();
  await page.waitForFunction(() => document.querySelector('[data-widget][data-state="shown"] [data-source="shop_sales"]'));
  await page.locator('[data-do="save"]').click();
  await page.locator('[data-do="done"]').click();
  const widget = page.locator('[data-widget][data-state="shown"]').first();
  await widget.getByRole('button', { name: 'Show as a table' }).click();
  const table = await widget.locator('.sheets').innerText();
  assert.match(table, /Shop sales/);
  assert.match(table, /660\.50|661|660/); // six hundred and sixty and a half, of both provinces
  assert.equal(await widget.locator('[data-source="shop_sales"]').count(), 1);
  await page.screenshot({ path: `${shots}data-board.png`, fullPage: true });
});

test('a bad file leaves what was read before, and says why', async () => {
  await page.goto(`${country.base}/#/data/shop_sales`);
  await page.locator('.panel-source input[type="file"]').setInputFiles(csv('bad.csv', '日期,省份,销售额（元）,shop\n昨天,火星,x,a\n'));
  await page.locator('[data-fault]').waitFor();
  assert.match(await page.locator('[data-fault]').innerText(), /1 of 1 rows are wrong.*row 2.*火星/s);
  assert.equal(await page.locator('[data-version]').count(), 1);
  await page.goto(`${country.base}/#/data`);
  assert.match(await page.locator('[data-source="shop_sales"]').innerText(), /could not be read/);
  const small = await open(browser, country.base, { ...phone, reducedMotion: 'reduce', path: '/#/data/shop_sales' });
  await small.locator('[data-version]').first().waitFor();
  await fits(small);
  await small.context().close();
  // the refusal, which the browser tells of as well
  assert.deepEqual(
    page.faults.filter((f) => !/refresh/.test(f)),
    [],
  );
  assert.deepEqual(page.foreign, []);
});
