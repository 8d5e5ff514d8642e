import { useEffect, useState } from 'preact/hooks';

import { Panel } from '../parts/panel';
import * as api from './api';
import { Said, useDoing } from '../parts/doing';
import { t } from './doorwords';
import { clock } from '../calendar';

/** Who one is at the sign-on provider; nothing if there is none. */
export function SignOn() {
  const [own, setOwn] = useState<api.Identities | null>(null);
  const { said, busy, run } = useDoing();
  const load = async () => setOwn(await api.identities());
  useEffect(() => void run(load), []);
  if (!own || (own.sign_on === '' && own.identities.length === 0)) return null;
  return (
    <Panel id="signon" title={t('signOn')} label={t('signOn')} note={t('signOnHint')}>
      <ul class="sessions">
        {own.identities.map((o) => (
          <li key={o.issuer + o.bound} data-identity={o.username}>
            <p>
              <strong>{o.username}</strong> <span class="quiet">{o.issuer}</span>
            </p>
            <p class="quiet">{t('lastUsed', { when: clock(o.seen) })}</p>
          </li>
        ))}
      </ul>
      {own.identities.length > 0 ? (
        <button type="button" class="button" data-do="unbind" disabled={busy} onClick={() => void run(async () => (await api.unbind(), load()))}>
          {t('unbind')}
        </button>
      ) : (
        <button type="button" class="button" data-do="bind" disabled={busy} onClick={() => void run(async () => location.assign((await api.bind()).to))}>
          {t('bindTo', { name: own.sign_on })}
        </button>
      )}
      <Said said={said} />
    </Panel>
  );
}
