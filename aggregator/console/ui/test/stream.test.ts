import assert from 'node:assert/strict';
import { test } from 'node:test';

import { backoff, EventParser, read, type ServerEvent } from '../src/stream';

const text = ': hello\n\nevent: changed\ndata: {"a":1}\n\n: still here\n\ndata: one\ndata:two\r\n\r\nevent: lonely\n\nevent: cut\ndata: never';

const want: ServerEvent[] = [
  { event: 'changed', data: '{"a":1}' },
  { event: 'message', data: 'one\ntwo' },
];

test('events come out whole, however the stream is cut', () => {
  for (let size = 1; size <= text.length; size++) {
    const parser = new EventParser();
    const got: ServerEvent[] = [];
    for (let i = 0; i < text.length; i += size) got.push(...parser.push(text.slice(i, i + size)));
    assert.deepEqual(got, want, `pieces of ${size}`);
  }
});

function stream(...pieces: (string | Error)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(c) {
      const piece = pieces.shift();
      if (piece === undefined) c.close();
      else if (piece instanceof Error) c.error(piece);
      else if (piece) c.enqueue(new TextEncoder().encode(piece));
      else return new Promise(() => undefined); // says nothing for ever
      return undefined;
    },
  });
}

test('reading tells how it ended', async () => {
  const got: string[] = [];
  const note = (e: ServerEvent) => got.push(e.data);
  assert.equal(await read(stream('data: 1\n\n'), 1000, note), 'ended');
  assert.equal(await read(stream('data: 2\n\n', new Error('gone')), 1000, note), 'broken');
  assert.equal(await read(stream('data: 3\n\n', ''), 20, note), 'silent');
  assert.deepEqual(got, ['1', '2', '3']);
});

test('the wait between attempts doubles up to ten seconds', () => {
  assert.equal(backoff(0, () => 0), 250);
  assert.equal(backoff(0, () => 1), 500);
  assert.equal(backoff(3, () => 1), 4000);
  assert.equal(backoff(1000, () => 1), 10_000);
});
