/**
 * Runs a job again and again on demand, never twice at a time and never more
 * often than every gap milliseconds. Pokes that arrive meanwhile are one poke.
 */
export class Refresher {
  private running = false;
  private wanted = false;
  private last = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort = new AbortController();
  private stopped = false;

  /** job must not throw; its signal is aborted by restart and stop. */
  constructor(private readonly gap: number, private readonly job: (signal: AbortSignal) => Promise<void>) {}

  /** Asks for a run; it comes at once if the gap is over. */
  poke(): void {
    this.wanted = true;
    this.schedule(Math.max(0, this.last + this.gap - performance.now()));
  }

  /** Gives up the run under way and starts another at once: the question has changed. */
  restart(): void {
    this.abort.abort();
    this.abort = new AbortController();
    this.running = false;
    this.wanted = true;
    this.schedule(0);
  }

  stop(): void {
    this.stopped = true;
    this.abort.abort();
    clearTimeout(this.timer);
  }

  private schedule(wait: number): void {
    if (this.running || this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), wait);
  }

  private async run(): Promise<void> {
    const { signal } = this.abort;
    this.running = true;
    this.wanted = false;
    await this.job(signal);
    if (signal.aborted) return; // restart has taken over
    this.running = false;
    this.last = performance.now();
    if (this.wanted) this.poke();
  }
}
