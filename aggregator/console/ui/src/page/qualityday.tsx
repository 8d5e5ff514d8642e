import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import * as api from '../api';
import { ApiError, type Balance, type DayEvents, type FeedDay, type FeedFault, type FeedFile, type QualityRow, type Reason } from '../api';
import { exact, figure, longDay } from '../format';
import { isWord, t } from '../i18n';
import { VerdictBadge, VerdictIcon } from '../parts/verdict';
import { lang } from '../prefs';
import { board } from '../quality';
import { placeName } from '../regions';
import { goQuality, qualityRoute } from '../route';

const mostFiles = 100;
const mostFaults = 100;

/** One province's day: why it was judged so, its files, its accounts, what is unknown. */
export function DayPanel({ province, day }: { province: string; day: string }) {
  const row = board.value?.answer.rows.find((r) => r.province === province && r.day === day);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    const top = heading.current?.getBoundingClientRect().top ?? 0;
    if (top > innerHeight * 0.7 || top < 0) heading.current?.scrollIntoView({ block: 'start' });
  }, []);
  return (
    <section class="panel panel-day-quality" aria-labelledby="quality-day" data-day={`${province}/${day}`}>
      <header class="panel-head">
        <div class="panel-words">
          <h2 id="quality-day" tabIndex={-1} ref={heading}>
            {placeName(province)}
          </h2>
          <p class="panel-note">{longDay(day, lang.value)}</p>
        </div>
        {row && <VerdictBadge of={row.verdict} />}
        <button type="button" class="button" onClick={() => goQuality()}>
          {t('close')}
        </button>
      </header>
      {row ? <Day row={row} /> : <p class="quiet">{t('qualityGone')}</p>}
    </section>
  );
}

function Day({ row }: { row: QualityRow }) {
  const events = board.value?.answer.provinces.find((p) => p.code === row.province);
  const l = lang.value;
  const percent = (v: number | null) => figure(v, 'percent', l);
  return (
    <>
      <Part title={t('why')}>
        {row.reasons.length > 0 ? (
          <Reasons of={row.reasons} />
        ) : (
          <p>{row.verdict === 'none' ? t('nothingYet') : t('allGood')}</p>
        )}
      </Part>
      {row.feeds.length > 0 && (
        <Part title={t('files')}>
          <Feeds feeds={row.feeds} />
          <Files province={row.province} day={row.day} />
        </Part>
      )}
      <Part title={t('balance')}>
        <Equation of={row.balance} />
      </Part>
      <Part title={t('share')}>
        <dl class="facts">
          <Fact name={t('untoldChanges')} value={row.untold === null ? figure(null, 'count', l) : exact(row.untold, l)} />
          <Fact name={t('boxCoverage')} value={percent(row.box_coverage)} />
          <Fact name={t('genreUnknown')} value={percent(row.genre_unknown)} />
          <Fact name={t('placeUnknown')} value={percent(row.place_unknown)} />
        </dl>
      </Part>
      <Part title={t('dayEvents')}>
        <Told of={row.events} />
      </Part>
      {events && (
        <Part title={t('boxEvents')}>
          <dl class="facts">
            <Fact name={t('eventsReceived')} value={exact(events.received, l)} />
            <Fact name={t('eventsLost')} value={exact(events.lost, l)} />
            <Fact name={t('eventsQuarantined')} value={exact(events.quarantined, l)} />
          </dl>
          <Reasons of={events.reasons} />
        </Part>
      )}
    </>
  );
}

/** How the day's events are timed, and what is missing beside them. */
function Told({ of: e }: { of: DayEvents }) {
  const l = lang.value;
  if (!e.told) return <p class="quiet">{t('eventsUntold')}</p>;
  const percent = (v: number | null) => figure(v, 'percent', l);
  const placed = e.clock_synced === null || e.clock_unsynced === null ? null : Math.max(0, 100 - e.clock_synced - e.clock_unsynced);
  return (
    <dl class="facts" data-events={e.events}>
      <Fact name={t('eventsOfDay')} value={exact(e.events, l)} />
      <Fact name={t('eventsLost')} value={e.lost > 0 ? `${exact(e.lost, l)} (${percent(e.loss_rate)})` : exact(0, l)} bad={e.lost > 0} />
      <Fact name={t('clockSynced')} value={percent(e.clock_synced)} />
      <Fact name={t('clockPlaced')} value={percent(placed)} />
      <Fact name={t('clockUnsynced')} value={percent(e.clock_unsynced)} bad={(e.clock_unsynced ?? 0) >= 1} />
      <Fact name={t('repeatedBatches')} value={exact(e.repeated_batches, l)} />
    </dl>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="part">
      <h3>{title}</h3>
      {children}
    </div>
  );
}

