import { may } from '../live';
import { peopleRoute } from '../route';
import { t as app } from './appwords';
import { t as setup } from './setupwords';
import { t } from './words';

/** The pages of those who manage people, and of administrators. */
export function AdminTabs() {
  const here = (page: string) => ((peopleRoute.value ?? '').split('/')[0] === page ? 'page' : undefined);
  return (
    <nav class="people-tabs" aria-label={t('people')}>
      <a href="#/people" aria-current={here('people')}>
        {t('people')}
      </a>
      <a href="#/trail" aria-current={here('trail')}>
        {t('trail')}
      </a>
      {may('administer') && (
        <a href="#/apps" aria-current={here('apps')}>
          {app('apps')}
        </a>
      )}
      {may('administer') && (
        <a href="#/setup" aria-current={here('setup')}>
          {setup('setup')}
        </a>
      )}
    </nav>
  );
}
