import { useEffect, useState } from 'preact/hooks';

import type { Lang } from '../api';
import { askMe, me, retryNow } from '../live';
import { Panel } from '../parts/panel';
import { chooseLang } from '../prefs';
import * as api from './api';
import { Said, useDoing } from '../parts/doing';
import { field } from './field';
import { Matrix } from './matrix';
import { SignOn } from './signon';
import { SignOut } from './signout';
import { Tokens } from './tokens';
import { clock } from '../calendar';
import { t } from './words';

/** One's own account: what is open, password, second factor, sessions. */
export function AccountPage() {
  const who = me.value;
  if (!who) return <main id="figures" tabIndex={-1} />;
  return (
    <main id="figures" tabIndex={-1} class="people">
      <div class="people-grid">
        {who.needs === '' && <Own />}
        {who.person && !who.by && who.needs === '' && <Password />}
        {who.person && !who.by && <TOTP />}
        {who.person && !who.by && who.needs === '' && <SignOn />}
        {who.person && !who.by && who.needs === '' && <Sessions />}
        {who.person && !who.by && who.needs === '' && <Tokens />}
      </div>
    </main>
  );
}

function Own() {
  const who = me.value!;
  const { said, busy, run } = useDoing();
  const save = (e: Event) => {
    e.preventDefault();
    const language = field(e, 'language');
    const display = field(e, 'display');
    void run(async () => {
      me.value = await api.setOwn(display, language);
      if (language) chooseLang(language as Lang);
      return t('kept');
    });
  };
  return (
    <Panel id="own" title={who.display || who.name} label={who.name} note={t('signedInAs', { name: who.name })}>
      {who.person && !who.by && (
        <form class="people-form" onSubmit={save}>
          <label>
            <span>{t('called')}</span>
            <input name="display" maxLength={60} defaultValue={who.display === who.name ? '' : who.display} placeholder={who.name} />
          </label>
          <label>
            <span>{t('language')}</span>
            <select name="language" defaultValue={who.language}>
              <option value="" selected={who.language === ''}>{t('asBrowser')}</option>
              <option value="zh" selected={who.language === 'zh'}>中文</option>
              <option value="en" selected={who.language === 'en'}>English</option>
            </select>
          </label>
          <button type="submit" class="button" disabled={busy}>
            {t('keep')}
          </button>
          <Said said={said} />
        </form>
      )}
      <h3>{t('yourGrants')}</h3>
      <Matrix holds={who.holds} />
      {!who.by && <SignOut />}
    </Panel>
  );
}

function Password() {
  const who = me.value!;
  const { said, busy, run } = useDoing();
  const save = (e: Event) => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const [old, next] = [field(e, 'old'), field(e, 'new')];
    void run(async () => {
      await api.setPassword(old, next);
      form.reset();
      await askMe();
      return t('passwordSet');
    });
  };
  return (
    <Panel id="password" title={t('passwordTitle')} label={t('passwordTitle')} note={t('passwordHint')}>
      <form class="people-form" onSubmit={save}>
        <input type="text" name="username" autocomplete="username" class="unseen" tabIndex={-1} aria-hidden="true" readOnly value={who.name} />
        {who.password && (
          <label>
            <span>{t('oldPassword')}</span>
            <input name="old" type="password" autocomplete="current-password" maxLength={200} />
          </label>
        )}
        <label>
          <span>{t('newPassword')}</span>
          <input name="new" type="password" autocomplete="new-password" required minLength={10} maxLength={200} />
        </label>
        <button type="submit" class="button" disabled={busy}>
          {t('setPassword')}
        </button>
        <Said said={said} />
      </form>
    </Panel>
  );
}

function TOTP() {
  const who = me.value!;
  const { said, busy, run } = useDoing();
  const [secret, setSecret] = useState<{ secret: string; uri: string } | null>(null);
  const [codes, setCodes] = useState<string[]>([]);
  const confirm = (e: Event) => {
    e.preventDefault();
    const code = field(e, 'code');
    void run(async () => {
      setCodes((await api.confirmTOTP(code)).codes);
      setSecret(null);
      await askMe();
    });
  };
  const end = (e: Event) => {
    e.preventDefault();
    const code = field(e, 'code');
    void run(async () => {
      await api.endTOTP(code);
      setCodes([]);
      await askMe();
    });
  };
  return (
    <Panel id="totp" title={t('totpTitle')} label={t('totpTitle')} note={who.totp ? t('totpOn') : t('totpOff')}>
      {!who.totp && !secret && (
        <button type="button" class="button" data-do="totp" disabled={busy} onClick={() => void run(async () => setSecret(await api.newTOTP()))}>
          {t('totpBegin')}
        </button>
      )}
      {secret && (
        <form class="people-form" onSubmit={confirm}>
          <p>{t('totpAdd')}</p>
          <p>
            {t('totpSecret')}: <code data-secret={secret.secret}>{secret.secret.replace(/(.{4})/g, '$1 ')}</code>
          </p>
          <p>
            <a href={secret.uri}>{t('totpLink')}</a>
          </p>
          <label>
            <span>{t('totpCode')}</span>
            <input name="code" autocomplete="one-time-code" required maxLength={20} />
          </label>
          <button type="submit" class="button" disabled={busy}>
            {t('totpConfirm')}
          </button>
        </form>
      )}
      {codes.length > 0 && (
        <>
          <h3>{t('recovery')}</h3>
          <p class="quiet">{t('recoveryHint')}</p>
          <ul class="codes">
            {codes.map((c) => (
              <li key={c}>
                <code>{c}</code>
              </li>
            ))}
          </ul>
          <button type="button" class="button" onClick={() => (setCodes([]), retryNow())}>
            {t('keep')}
          </button>
        </>
      )}
      {who.totp && codes.length === 0 && who.needs === '' && (
        <form class="people-form" onSubmit={end}>
          <label>
            <span>{t('totpCode')}</span>
            <input name="code" autocomplete="one-time-code" required maxLength={20} />
          </label>
          <button type="submit" class="button" disabled={busy}>
            {t('totpEnd')}
          </button>
        </form>
      )}
      <Said said={said} />
    </Panel>
  );
}

function Sessions() {
  const [all, setAll] = useState<api.Session[]>([]);
  const { said, busy, run } = useDoing();
  const load = async () => setAll((await api.sessions()).sessions);
  useEffect(() => void run(load), []);
  return (
    <Panel id="sessions" title={t('sessions')} label={t('sessions')}>
      <ul class="sessions">
        {all.map((s) => (
          <li key={s.id}>
            <p>
              <strong>{s.place || t('unknownPlace')}</strong> {s.here && <span class="tag">{t('here')}</span>}
            </p>
            <p class="quiet session-agent">{s.agent}</p>
            <p class="quiet">{t('lastSeen', { when: clock(s.seen) })}</p>
            {!s.here && (
              <button type="button" class="button" disabled={busy} onClick={() => void run(async () => (await api.endSession(s.id), load()))}>
                {t('endSession')}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Said said={said} />
    </Panel>
  );
}
