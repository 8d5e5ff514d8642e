// Boxes: roll-outs of their agent and their certificates. A file of its own (boxes.js),
// loaded when the reader comes to them.

// What main.js has in common with the files that come later belongs into shared.js, which is
// one file: so each of those must reach all of it. A module that only two of them share
// would make another file of that name, and the build fails.
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

import { CertificatesPage } from './boxes/certificates';
import { RolloutsPage } from './boxes/rollouts';
import { t } from './boxes/words';
import { holds } from './live';
import { peopleRoute } from './route';

export function BoxesPages() {
  const certificates = (peopleRoute.value ?? '').split('/')[1] === 'certificates';
  return (
    <main id="figures" tabIndex={-1} class="people boxes">
      <nav class="people-tabs" aria-label={t('parts')}>
        <a href="#/boxes" aria-current={certificates ? undefined : 'page'}>
          {t('rollouts')}
        </a>
        {holds('accounts') && (
          <a href="#/boxes/certificates" aria-current={certificates ? 'page' : undefined}>
            {t('certificates')}
          </a>
        )}
      </nav>
      {certificates ? <CertificatesPage /> : <RolloutsPage />}
    </main>
  );
}
