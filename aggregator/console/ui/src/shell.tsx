// What stands around all pages, and is loaded beside them: the service worker with which
// the page opens without the network, the word that it is so, newer versions, and where
// an app begins.

// see people.tsx
import './country';
import './format';
import './mark';
import './options';
import './page/later';
import './page/marks';
import './page/states';
import './parts/chart';
import './parts/count';
import './parts/doing';
import './parts/panel';
import './parts/ranking';
import './parts/segmented';
import './parts/spark';
import './parts/table';
import './parts/tilemap';
import './stream';

import { effect, signal } from '@preact/signals';
import { render } from 'preact';

import { call } from './api';
import { at } from './calendar';
import { longDay } from './format';
import { asOf, askAgain, health, link, may, me } from './live';
import { lang } from './prefs';
import { goPeople, peopleRoute } from './route';
import { t } from './shell/words';

/** When the oldest kept answer that is shown was kept; 0: all are the server's own. */
const keptAt = signal(0);
const newer = signal<ServiceWorker | null>(null);

const restMs = 5 * 60_000;
const lookMs = 3600_000;

function Bars() {
  const offline = link.value === 'lost' && keptAt.value > 0;
  const moment = asOf.value;
  const kept = at(keptAt.value);
  const time = (m: { day: string; clock: string }) => `${longDay(m.day, lang.value)} ${m.clock}`;
  return (
    <>
      {offline && (
        <p class="bar-offline" role="status" data-offline={moment ? `${moment.day} ${moment.clock}` : ''}>
          <strong>{t('offline')}</strong> {moment ? t('offlineFigures', { time: time(moment) }) : t('offlineKept', { time: time(kept) })}
        </p>
      )}
      {me.value?.person && may('administer') && health.value?.open && health.value.boxes === 0 && peopleRoute.value !== 'setup' && (
        <p class="bar-newer" role="status">
          {t('fresh')} <a href="#/setup">{t('setUp')}</a>
        </p>
      )}
      {newer.value && (
        <p class="bar-newer" role="status">
          {t('newer')}{' '}
          <button type="button" class="button" onClick={() => newer.value?.postMessage('go')}>
            {t('reload')}
          </button>
        </p>
      )}
    </>
  );
}

async function register(workers: ServiceWorkerContainer): Promise<void> {
  const had = workers.controller !== null;
  workers.addEventListener('message', (e: MessageEvent) => {
    const { kept } = (e.data ?? {}) as { kept?: number };
    if (kept) keptAt.value = keptAt.value === 0 ? kept : Math.min(keptAt.value, kept);
  });
  workers.startMessages();
  // another version serves this page from now on: both must not mix
  workers.addEventListener('controllerchange', () => {
    if (had) location.reload();
    else askedBefore();
  });
  const r = await workers.register('/sw.js');
  // nothing is done on this page yet, so nothing is lost
  if (r.waiting && had) r.waiting.postMessage('go');
  r.addEventListener('updatefound', () => {
    const next = r.installing;
    next?.addEventListener('statechange', () => {
      if (next.state === 'installed' && workers.controller) newer.value = next;
    });
  });
  const look = () => void r.update().catch(() => undefined); // no network: later
  setInterval(look, lookMs);
  let before = link.peek();
  effect(() => {
    // a server that was away may have come back as another version
    if (before === 'lost' && link.value === 'live') look();
    before = link.value;
  });
}

/** Asks once more what was asked before there was a worker to keep the answers. */
function askedBefore(): void {
  const asked = performance.getEntriesByType('resource').map((e) => new URL(e.name));
  for (const { origin, pathname, search } of asked) {
    if (origin !== location.origin || !/^\/api\/v1\/(me|indicators|status|quality|insights\/\w+|boards(\/(?!answer)[\w-]+)?)$/.test(pathname)) continue;
    void fetch(pathname + search, { cache: 'no-store' }).catch(() => undefined);
  }
  askAgain();
}

// Whoever touches nothing for a while, a screen on a wall above all, gets the newer
// version without being asked.
let touched = performance.now();
for (const event of ['pointerdown', 'keydown', 'wheel']) addEventListener(event, () => (touched = performance.now()), { passive: true });
setInterval(() => {
  if (newer.value && performance.now() - touched > restMs) newer.value.postMessage('go');
}, 30_000);

effect(() => {
  if (link.value !== 'lost') keptAt.value = 0;
});
effect(() => {
  document.documentElement.classList.toggle('offline', link.value === 'lost' && keptAt.value > 0);
});

// An app begins at the board of its reader's role: [role, address]..., '' is everybody's.
const starts = document.querySelector<HTMLMetaElement>('meta[name="starts"]')?.content;
if (starts && location.hash === '') {
  const end = effect(() => {
    const reader = me.value;
    if (!reader || reader.needs) return;
    queueMicrotask(() => end());
    const all = JSON.parse(starts) as [role: string, address: string][];
    const mine = all.find(([role]) => reader.roles.includes(role)) ?? all.find(([role]) => role === '');
    if (mine && location.hash === '') location.replace(`#/boards/${mine[1]}`);
  });
}

// A platform without an administrator leads whoever comes to become it.
let looked = false;
effect(() => {
  if (link.value !== 'signedout' || looked || peopleRoute.value === 'setup') return;
  looked = true;
  call<{ open: boolean }>('/api/v1/setup', {})
    .then(({ open }) => open && goPeople('setup'))
    .catch(() => undefined); // the sign-in is there
});

const bars = document.getElementById('bars');
if (bars) render(<Bars />, bars);
// Browsers have workers over HTTPS and on the machine itself alone; elsewhere the page
// does without.
if ('serviceWorker' in navigator) void register(navigator.serviceWorker).catch((cause: unknown) => console.info('no service worker:', cause));
