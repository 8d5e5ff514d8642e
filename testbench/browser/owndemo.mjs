// A demo of one's own, with boxes and a past, for scripts that measure it or take its picture.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** Starts the program's demo and waits until its past is told; `options` as the command has them. */
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
  const get = async (path) => (await fetch(base + path, { headers: { Authorization: `Bearer ${token}` } })).json();
  // its past is told once next to nothing waits, three times in a row; boxes go on telling
  for (let quiet = 0; quiet < 3; ) {
    const { backlog_events: events, dirty_cells: cells } = await get('/api/v1/status');
    quiet = /(History|Year ago)\s+day (\d+) of \2\b/.test(said) && events < 500 && cells < 30 ? quiet + 1 : 0;
    await new Promise((go) => setTimeout(go, 2_000));
  }
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
