import { useEffect, useState } from 'preact/hooks';

import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import * as api from './api';
import { Said, useDoing } from '../parts/doing';
import { t } from './doorwords';
import { opensText } from './narrow';
import { clock } from '../calendar';

/** Share links of all people: what stands open to strangers, and how to shut it. */
export function Links() {
  const l = lang.value;
  const [list, setList] = useState<api.ShareLink[] | null>(null);
  const [past, setPast] = useState(false);
  const { said, busy, run } = useDoing();
  const load = async () => setList((await api.links()).links);
  useEffect(() => void run(load), []);
  const over = (o: api.ShareLink) => (o.revoked ? 'revoked' : Date.parse(o.expires) < Date.now() ? 'ended' : '');
  const shown = list?.filter((o) => past || !over(o)) ?? [];
  return (
    <Panel id="all-links" title={t('allLinks')} label={t('allLinks')} note={t('allLinksHint')}>
      <label class="check">
        <input type="checkbox" checked={past} onChange={(e) => setPast(e.currentTarget.checked)} /> {t('pastLinks')}
      </label>
      {list && shown.length === 0 && <p class="quiet">{t('noLinks')}</p>}
      <ul class="sessions">
        {shown.map((o) => {
          const end = over(o);
          return (
            <li key={o.id} data-link={o.id} data-state={end || 'good'}>
              <p>
                <a href={`#/boards/${o.board}`}>
                  <strong>{o.title[l] || o.title.zh || o.title.en || o.board}</strong>
                </a>{' '}
                {o.name} {end && <span class="tag">{t(end)}</span>}
              </p>
              {!end && <p class={o.opens.length === 0 ? 'warn' : 'quiet'}>{opensText(o.opens)}</p>}
              <p class="quiet">
                {[t('ofWhom', { name: o.maker }), ...(o.password ? [t('withPassword')] : []), t('until', { when: clock(o.expires) }), t('usedTimes', { n: o.uses }), ...(o.used ? [t('lastUsed', { when: clock(o.used) })] : [])].join(' · ')}
              </p>
              {!end && (
                <button
                  type="button"
                  class="button"
                  data-do="revoke-link"
                  disabled={busy}
                  onClick={() => {
                    if (confirm(t('revokeLinkSure'))) void run(async () => (await api.revokeLink(o.id), await load(), t('revoked')));
                  }}
                >
                  {t('revoke')}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <Said said={said} />
    </Panel>
  );
}
