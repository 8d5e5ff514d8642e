// A reporter for node --test: the names of the files in which a test failed, each once.
import { basename } from 'node:path';

export default async function* failed(source) {
  const seen = new Set();
  for await (const { type, data } of source) {
    if (type !== 'test:fail' || !data.file || seen.has(data.file)) continue;
    seen.add(data.file);
    yield `./${basename(data.file)}\n`;
  }
}
