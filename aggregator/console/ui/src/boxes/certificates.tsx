import { useEffect, useState } from 'preact/hooks';

import { may } from '../live';
import { Panel } from '../parts/panel';
import { Segmented } from '../parts/segmented';
import { placeName } from '../regions';
import * as api from './api';
import { clock } from '../calendar';
import { Said, useDoing } from '../parts/doing';
import { State, Sure } from './doing';
import { signWord, t } from './words';

// a certificate that ends sooner is worth a look: a box that works has renewed it long before
const soonDays = 30;

/** Credentials of images, boxes with a certificate, and what was refused. */
export function CertificatesPage() {
  return (
    <div class="box-page">
      <HoldersPanel />
      <div class="box-side">
        <CredentialsPanel />
        {may('administer') && <RefusalsPanel />}
      </div>
    </div>
  );
}

function HoldersPanel() {
  const [found, setFound] = useState<{ boxes: api.Box[]; more: boolean } | null>(null);
  const [search, setSearch] = useState('');
  const [state, setState] = useState<api.State>('');
  const { said, busy, run } = useDoing();
  const load = async () => setFound(await api.boxes(search, state));
  useEffect(() => void run(load), [search, state]);
  const act = (doing: () => Promise<unknown>, said: string) =>
    void run(async () => {
      await doing();
      await load();
      return said;
    });
  return (
    <Panel id="holders" title={t('boxesTitle')} label={t('boxesTitle')}>
      <form
        class="people-form people-row"
        role="search"
        onSubmit={(e) => {
          e.preventDefault();
          setSearch(String(new FormData(e.currentTarget).get('search') ?? '').trim());
        }}
      >
        <label>
          <span>{t('search')}</span>
          <input name="search" type="search" maxLength={64} autocomplete="off" autocapitalize="none" />
        </label>
        <button type="submit" class="button" data-do="find" disabled={busy}>
          {t('find')}
        </button>
      </form>
      <Segmented<api.State> label={t('show')} value={state} options={api.states.map((s) => ({ value: s, text: t(`state_${s}`) }))} onChoose={setState} />
      <Said said={said} />
      {found?.boxes.length === 0 && <p class="quiet">{t('noBoxes')}</p>}
      <ul class="box-list">
        {found?.boxes.map((b) => (
          <Holder key={b.box} of={b} busy={busy} act={act} />
        ))}
      </ul>
      {found?.more && <p class="quiet">{t('more')}</p>}
    </Panel>
  );
}

interface HolderProps {
  of: api.Box;
  busy: boolean;
  act: (doing: () => Promise<unknown>, said: string) => void;
}

function Holder({ of, busy, act }: HolderProps) {
  const box = of.serial || of.box;
  return (
    <li data-box={of.box} data-revoked={of.revoked !== null}>
      <p class="box-head">
        <strong>{of.serial || t('noSerial')}</strong>
        <code>{of.box}</code>
        <span>{of.province ? placeName(of.province) : t('unknownProvince')}</span>
        <Life of={of} />
      </p>
      <p class="quiet">
        {[t('claimed', { time: clock(of.claimed) }), of.claim, of.renewing && t('renewing'), of.allowed && t('allowedNow')].filter(Boolean).join(' · ')}
      </p>
      {of.revoked && <p class="box-why">{[t('revokedAt', { time: clock(of.revoked) }), of.why].filter(Boolean).join(' · ')}</p>}
      {of.signs.length > 0 && (
        <ul class="box-signs" aria-label={t('clone')}>
          {of.signs.map((s) => (
            <li key={s.sign} data-sign={s.sign}>
              <State kind="warn">
                {t('clone')}: {signWord(s.sign)}
              </State>{' '}
              {t('times', { n: s.times })} · {t('last', { time: clock(s.last) })}
              <span class="box-detail">{s.detail}</span>
            </li>
          ))}
        </ul>
      )}
      {may('administer') && (
        <div class="box-acts">
          {!of.revoked && (
            <Sure name="revoke" text={t('revoke')} question={t('revokeSure', { box })} yes={t('revokeYes')} why={t('revokeHint')} disabled={busy} onYes={(why) => act(() => api.revoke(of.box, why), t('revoked', { box }))} />
          )}
          {!of.allowed && (of.revoked || of.signs.length > 0) && (
            <Sure name="allow" text={t('allow')} question={t('allowSure', { box })} yes={t('allowYes')} disabled={busy} onYes={() => act(() => api.allow(of.box), t('allowed', { box }))} />
          )}
        </div>
      )}
    </li>
  );
}

