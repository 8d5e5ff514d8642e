// A board as a stranger sees it, who came by a share link or in another's page: no menu,
// nothing to turn, and every answer asked for with a ticket.

import { signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { ApiError, call, send, type Catalogue } from '../api';
import { link, me, names } from '../live';
import { Watermark } from '../page/marks';
import { applyPrefs, lang, theme } from '../prefs';
import { answerBy, strange, turn } from './asking';
import { refusal, t } from './doorwords';
import { periodText, whereText } from './filters';
import { say, under, type Board, type Filters, type Widget, type WidgetAnswer } from './model';
import { picturesBy } from './pictures';
import { Grid, Tabs } from './view';

interface Opened {
  ticket: string;
  board: Board;
  filters: Filters;
  catalogue: Catalogue;
  mark: string;
}

/** What is shown; null: not yet. */
const opened = signal<Opened | null>(null);
const refused = signal<ApiError | null>(null);

// after these nothing of the board may stand any longer
const final = ['link_revoked', 'link_expired', 'link_dead', 'links_forbidden', 'bad_ticket'];
const everyMs = 60_000;

/** What opens the door, as the address has it. */
function key(password: string): { link?: string; password?: string; embed?: string } {
  const token = new URLSearchParams(location.search).get('token');
  if (location.pathname === '/embed') return { embed: token ?? '-' };
  const text = decodeURIComponent(location.pathname.slice('/s/'.length)) || '-';
  return password ? { link: text, password } : { link: text };
}

async function open(password = ''): Promise<void> {
  try {
    const o = await send<Opened>('POST', '/api/v1/shared/open', key(password));
    names.value = o.catalogue;
    me.value = { name: '', display: '', language: '', department: '', roles: [], powers: [], holds: [], needs: '', by: '', person: false, password: false, totp: false, mark: o.mark };
    refused.value = null;
    opened.value = o;
  } catch (cause) {
    refused.value = cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause));
  }
}

async function answer(widget: Widget, _filters: Filters, stop: AbortSignal): Promise<WidgetAnswer> {
  const o = opened.peek();
  const tab = o?.board.tabs.find((one) => one.widgets.some((w) => w.id === widget.id));
  try {
    return await call<WidgetAnswer>('/api/v1/shared/answer', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Ticket ${o?.ticket ?? ''}` },
      body: JSON.stringify({ tab: tab?.id ?? '', widget: widget.id }),
      signal: stop,
    });
  } catch (cause) {
    if (cause instanceof ApiError && final.includes(cause.code)) {
      opened.value = null;
      refused.value = cause;
    }
    if (cause instanceof ApiError && cause.code === 'not_shared') throw new ApiError(cause.status, cause.code, t('not_shared'));
    throw cause;
  }
}

function Page() {
  const o = opened.value;
  const no = refused.value;
  if (o) return <Shown o={o} />;
  if (no?.code === 'link_needs_password' || no?.code === 'link_password_refused' || no?.code === 'too_many_tries') return <Password no={no} />;
  if (!no) return <p class="message" role="status">{t('opening')}</p>;
  return (
    <main class="message" id="figures" data-refused={no.code}>
      <h1>{t('shared')}</h1>
      <p role="alert">{refusal(no.code, no.message)}</p>
      {no.status === 0 && (
        <button type="button" class="button" onClick={() => void open()}>
          {t('again')}
        </button>
      )}
    </main>
  );
}

function Password({ no }: { no: ApiError }) {
  const [busy, setBusy] = useState(false);
  return (
    <main class="message" id="figures" data-refused={no.code}>
      <h1>{t('passwordTitle')}</h1>
      <form
        class="signin"
        onSubmit={(e) => {
          e.preventDefault();
          setBusy(true);
          void open(String(new FormData(e.currentTarget).get('password'))).then(() => setBusy(false));
        }}
      >
        <label>
          <span>{t('password')}</span>
          <input name="password" type="password" autocomplete="off" required maxLength={200} autoFocus />
        </label>
        <p class={no.code === 'link_needs_password' ? 'quiet' : 'signin-problem'} role={no.code === 'link_needs_password' ? undefined : 'alert'}>
          {refusal(no.code, no.message)}
        </p>
        <button type="submit" class="button button-main" disabled={busy}>
          {t('open')}
        </button>
      </form>
    </main>
  );
}

function Shown({ o }: { o: Opened }) {
  const { board } = o;
  const [at, setAt] = useState(board.tabs[0]!.id);
  const tab = board.tabs.find((one) => one.id === at) ?? board.tabs[0]!;
  const all = under(under(board.filters, tab.filters), o.filters);
  const title = say(board.title, lang.value);
  const fixed = [...(all.period ? [periodText(all.period)] : []), ...(all.where ?? []).map(whereText)].join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
  // a page on a wall goes on for days; unseen ones ask nothing
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) turn.value++;
    }, everyMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <main id="figures" tabIndex={-1} class="board board-shared">
      <div class="board-head">
        <h1>{title}</h1>
        <Tabs board={board} current={tab} onChoose={setAt} />
        {fixed && <p class="quiet">{t('fixed', { filters: fixed })}</p>}
      </div>
      <Grid tab={tab} filters={all} board={board} pick={() => undefined} />
      <Watermark />
    </main>
  );
}

/** Shows what the address opens; the whole page is this. */
export function startReader(): void {
  const asked = new URLSearchParams(location.search);
  const [l, look] = [asked.get('lang'), asked.get('theme')];
  if (l === 'zh' || l === 'en') lang.value = l;
  if (look === 'light' || look === 'dark') theme.value = look;
  applyPrefs();
  strange.value = true;
  answerBy(answer);
  picturesBy((picture) => fetch(`/api/v1/shared/pictures/${encodeURIComponent(picture)}`, { headers: { Authorization: `Ticket ${opened.peek()?.ticket ?? ''}` } }));
  link.value = 'live';
  void open();
  render(<Page />, document.getElementById('page')!);
}
