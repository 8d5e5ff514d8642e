import { signal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { t } from '../i18n';
import { link } from '../live';
import { Loading } from './states';

type Analysis = typeof import('../analysis');
type People = typeof import('../people');
type Data = typeof import('../data');
type Boxes = typeof import('../boxes');

/** What the boards call the place where the reader is; '': nothing yet. */
export const boardsHeading = signal('');
/** The same of the pages that come with people. */
export const laterHeading = signal('');

/** A file of the page that comes when it is needed. */
interface Coming<T> {
  lib: Signal<T | 'loading' | 'failed' | null>;
  load: () => Promise<void>;
}

// A browser remembers that a module could not be loaded, hence another address
// for another attempt.
function coming<T>(name: string): Coming<T> {
  const lib = signal<T | 'loading' | 'failed' | null>(null);
  let attempt = 0;
  const load = async () => {
    if (lib.value === 'loading') return;
    lib.value = 'loading';
    const address = attempt === 0 ? name : `${name}?attempt=${attempt}`;
    attempt++;
    try {
      lib.value = (await import(address)) as T;
    } catch {
      lib.value = 'failed';
    }
  };
  return { lib, load };
}

const analysis = coming<Analysis>('./analysis.js');
const people = coming<People>('./people.js');
const data = coming<Data>('./data.js');
const boxes = coming<Boxes>('./boxes.js');

/** Boards, insights, people, own data, boxes or how to sign in; they are files of their own, which readers of other pages never load. */
export function Later({ page }: { page: 'boards' | 'insights' | 'account' | 'people' | 'data' | 'boxes' | 'signin' }) {
  if (page === 'signin') return <When of={people} show={(lib) => <lib.SignIn />} />;
  if (page === 'data') return <When of={data} show={(lib) => <lib.DataPages />} />;
  if (page === 'boxes') return <When of={boxes} show={(lib) => <lib.BoxesPages />} />;
  if (page === 'boards') return <When of={analysis} show={(lib) => <lib.BoardsPage />} />;
  if (page === 'insights') return <When of={analysis} show={(lib) => <lib.InsightsPage />} />;
  return <When of={people} show={(lib) => <lib.PeoplePages />} />;
}

function When<T extends object>({ of, show }: { of: Coming<T>; show: (lib: T) => preact.JSX.Element }) {
  const lib = of.lib.value;
  const alive = link.value === 'live';
  useEffect(() => {
    if (lib === null || (lib === 'failed' && alive)) void of.load();
  }, [lib === null, alive, of]);
  if (lib === 'failed') {
    return (
      <main class="message" id="figures" tabIndex={-1}>
        <p>{t('pageFailed')}</p>
        <button type="button" class="button" onClick={() => void of.load()}>
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
  return show(lib);
}