/** How long a certificate lives yet. */
function Life({ of }: { of: api.Box }) {
  if (of.revoked) return <State kind="bad">{t('state_revoked')}</State>;
  if (!of.until) return <State kind="plain">{t('noCertificate')}</State>;
  const text = of.days < 0 ? t('ended', { n: -of.days }) : of.days === 0 ? t('today') : t('days', { n: of.days });
  return (
    <State kind={of.days < 0 ? 'bad' : of.days < soonDays ? 'warn' : 'good'}>
      <time dateTime={of.until} title={clock(of.until)}>
        {text}
      </time>
    </State>
  );
}

function CredentialsPanel() {
  const [all, setAll] = useState<api.Credential[] | null>(null);
  const { said, run } = useDoing();
  useEffect(() => void run(async () => setAll((await api.credentials()).credentials)), []);
  return (
    <Panel id="credentials" title={t('credentials')} label={t('credentials')} note={t('credentialsHint')}>
      <Said said={said} />
      {all?.length === 0 && <p class="quiet">{t('noCredentials')}</p>}
      <ul class="box-list">
        {all?.map((k) => (
          <li key={k.id} data-credential={k.id}>
            <p class="box-head">
              <strong>{k.name || k.id}</strong>
              {k.name && <code>{k.id}</code>}
              <span>{k.province ? placeName(k.province) : t('anyProvince')}</span>
              {k.revoked ? <State kind="bad">{t('revokedClaim')}</State> : k.expires && Date.parse(k.expires) <= Date.now() ? <State kind="plain">{t('expired')}</State> : null}
            </p>
            <p>
              {t('used', { n: k.used })} · {k.left === null ? t('leftAny') : t('left', { n: k.left })}
              <span class="quiet"> · {[k.listed >= 0 && t('listed', { n: k.listed }), k.expires ? t('expires', { time: clock(k.expires) }) : t('never')].filter(Boolean).join(' · ')}</span>
            </p>
            {k.left !== null && <progress class="box-progress" max={Math.max(1, k.used + k.left)} value={k.used} aria-label={`${k.name || k.id}: ${t('used', { n: k.used })}, ${t('left', { n: k.left })}`} />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function RefusalsPanel() {
  const [all, setAll] = useState<api.Refusal[] | null>(null);
  const { said, run } = useDoing();
  useEffect(() => void run(async () => setAll((await api.trouble()).refusals)), []);
  return (
    <Panel id="refusals" title={t('refusals')} label={t('refusals')} note={t('refusalsHint')}>
      <Said said={said} />
      {all?.length === 0 && <p class="quiet">{t('noRefusals')}</p>}
      <ul class="box-list">
        {all?.map((f) => (
          <li key={`${f.box} ${f.serial} ${f.claim} ${f.reason}`} data-refusal={f.reason}>
            <p class="box-head">
              <strong>{f.serial || f.box}</strong>
              <code>{f.box}</code>
              <State kind="plain">{signWord(f.reason)}</State>
            </p>
            <p class="box-detail">{f.detail}</p>
            <p class="quiet">{[t('times', { n: f.times }), t('last', { time: clock(f.last) }), f.from && t('from', { place: f.from })].filter(Boolean).join(' · ')}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
