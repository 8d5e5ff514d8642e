// People, one's account and the audit log: a file of its own (people.js), loaded when
// the reader comes to them.

// What main.js has in common with analysis.js or with this file belongs into shared.js,
// which is one file: so each of the files that come later must reach all of it. A module
// that only two of them share would make another file of that name, and the build fails.
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

import { effect } from '@preact/signals';

import { laterHeading } from './page/later';
import { AccountPage } from './people/account';
import { AppsPage } from './people/apps';
import { t as app } from './people/appwords';
import { SetupPage } from './people/setup';
import { t as setup } from './people/setupwords';
import { PeoplePage } from './people/list';
import { TrailPage } from './people/trail';
import { peopleRoute } from './route';

effect(() => {
  const page = (peopleRoute.value ?? '').split('/')[0];
  laterHeading.value = page === 'apps' ? app('apps') : page === 'setup' ? setup('setup') : '';
});

export function PeoplePages() {
  const page = (peopleRoute.value ?? '').split('/')[0];
  if (page === 'people') return <PeoplePage />;
  if (page === 'apps') return <AppsPage />;
  if (page === 'setup') return <SetupPage />;
  return page === 'trail' ? <TrailPage /> : <AccountPage />;
}

export { SignIn } from './people/signin';
