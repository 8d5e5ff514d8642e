// Server-sent events over fetch. The browser's own EventSource hides the status
// code, so that a sign-out looks like a dead server, and hides comment lines, so
// that a connection dead for hours looks alive.

export interface ServerEvent {
  event: string;
  data: string;
}

/** Cuts a stream of text into events, whatever the pieces it arrives in. */
export class EventParser {
  private rest = '';
  private event = '';
  private data: string[] = [];

  /** The events completed by this piece, in order. Comments complete none. */
  push(piece: string): ServerEvent[] {
    const done: ServerEvent[] = [];
    const text = this.rest + piece;
    // a \r at the end may be half of \r\n: leave it for the next piece
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\r|\n/);
    this.rest = lines.pop()! + text.slice(end);
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) {
          done.push({ event: this.event || 'message', data: this.data.join('\n') });
        }
        this.event = '';
        this.data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'event') this.event = value;
      if (name === 'data') this.data.push(value);
    }
    return done;
  }
}

/**
 * Reads events until the stream ends, breaks, or says nothing for silence
 * milliseconds; the server sends at least a comment every 15 s. Returns how it
 * ended and never throws.
 */
export async function read(
  stream: ReadableStream<Uint8Array>,
  silence: number,
  onEvent: (e: ServerEvent) => void,
): Promise<'ended' | 'silent' | 'broken'> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const piece = await within(reader.read(), silence);
      if (piece === 'silent') return 'silent';
      if (piece.done) return 'ended';
      for (const e of parser.push(decoder.decode(piece.value, { stream: true }))) onEvent(e);
    }
  } catch {
    return 'broken';
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function within<T>(wait: Promise<T>, ms: number): Promise<T | 'silent'> {
  let timer: ReturnType<typeof setTimeout>;
  const silent = new Promise<'silent'>((resolve) => {
    timer = setTimeout(() => resolve('silent'), ms);
  });
  return Promise.race([wait, silent]).finally(() => clearTimeout(timer));
}

/** How long to wait before attempt n (0, 1, 2 ...), in ms: doubling, full jitter above half, 10 s at most. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(10_000, 500 * 2 ** Math.min(attempt, 10));
  return ceiling / 2 + (ceiling / 2) * random();
}
