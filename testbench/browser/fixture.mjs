// Runs the fixture program, which serves the real console over made-up facts.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.env.FIXTURE;

/** A Sunday evening in Shanghai, so that runs look alike. */
export const evening = '2026-11-22T20:24:30+08:00';

/** A free port of this machine. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const s = createServer();
    s.once('error', reject);
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

/** A server that can be killed and started again at the same address, keeping its sessions. */
export class Fixture {
  static async start(state = 'normal', at = evening, options = []) {
    if (!program) throw new Error('FIXTURE must name the fixture program; ./run builds it');
    const f = new Fixture();
    f.state = state;
    f.at = at;
    f.options = options;
    f.data = mkdtempSync(join(tmpdir(), 'fixture-'));
    f.base = `http://127.0.0.1:${await freePort()}`;
    await f.run();
    return f;
  }

  run() {
    return new Promise((resolve, reject) => {
      this.child = spawn(program, ['-listen', new URL(this.base).host, '-data', this.data, '-state', this.state, '-at', this.at, ...this.options]);
      let said = '';
      this.child.stderr.on('data', (b) => (said += b));
      this.child.once('exit', (code) => reject(new Error(`the fixture ended with ${code}: ${said}`)));
      this.child.stdout.once('data', () => resolve());
    });
  }

  kill() {
    return new Promise((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return resolve();
      this.child.removeAllListeners('exit');
      this.child.once('exit', resolve);
      this.child.kill('SIGKILL');
    });
  }

  async push(province, n) {
    const r = await fetch(`${this.base}/fixture/push?province=${province}&n=${n}`, { method: 'POST' });
    if (!r.ok) throw new Error(`push: ${r.status} ${await r.text()}`);
  }

  async stop() {
    await this.kill();
    rmSync(this.data, { recursive: true });
  }
}
