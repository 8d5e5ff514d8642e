import { useEffect, useState } from 'preact/hooks';

import { may } from '../live';
import { Panel } from '../parts/panel';
import * as api from './api';
import { Said, useDoing } from '../parts/doing';
import { field } from './field';
import { t } from './doorwords';
import { Narrow, opensText } from './narrow';
import { clock } from '../calendar';

/** One's own tokens, or everybody's. */
export function Tokens({ all }: { all?: boolean }) {
  const [list, setList] = useState<api.Token[]>([]);
  const { said, busy, run } = useDoing();
  const load = async () => setList((await api.tokens(all ?? false)).tokens);
  useEffect(() => void run(load), []);
  const title = t(all ? 'allTokens' : 'tokens');
  return (
    <Panel id={all ? 'all-tokens' : 'tokens'} title={title} label={title} {...(all ? {} : { note: t('tokensHint') })}>
      {list.length === 0 && <p class="quiet">{t('noTokens')}</p>}
      <ul class="sessions">
        {list.map((o) => (
          <li key={o.id} data-token={o.name}>
            <p>
              <strong>{o.name}</strong> {all && <span class="tag">{o.owner ? t('ofWhom', { name: o.owner }) : t('onMachine')}</span>}
            </p>
            <p class={o.opens.length === 0 ? 'warn' : 'quiet'}>{o.admin ? t('administers') : opensText(o.opens)}</p>
            <p class="quiet">
              {lifeText(o.expires)} · {o.used ? t('lastUsed', { when: clock(o.used) }) : t('neverUsed')}
            </p>
            <button
              type="button"
              class="button"
              data-do="revoke"
              disabled={busy}
              onClick={() => {
                if (confirm(t('revokeSure', { name: o.name }))) void run(async () => (await api.revokeToken(o.id), await load(), t('revoked')));
              }}
            >
              {t('revoke')}
            </button>
          </li>
        ))}
      </ul>
      <Said said={said} />
      {!all && may('export') && <Make reload={load} />}
    </Panel>
  );
}

/** Until when something holds. */
export function lifeText(expires: string | undefined): string {
  if (!expires) return t('forever');
  return Date.parse(expires) < Date.now() ? t('ended') : t('until', { when: clock(expires) });
}

function Make({ reload }: { reload: () => Promise<void> }) {
  const { said, busy, run } = useDoing();
  const [part, setPart] = useState<api.Part | null>(null);
  const [secret, setSecret] = useState('');
  const [days, setDays] = useState(90);
  const make = (e: Event) => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const name = field(e, 'name').trim();
    void run(async () => {
      setSecret((await api.newToken(name, days, part)).secret);
      form.reset();
      setPart(null);
      await reload();
    });
  };
  return (
    <form class="people-form" onSubmit={make}>
      <h3>{t('makeToken')}</h3>
      <label>
        <span>{t('label')}</span>
        <input name="name" required maxLength={60} autocomplete="off" />
      </label>
      <label>
        <span>{t('lasts')}</span>
        <select value={days} onChange={(e) => setDays(Number(e.currentTarget.value))}>
          {[7, 30, 90, 365].map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </label>
      <Narrow part={part} onChange={setPart} />
      <button type="submit" class="button" disabled={busy}>
        {t('make')}
      </button>
      <Said said={said} />
      {secret && <Once label={t('secret')} secret={secret} hint={t('secretOnce')} />}
    </form>
  );
}

/** A secret that is shown this once. */
export function Once({ label, secret, hint }: { label: string; secret: string; hint: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div class="people-link" role="status">
      <p class="quiet">{hint}</p>
      <code data-made={label}>{secret}</code>
      <button type="button" class="button" onClick={() => void navigator.clipboard.writeText(secret).then(() => setCopied(true))}>
        {t(copied ? 'copied' : 'copy')}
      </button>
    </div>
  );
}
