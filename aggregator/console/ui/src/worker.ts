// The service worker: opens the page without the network, and answers what was asked
// before with the last answers. The server writes SHELL before it: the version of the
// page and the digest of each of its files. A worker serves the files of its own version
// alone, so what a page loads later fits what it has loaded already.
//
// Answers are kept only if the server says so and for whom (header Kept-For). They go
// when it names somebody else, at every sign-in and sign-out, and when it no longer
// knows the session.

declare const SHELL: { version: string; files: [path: string, integrity: string][] };

interface Extendable extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface Fetched extends Extendable {
  request: Request;
  clientId: string;
  respondWith(answer: Response | Promise<Response>): void;
}
interface Client {
  id: string;
  postMessage(message: unknown): void;
}
interface Worker {
  registration: { active: unknown };
  clients: { claim(): Promise<void>; get(id: string): Promise<Client | undefined>; matchAll(o: { includeUncontrolled: boolean }): Promise<Client[]> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', on: (e: Extendable) => void): void;
  addEventListener(type: 'fetch', on: (e: Fetched) => void): void;
  addEventListener(type: 'message', on: (e: MessageEvent) => void): void;
}
const worker = self as unknown as Worker;

const shellName = `shell-${SHELL.version}`;
const keptName = 'kept';
const ownerKey = '/~whose';
const shell = new Set(SHELL.files.map(([path]) => path));
// questions that are asked with POST and change nothing
const questions = new Set(['/api/v1/query', '/api/v1/boards/answer']);
// after these somebody else may be signed in
const turns = new Set(['/api/v1/signin', '/api/v1/signin/code', '/api/v1/view-as', '/api/v1/view-as/end', '/api/v1/setup', '/login', '/logout', '/signon/callback']);

const maxKept = 400;
const maxAgeMs = 7 * 24 * 3600_000;
// a wall asks every second or two; its disk need not hear of all of that
const keepEveryMs = 15_000;

worker.addEventListener('install', (e) => {
  e.waitUntil(
    caches.open(shellName).then((c) =>
      // the digests refuse files of another version, should the server change meanwhile
      c.addAll(SHELL.files.map(([path, integrity]) => new Request(path, { cache: 'reload', integrity }))),
    ),
  );
});

// Pages of the version before, which are about to load anew.
const outdated = new Set<string>();

worker.addEventListener('activate', (e) => {
  e.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((n) => n.startsWith('shell-') && n !== shellName);
      if (old.length > 0) for (const c of await worker.clients.matchAll({ includeUncontrolled: true })) outdated.add(c.id);
      for (const name of old) await caches.delete(name);
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener('message', (e) => {
  if (e.data === 'go') void worker.skipWaiting();
});

worker.addEventListener('fetch', (e) => {
  const url = new URL(e.request.url);
  if (url.origin !== location.origin) return;
  const { method, mode } = e.request;
  const path = url.pathname;
  if (turns.has(path) && (method === 'POST' || path === '/login' || path === '/signon/callback')) {
    if (mode === 'navigate') e.waitUntil(forget());
    else e.respondWith(forget().then(() => fetch(e.request)).finally(forget));
  } else if (path.startsWith('/api/')) {
    if (path !== '/api/v1/changes' && (method === 'GET' || questions.has(path))) e.respondWith(ask(e));
  } else if (method !== 'GET') {
    return;
  } else if (mode === 'navigate' && path.startsWith('/app/')) {
    e.respondWith(appPage(e));
  } else if (shell.has(path)) {
    e.respondWith(outdated.has(e.clientId) ? Promise.resolve(Response.error()) : own(path, e.request));
  }
});

async function own(path: string, request: Request): Promise<Response> {
  const c = await caches.open(shellName);
  return (await c.match(path)) ?? fetch(request);
}

/** An app's own first page: its last one at once, and a newer one next time. */
async function appPage(e: Fetched): Promise<Response> {
  const c = await caches.open(shellName);
  const last = await c.match(e.request, { ignoreSearch: true });
  const newer = fetch(e.request).then(async (answer) => {
    // the page of another version would load our files
    if (answer.ok && answer.headers.get('Page-Version') !== SHELL.version) return null;
    if (answer.ok) await c.put(e.request, answer.clone());
    else await c.delete(e.request, { ignoreSearch: true });
    return answer;
  });
  if (last) {
    e.waitUntil(newer.catch(() => undefined));
    return last;
  }
  return (await newer.catch(() => null)) ?? own('/', new Request('/'));
}

let generation = 0; // raised whenever kept answers go
const lastKept = new Map<string, number>();
let tail: Promise<unknown> = Promise.resolve();

/** One after the other: what is kept and what is thrown away must not cross. */
function inTurn<T>(f: () => Promise<T>): Promise<T> {
  const mine = tail.then(f, f);
  tail = mine.catch(() => undefined);
  return mine;
}

function forget(): Promise<unknown> {
  generation++;
  lastKept.clear();
  return inTurn(() => caches.delete(keptName));
}

async function keyOf(request: Request): Promise<string> {
  const url = new URL(request.url);
  const body = request.method === 'POST' ? await request.text() : '';
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${request.method} ${url.pathname}${url.search}\n${body}`));
  return `/~kept/${[...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
}

async function ask(e: Fetched): Promise<Response> {
  const asked = generation;
  const key = await keyOf(e.request.clone());
  let answer: Response;
  try {
    answer = await fetch(e.request);
  } catch (cause) {
    if (e.request.signal.aborted) throw cause;
    return (await last(e, key)) ?? Response.error();
  }
  // a proxy whose server is gone
  if (answer.status === 502 || answer.status === 503) return (await last(e, key)) ?? answer;
  if (answer.status === 401) e.waitUntil(forget());
  const whose = answer.headers.get('Kept-For');
  if (answer.ok && whose && asked === generation && Date.now() - (lastKept.get(key) ?? 0) > keepEveryMs) {
    lastKept.set(key, Date.now());
    e.waitUntil(keep(asked, key, whose, answer.clone()));
  }
  return answer;
}

async function keep(asked: number, key: string, whose: string, answer: Response): Promise<void> {
  const body = await answer.blob();
  await inTurn(async () => {
    if (asked !== generation) return;
    let c = await caches.open(keptName);
    const owner = await c.match(ownerKey);
    if (!owner || (await owner.text()) !== whose) {
      if (owner) {
        generation++;
        lastKept.clear();
        await caches.delete(keptName);
        c = await caches.open(keptName);
      }
      await c.put(ownerKey, new Response(whose));
    }
    const headers = { 'Content-Type': answer.headers.get('Content-Type') ?? '', 'Kept-At': String(Date.now()) };
    await c.put(key, new Response(body, { headers }));
    if (lastKept.size % 50 === 0) {
      const keys = (await c.keys()).filter((k) => !k.url.endsWith(ownerKey));
      for (const k of keys.slice(0, Math.max(0, keys.length - maxKept))) await c.delete(k);
    }
  }).catch(() => lastKept.delete(key)); // a full disk: it works online all the same
}

/** The last answer to a question, and the page is told that it is one. */
async function last(e: Fetched, key: string): Promise<Response | undefined> {
  const found = await inTurn(async () => (await caches.has(keptName) ? (await caches.open(keptName)).match(key) : undefined));
  const at = Number(found?.headers.get('Kept-At'));
  if (!found || Date.now() - at > maxAgeMs) return undefined;
  (await worker.clients.get(e.clientId))?.postMessage({ kept: at });
  return found;
}

export {};