function Fact({ name, value, bad }: { name: string; value: string; bad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={bad ? 'is-warn' : undefined}>{value}</dd>
    </div>
  );
}

function Reasons({ of }: { of: readonly Reason[] }) {
  return (
    <ul class="reasons">
      {of.map((r) => (
        <li key={r.code + r.feed} data-reason={r.code}>
          <VerdictIcon of={r.verdict} />
          <span class="unseen">{t(`verdict_${r.verdict}`)}: </span>
          {r.text[lang.value]}
        </li>
      ))}
    </ul>
  );
}

function Feeds({ feeds }: { feeds: FeedDay[] }) {
  const l = lang.value;
  return (
    <div class="table-frame" role="region" aria-label={t('files')} tabIndex={0}>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{t('feed')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col" class="numeric">
              {t('files')}
            </th>
            <th scope="col" class="numeric">
              {t('records')}
            </th>
            <th scope="col" class="numeric">
              {t('rejected')}
            </th>
            <th scope="col">{t('dueAt')}</th>
            <th scope="col">{t('received')}</th>
          </tr>
        </thead>
        <tbody>
          {feeds.map((f) => (
            <tr key={f.feed} data-feed={f.feed} data-state={f.state}>
              <th scope="row">{word('feed', f.feed)}</th>
              <td class={f.state === 'missing' ? 'is-bad' : f.state === 'late' ? 'is-warn' : undefined}>
                {f.lacking > 0 && f.refused >= f.lacking ? t('outcome_refused') : word('state', f.state)}
              </td>
              <td class="numeric">{f.due > 0 ? `${f.files - f.refused} / ${f.due}` : f.files}</td>
              <td class="numeric">{f.files > 0 ? exact(f.records, l) : '–'}</td>
              <td class={`numeric ${f.rejected > 0 ? 'is-warn' : ''}`}>{f.files > 0 ? exact(f.rejected, l) : '–'}</td>
              <td title={clock(f.due_at)}>{f.due_at ? f.due_at.slice(11, 16) : '–'}</td>
              <td>{clock(f.received)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// the parts that come in, and those that go out
const into = ['opening', 'new', 'resumed', 'moved_in'] as const;
const out = ['suspended', 'cancelled', 'moved_out'] as const;

/** The equation as it adds up: what was, what came, what went, what is. */
function Equation({ of: b }: { of: Balance }) {
  const l = lang.value;
  if (!b.told) return <p class="quiet">{t('balanceUntold')}</p>;
  return (
    <>
      <dl class="equation">
        <Term name={t('part_before')} value={exact(b.before, l)} />
        {into.map((k) => b[k] !== 0 && <Term key={k} sign="+" name={t(`part_${k}`)} value={exact(b[k], l)} />)}
        {out.map((k) => b[k] !== 0 && <Term key={k} sign="−" name={t(`part_${k}`)} value={exact(b[k], l)} />)}
        <Term sign={b.error === 0 ? '=' : '≠'} name={t('part_after')} value={exact(b.after, l)} />
      </dl>
      <p class="equation-says" data-balance={b.error}>
        <VerdictIcon of={b.error === 0 ? 'good' : 'bad'} />
        {b.error === 0 ? t('balanceOK') : t('balanceError', { n: exact(b.error, l) })}
      </p>
    </>
  );
}

function Term({ sign, name, value }: { sign?: string; name: string; value: string }) {
  return (
    <div>
      <dt>
        {sign && <span class="term-sign">{sign} </span>}
        {name}
      </dt>
      <dd>{value}</dd>
    </div>
  );
}

/** What a question has brought so far. */
type Asked<T> = { state: 'asking' } | { state: 'failed'; error: ApiError } | { state: 'here'; answer: T };

/** Asks once, again when the key changes. */
function useAsked<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ state: 'asking' });
  useEffect(() => {
    const stop = new AbortController();
    setAsked({ state: 'asking' });
    ask(stop.signal).then(
      (answer) => {
        if (!stop.signal.aborted) setAsked({ state: 'here', answer });
      },
      (cause: unknown) => {
        if (stop.signal.aborted || api.isAbort(cause)) return;
        setAsked({ state: 'failed', error: cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause)) });
      },
    );
    return () => stop.abort();
  }, [key]);
  return asked;
}

/** The day's files; one opens into what was wrong with it. */
function Files({ province, day }: { province: string; day: string }) {
  const asked = useAsked(province + day, (signal) => api.feedFiles(province, day, mostFiles, signal));
  if (asked.state === 'asking') return <p class="quiet">{t('loading')}</p>;
  if (asked.state === 'failed') return <p class="is-bad">{asked.error.message}</p>;
  const { files, more } = asked.answer;
  const open = qualityRoute.value?.file ?? '';
  if (files.length === 0) return <p class="quiet">{t('noFiles')}</p>;
  return (
    <>
      <h4 class="files-title">{t('filesOf')}</h4>
      <ul class="files">
        {files.map((f) => (
          <li key={f.id}>
            <button
              type="button"
              class="file"
              data-file={f.name}
              aria-expanded={f.id === open}
              onClick={() => goQuality({ province, day, file: f.id === open ? '' : f.id })}
            >
              <VerdictIcon of={outcomeVerdict(f.outcome)} />
              <span class="file-name">{f.name}</span>
              <span class="file-outcome">
                {word('outcome', f.outcome)}
                {f.why && ` · ${word('fault', f.why)}`}
              </span>
              <span class="file-time">{clock(f.received)}</span>
            </button>
            {f.id === open && <Faults of={f} />}
          </li>
        ))}
      </ul>
      {more && <p class="quiet">{t('moreFiles', { n: mostFiles })}</p>}
    </>
  );
}

function outcomeVerdict(outcome: string): 'good' | 'attention' | 'bad' {
  if (outcome === 'refused') return 'bad';
  return outcome === 'partly' || outcome === 'waiting' ? 'attention' : 'good';
}

/** What was wrong with a file, line by line for administrators, else counted. */
function Faults({ of: f }: { of: FeedFile }) {
  const l = lang.value;
  const asked = useAsked(f.id, (signal) => api.feedFaults(f.id, mostFaults, signal));
  return (
    <div class="faults" data-faults={asked.state}>
      <p>
        {t('fileCounts', {
          records: exact(f.records, l),
          accepted: exact(f.accepted, l),
          rejected: exact(f.rejected, l),
          repeated: exact(f.repeated, l),
        })}
      </p>
      {asked.state === 'asking' && <p class="quiet">{t('loading')}</p>}
      {asked.state === 'failed' && asked.error.status === 403 && <Counts of={f} />}
      {asked.state === 'failed' && asked.error.status !== 403 && <p class="is-bad">{asked.error.message}</p>}
      {asked.state === 'here' && <Lines faults={asked.answer.faults} more={asked.answer.more} />}
    </div>
  );
}

function Counts({ of: f }: { of: FeedFile }) {
  const codes = Object.entries(f.counts).sort((a, b) => b[1] - a[1]);
  return (
    <>
      <p class="quiet">{t('faultsAdmin')}</p>
      <dl class="facts">
        {codes.map(([code, n]) => (
          <Fact key={code} name={word('fault', code)} value={exact(n, lang.value)} />
        ))}
      </dl>
    </>
  );
}

function Lines({ faults, more }: { faults: FeedFault[]; more: boolean }) {
  if (faults.length === 0) return <p class="quiet">{t('noFaults')}</p>;
  return (
    <>
      <ol class="fault-lines" aria-label={t('faultsOf')}>
        {faults.map((x, i) => (
          <li key={i} data-line={x.line} data-code={x.code}>
            <span class="fault-where">{x.line > 0 ? `${t('line')} ${exact(x.line, lang.value)}` : t('wholeFile')}</span>
            {x.field && <code class="fault-field">{x.field}</code>}
            <strong title={x.text}>{word('fault', x.code)}</strong>
            {x.raw && <code class="fault-raw">{x.raw}</code>}
          </li>
        ))}
      </ol>
      {more && <p class="quiet">{t('moreFaults', { n: mostFaults })}</p>}
    </>
  );
}

/** A word of the API in the reader's language; as it is if the page has none. */
function word(group: string, key: string): string {
  const name = `${group}_${key}`;
  return isWord(name) ? t(name) : key || '–';
}

/** 11-22 06:30; – for none. */
function clock(time: string | null): string {
  return time ? `${time.slice(5, 10)} ${time.slice(11, 16)}` : '–';
}
