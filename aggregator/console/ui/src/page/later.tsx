import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { t } from '../i18n';
import { link } from '../live';
import { Loading } from './states';

type Pages = typeof import('../analysis');

const pages = signal<Pages | 'loading' | 'failed' | null>(null);
let attempt = 0;

/** What the boards call the place where the reader is; '': nothing yet. */
export const boardsHeading = signal('');

// A browser remembers that a module could not be loaded, hence another address
// for another attempt.
async function load(): Promise<void> {
  if (pages.value === 'loading') return;
  pages.value = 'loading';
  const address = attempt === 0 ? './analysis.js' : `./analysis.js?attempt=${attempt}`;
  attempt++;
  try {
    pages.value = (await import(address)) as Pages;
  } catch {
    pages.value = 'failed';
  }
}

/** Boards or insights; they are a file of their own, which readers of other pages never load. */
export function Later({ boards }: { boards: boolean }) {
  const lib = pages.value;
  const alive = link.value === 'live';
  useEffect(() => {
    if (lib === null || (lib === 'failed' && alive)) void load();
  }, [lib === null, alive]);
  if (lib === 'failed') {
    return (
      <main class="message" id="figures" tabIndex={-1}>
        <p>{t('pageFailed')}</p>
        <button type="button" class="button" onClick={() => void load()}>
          {t('retry')}
        </button>
      </main>
    );
  }
  if (lib === null || lib === 'loading') {
    return (
      <main id="figures" tabIndex={-1}>
        <Loading />
      </main>
    );
  }
  return boards ? <lib.BoardsPage /> : <lib.InsightsPage />;
}
