// A demo of one's own, with boxes and a past, for scripts that measure it or take its picture.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const later = (ms) => new Promise((go) => setTimeout(go, ms));

/**
 * Waits until a server has worked off what it was told before: in ten seconds, twice in a row, no file of a
 * province is taken in and no more hours are closed than boxes of now make it close; says meanwhile what waits.
 * Whoever measures or takes pictures earlier meets a machine that is at something else.
 */
export async function quiet(base) {
  const look = async () => {
    const answer = await fetch(`${base}/metrics`);
    if (!answer.ok) throw new Error(`${base}/metrics: ${answer.status}; it says what the server still has to do`);
    const text = await answer.text();
    if (!text.includes('\niptv_store_dirty_cells ')) throw new Error(`${base}/metrics does not tell iptv_store_dirty_cells: whether hours wait for closing is not known`);
    const sum = (name) => [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce((n, m) => n + Number(m[1]), 0);
    return { events: sum('iptv_ledger_backlog_events'), hours: sum('iptv_store_dirty_cells'), closed: sum('iptv_closing_cells_total'), files: sum('iptv_c3_files_total') };
  };
  let before = await look();
  for (let calm = 0; calm < 2; ) {
    await later(10_000);
    const now = await look();
    const [closed, files] = [now.closed - before.closed, now.files - before.files];
    calm = now.events < 500 && now.hours < 30 && closed < 30 && files === 0 ? calm + 1 : 0;
    if (!calm) console.error(`demo: ${now.events} events and ${now.hours} hours of provinces wait; in 10 s ${closed} hours were closed, ${files} files taken in`);
    before = now;
  }
}

/** A demo that runs already, by its one-time link. */
export function thatDemo(link) {
  const base = new URL(link).origin;
  return {
    base,
    async signIn(browser) {
      const first = await browser.newContext();
      await first.request.get(link);
      const state = await first.storageState();
      await first.close();
      return state;
    },
    stop: async () => undefined,
  };
}

/** Starts the program's demo and waits until its past is told and worked off; `options` as the command has them. */
export async function ownDemo(program, ...options) {
  const data = mkdtempSync(join(tmpdir(), 'own-demo-'));
  const child = spawn(program, ['demo', '--data', data, '--http-listen', '127.0.0.1:0', '--mqtt-listen', '127.0.0.1:0', ...options]);
  let said = '';
  const base = await new Promise((resolve, reject) => {
    const listen = (b) => {
      said += b;
      const page = said.match(/^Page\s+(http:\/\/\S+)\/$/m);
      if (page) resolve(page[1]);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${said}`)));
  });
  const command = (...args) => execFileSync(program, [...args, '--data', data]).toString().trim();
  const token = command('token');
  // it notes there that its past is told, the provinces' files included
  for (let shown = ''; !JSON.parse(readFileSync(join(data, 'demo.json'), 'utf8')).done; await later(2_000)) {
    if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}: ${said}`);
    const now = said.match(/(History|Year ago)\s+day \d+ of \d+/g)?.at(-1) ?? 'begins';
    if (now !== shown) console.error(`demo: its past: ${(shown = now)}`);
  }
  await quiet(base);
  return {
    base,
    token,
    /** A context of the browser in which the administrator is signed in, as its state. */
    async signIn(browser) {
      const first = await browser.newContext();
      await first.request.get(`${base}${command('link').match(/\/login\?key=\S+/)[0]}`);
      const state = await first.storageState();
      await first.close();
      return state;
    },
    async stop() {
      child.removeAllListeners('exit');
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
