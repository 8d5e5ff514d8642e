import { useEffect, useState } from 'preact/hooks';

import { t } from '../i18n';
import { askAgain, asOf, link, problem, retryAt, retryNow, shown } from '../live';

/** Says that the server is gone, since when, and when the next try comes. */
export function LostBanner() {
  const lost = link.value === 'lost';
  const [now, setNow] = useState(0);
  const [patient, setPatient] = useState(false);
  useEffect(() => {
    setPatient(false);
    if (!lost) return;
    // a restart of the server takes a moment; that is no news yet
    const grace = setTimeout(() => setPatient(true), 1_200);
    const tick = setInterval(() => setNow(performance.now()), 500);
    return () => {
      clearTimeout(grace);
      clearInterval(tick);
    };
  }, [lost]);
  if (!lost || (!patient && shown.value)) return null;
  const seconds = Math.max(0, Math.ceil((retryAt.value - Math.max(now, performance.now())) / 1000));
  const moment = asOf.value;
  return (
    <div class="banner banner-lost" role="alert">
      <div>
        <strong>{t('lostTitle')}</strong>
        <p>{moment ? t('lostBody', { time: moment.clock }) : t('lostBodyNoData')}</p>
      </div>
      <span class="banner-wait" aria-hidden="true">
        {t('lostNext', { seconds })}
      </span>
      <button type="button" class="button" onClick={retryNow}>
        {t('retryNow')}
      </button>
    </div>
  );
}

/** Says which question the server refused, in its own words. */
export function ProblemBanner() {
  const p = problem.value;
  if (!p || link.value === 'lost') return null;
  return (
    <div class="banner banner-problem" role="alert">
      <div>
        <strong>{t('problemTitle')}</strong>
        <p>
          {p.message} <code>{p.code}</code>
        </p>
      </div>
      <button type="button" class="button" onClick={askAgain}>
        {t('retry')}
      </button>
    </div>
  );
}

/** When there is nothing to show because the first questions failed. */
export function Failed() {
  return (
    <div class="message message-inside" data-state="failed">
      <svg class="message-art" viewBox="0 0 64 64" aria-hidden="true">
        <path d="M32 10 58 54H6zM32 27v13M32 47v.1" />
      </svg>
      <h2>{t('failedTitle')}</h2>
      <p>{t('failedBody')}</p>
    </div>
  );
}

/** When nothing of what the page shows is open to the reader. */
export function Closed() {
  return (
    <div class="message message-inside" data-state="closed">
      <h2>{t('closedTitle')}</h2>
      <p>{t('closedBody')}</p>
    </div>
  );
}

/** Before the first box has reported. */
export function Empty() {
  return (
    <div class="message message-inside" data-state="empty">
      <svg class="message-art" viewBox="0 0 64 64" aria-hidden="true">
        <rect x="8" y="36" width="48" height="14" rx="4" />
        <path d="M16 43h8M46 43h.1M32 29v-6M22 22a14 14 0 0 1 20 0M15 15a24 24 0 0 1 34 0" />
      </svg>
      <h2>{t('emptyTitle')}</h2>
      <p>{t('emptyBody')}</p>
      <p class="quiet">{t('emptyHint')}</p>
    </div>
  );
}

/** While the first answers are on their way. */
export function Loading() {
  return (
    <div class="skeleton" role="status" aria-label={t('loading')}>
      {Array.from({ length: 8 }, (_, i) => (
        <span key={i} class="skeleton-card" />
      ))}
      <span class="skeleton-panel" />
      <span class="skeleton-panel" />
    </div>
  );
}
