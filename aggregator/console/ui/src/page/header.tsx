import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { exact, longDay } from '../format';
import type { Lang } from '../api';
import { t } from '../i18n';
import { asOf, health, holds, link, may, me } from '../live';
import { chooseLang, chooseTheme, lang, theme, type Theme } from '../prefs';
import { Segmented } from '../parts/segmented';
import { boardsRoute, format, insightRoute, peopleRoute, qualityRoute, route } from '../route';

const linkWords = { connecting: 'linkConnecting', live: 'linkLive', lost: 'linkLost', signedout: 'linkSignedOut' } as const;

/** Name of the house, where the reader is, state of the connection, and the reader's choices. */
export function Header({ heading, views }: { heading: ComponentChildren; views: boolean }) {
  const state = link.value;
  const moment = asOf.value;
  return (
    <header class="bar">
      <a class="skip" href="#figures" onClick={skip}>
        {t('skip')}
      </a>
      <div class="brand">
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
          <rect class="mark-back" width="32" height="32" rx="7" />
          <path class="mark-line" d="M6 20h4l3-9 5 13 3-8 2 4h3" />
        </svg>
        <div>
          <p class="brand-line">
            {t('brand')}
            {moment && <span class="date">{longDay(moment.day, lang.value)}</span>}
          </p>
          {heading}
        </div>
      </div>
      {views && <Views />}
      {views && me.value && (
        <a class="who" href="#/account" aria-current={peopleRoute.value === 'account' ? 'page' : undefined} title={t('account')}>
          <span class="unseen">{t('account')}: </span>
          {me.value.display || me.value.name}
        </a>
      )}
      <div class={`link link-${state}`}>
        <span class="link-dot" aria-hidden="true" />
        <span role="status" data-link={state}>
          {t(linkWords[state])}
        </span>
        {moment && state !== 'signedout' && (
          <time class="as-of" dateTime={`${moment.day}T${moment.clock}+08:00`} title={`${moment.day} ${moment.clock} Asia/Shanghai`}>
            {t('asOf', { time: moment.clock })}
          </time>
        )}
      </div>
      <div class="choices">
        <Segmented<Lang>
          class="choose-lang"
          label={t('language')}
          value={lang.value}
          options={[
            { value: 'zh', text: <span lang="zh-CN">中文</span> },
            { value: 'en', text: <span lang="en">EN</span> },
          ]}
          onChoose={chooseLang}
        />
        <Segmented<Theme>
          class="choose-theme"
          label={t('theme')}
          value={theme.value}
          options={[
            { value: 'auto', text: <Icon of="auto" />, label: t('themeAuto') },
            { value: 'light', text: <Icon of="light" />, label: t('themeLight') },
            { value: 'dark', text: <Icon of="dark" />, label: t('themeDark') },
          ]}
          onChoose={chooseTheme}
        />
      </div>
    </header>
  );
}

/** The pages there are. */
function Views() {
  const at = peopleRoute.value;
  const here = qualityRoute.value ? 'quality' : insightRoute.value ? 'insights' : boardsRoute.value !== null ? 'boards' : at === null ? '' : at.startsWith('data') ? 'data' : at.startsWith('boxes') ? 'boxes' : at === 'account' ? at : 'people';
  const strip = useRef<HTMLElement>(null);
  useEffect(() => {
    // on a phone they scroll sideways: the one of here is to be seen
    strip.current!.scrollLeft = (strip.current!.querySelector<HTMLElement>('[aria-current]')?.offsetLeft ?? 0) - 60;
  }, [here, me.value]);
  const page = (to: string, text: string) => (
    <a href={to ? `#/${to}` : format(route.value)} aria-current={here === to ? 'page' : undefined}>
      {text}
    </a>
  );
  return (
    <nav class="views" aria-label={t('pages')} ref={strip}>
      {page('', t('pageNow'))}
      {may('see_boards') && page('boards', t('boards'))}
      {page('insights', t('insights'))}
      {page('quality', t('health'))}
      {may('make_sources') && page('data', t('data'))}
      {holds('accounts') && page('boxes', t('boxes'))}
      {may('people') && me.value && page('people', t('people'))}
    </nav>
  );
}

// the address holds the place shown, so a plain anchor would leave it
function skip(e: Event): void {
  e.preventDefault();
  const main = document.getElementById('figures');
  main?.focus();
  main?.scrollIntoView();
}

function Icon({ of }: { of: Theme }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      {of === 'auto' && (
        <>
          <rect x="1.75" y="2.75" width="12.5" height="8.5" rx="1.25" />
          <path d="M5.5 13.75h5" />
        </>
      )}
      {of === 'light' && (
        <>
          <circle cx="8" cy="8" r="3" />
          <path d="M8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1" />
        </>
      )}
      {of === 'dark' && <path d="M13.2 9.6A5.7 5.7 0 0 1 6.4 2.8a5.7 5.7 0 1 0 6.8 6.8z" />}
    </svg>
  );
}

/** How good the data is: what arrived, what is known to be missing. */
export function Footer({ completeness }: { completeness: string }) {
  const h = health.value;
  if (!h?.open) return null;
  const l = lang.value;
  const facts: [string, string, boolean?][] = [
    [t('completeness'), completeness],
    [t('boxesKnown'), exact(h.boxes, l)],
    [t('eventsReceived'), exact(h.received_events, l)],
    [t('backlog'), exact(h.backlog_events, l)],
    [t('eventsLost'), exact(h.lost_events, l), h.lost_events > 0],
    [t('eventsQuarantined'), exact(h.quarantined_events, l), h.quarantined_events > 0],
    [t('version'), h.version || 'dev'],
  ];
  return (
    <footer class="health" aria-label={t('health')}>
      <dl>
        {facts.map(([name, value, warn]) => (
          <div key={name} class={warn ? 'warn' : undefined}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </footer>
  );
}
