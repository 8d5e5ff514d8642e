import { useEffect, useState } from 'preact/hooks';

import * as api from '../api';
import { ApiError } from '../api';
import { t } from '../i18n';
import { askMe, link, me, retryNow } from '../live';
import { SignOut } from './signout';
import { goPeople, peopleRoute } from '../route';
import { AccountPage } from './account';
import { SetupPage } from './setup';
import { t as say } from './doorwords';

/** Name and password, then a code if one is asked for; and how to come by a link. */
export function SignIn() {
  const needs = me.value?.needs ?? '';
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [signOn, setSignOn] = useState('');
  useEffect(() => {
    // without it there is no button: name and password do
    api.call<{ sign_on: string }>('/api/v1/signin/options', {}).then((o) => setSignOn(o.sign_on)).catch(() => undefined);
  }, []);
  // whoever came by a link may still have to give a code
  useEffect(() => {
    askMe().catch(() => (me.value = null));
  }, [link.value]);
  const send = async (path: string, body: object) => {
    setBusy(true);
    setProblem('');
    try {
      const done = await api.send<{ needs: string }>('POST', path, body);
      await askMe();
      if (done.needs === '') retryNow();
    } catch (cause) {
      setProblem(cause instanceof ApiError ? cause.message : String(cause));
    }
    setBusy(false);
  };
  if (peopleRoute.value === 'setup') return <SetupPage />;
  if (needs === 'totp') {
    if (peopleRoute.value === 'account') return <AccountPage />;
    return (
      <main class="message" id="figures" tabIndex={-1}>
        <h1>{t('totpTitle')}</h1>
        <p>{t('totpBody')}</p>
        <button type="button" class="button" onClick={() => goPeople('account')}>
          {t('totpGo')}
        </button>
      </main>
    );
  }
  const submit = (e: Event) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    const text = (name: string) => String(form.get(name) ?? '');
    if (needs === 'code') void send('/api/v1/signin/code', { code: text('code') });
    else void send('/api/v1/signin', { name: text('name'), password: text('password') });
  };
  return (
    <main class="message" id="figures" tabIndex={-1}>
      <svg class="message-art" viewBox="0 0 64 64" aria-hidden="true">
        <rect x="14" y="28" width="36" height="26" rx="5" />
        <path d="M22 28v-7a10 10 0 0 1 20 0v7M32 38v7" />
      </svg>
      <h1>{t(needs === 'code' ? 'codeTitle' : 'signedOutTitle')}</h1>
      <form class="signin" key={needs} onSubmit={submit}>
        {needs === 'code' ? (
          <>
            <p>{t('codeBody')}</p>
            <label>
              <span>{t('code')}</span>
              <input name="code" autocomplete="one-time-code" inputMode="text" required maxLength={20} autoFocus />
            </label>
          </>
        ) : (
          <>
            <label>
              <span>{t('userName')}</span>
              <input name="name" autocomplete="username" autocapitalize="none" required maxLength={60} />
            </label>
            <label>
              <span>{t('password')}</span>
              <input name="password" type="password" autocomplete="current-password" required maxLength={200} />
            </label>
          </>
        )}
        {problem && (
          <p class="signin-problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="button button-main" disabled={busy}>
          {t('signIn')}
        </button>
        {needs === 'code' && <SignOut />}
      </form>
      {!needs && signOn && (
        <a class="button" data-do="signon" href="/signon">
          {say('signOnBy', { name: signOn })}
        </a>
      )}
      {!needs && (
        <>
          <p class="quiet">
            {t('signedOutBody')} <code>{location.origin}/login?key=…</code>
          </p>
          <p class="quiet">
            {t('signedOutUsed')} <code>aggregator link --data DIR</code>
          </p>
        </>
      )}
    </main>
  );
}
