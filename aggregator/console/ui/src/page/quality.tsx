import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { QualityRow } from '../api';
import { exact, longDay } from '../format';
import { t } from '../i18n';
import { VerdictBadge, VerdictIcon } from '../parts/verdict';
import { Segmented } from '../parts/segmented';
import { lang } from '../prefs';
import { board, boardProblem, lines, span, spans, step, tally, verdicts, type Line } from '../quality';
import { placeName } from '../regions';
import { goQuality, qualityRoute } from '../route';
import { DayPanel } from './qualityday';
import { Loading, LostBanner } from './states';

/** How good the data of each province and day is. */
export function QualityPage() {
  const shown = board.value;
  const problem = boardProblem.value;
  const { province, day } = qualityRoute.value ?? { province: '', day: '' };
  const rows = shown?.answer.rows ?? [];
  const count = tally(rows);
  return (
    <main id="figures" tabIndex={-1} class="quality">
      <LostBanner />
      {problem && (
        <div class="banner banner-problem" role="alert">
          <div>
            <strong>{t('problemTitle')}</strong>
            <p>
              {problem.message} <code>{problem.code}</code>
            </p>
          </div>
        </div>
      )}
      {!shown && !problem && <Loading />}
      {shown && rows.length === 0 && (
        <div class="message message-inside" data-state="empty">
          <h2>{t('qualityNone')}</h2>
          <p>{t('qualityNoneBody')}</p>
        </div>
      )}
      {shown && rows.length > 0 && (
        <div class={province ? 'quality-both' : undefined}>
          <section class="panel panel-quality" aria-labelledby="quality-title">
            <header class="panel-head">
              <div class="panel-words">
                <h2 id="quality-title">{t('qualityGrid')}</h2>
                <p class="panel-note">{t('qualityHint')}</p>
              </div>
              <Segmented<string>
                label={t('chooseDays')}
                value={String(span.value)}
                options={spans.map((n) => ({ value: String(n), text: t('lastDays', { days: n }) }))}
                onChoose={(n) => (span.value = Number(n))}
              />
            </header>
            <p class="tally">
              {verdicts.map((v) => (
                <VerdictBadge key={v} of={v} note={exact(count[v], lang.value)} />
              ))}
              {!province && <span class="quiet tally-hint">{t('qualityChoose')}</span>}
            </p>
            <Grid days={shown.days} lines={lines(rows, shown.days)} />
          </section>
          {province && <DayPanel key={province + day} province={province} day={day} />}
        </div>
      )}
    </main>
  );
}

/** Provinces down, days across. One cell is in the tab order; arrow keys move. */
function Grid({ days, lines: all }: { days: string[]; lines: Line[] }) {
  const l = lang.value;
  const here = qualityRoute.value;
  const frame = useRef<HTMLDivElement>(null);
  const [focus, setFocus] = useState<[number, number]>([0, days.length - 1]);
  // the newest days are the ones that matter
  useEffect(() => {
    if (frame.current) frame.current.scrollLeft = frame.current.scrollWidth;
  }, [days.length]);

  // A new answer may put the rows in another order, and what is moved loses the
  // focus: whoever walks the grid stays in it.
  const inside = useRef(false);
  useLayoutEffect(() => {
    if (inside.current && document.activeElement === document.body) {
      frame.current?.querySelector<HTMLElement>(`[data-at="${focus[0]},${focus[1]}"]`)?.focus();
    }
  });
  useEffect(() => {
    const leave = (e: Event) => {
      if (!frame.current?.contains(e.target as Node)) inside.current = false;
    };
    document.addEventListener('pointerdown', leave);
    document.addEventListener('focusin', leave);
    return () => {
      document.removeEventListener('pointerdown', leave);
      document.removeEventListener('focusin', leave);
    };
  }, []);

  const move = (e: KeyboardEvent) => {
    const to = step(e.key, focus[0], focus[1], all.length, days.length);
    if (!to) return;
    e.preventDefault();
    setFocus(to);
    frame.current?.querySelector<HTMLElement>(`[data-at="${to[0]},${to[1]}"]`)?.focus();
  };
  const first = focus[0] < all.length && focus[1] < days.length ? focus : [0, days.length - 1];
  return (
    <div class="grid-frame" ref={frame} role="region" aria-label={`${t('qualityGrid')}. ${t('qualityKeys')}`}>
      <table class={`grid grid-${days.length > 31 ? 'long' : days.length > 14 ? 'month' : 'short'}`} onKeyDown={move}>
        <thead>
          <tr>
            <th scope="col">{t('region')}</th>
            {days.map((d, i) => (
              <th key={d} scope="col" title={longDay(d, l)} class={i > 0 && d.endsWith('-01') ? 'new-month' : undefined}>
                <span class="unseen">{longDay(d, l)}</span>
                <span aria-hidden="true">{dayLabel(d, i)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map((line, r) => (
            <tr key={line.code}>
              <th scope="row">
                <Province code={line.code} />
              </th>
              {line.cells.map((cell, c) => (
                <td key={days[c]}>
                  <Cell
                    row={cell}
                    province={line.code}
                    day={days[c]!}
                    at={`${r},${c}`}
                    tab={first[0] === r && first[1] === c}
                    chosen={here?.province === line.code && here.day === days[c]}
                    onFocus={() => {
                      inside.current = true;
                      setFocus([r, c]);
                    }}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// the month stands once, then at each first
function dayLabel(day: string, i: number): string {
  const [, month, date] = day.split('-').map(Number);
  return i === 0 || date === 1 ? `${month}/${date}` : String(date);
}

function Province({ code }: { code: string }) {
  const events = board.value?.answer.provinces.find((p) => p.code === code);
  const trouble = events && (events.verdict === 'bad' || events.verdict === 'attention') ? events : null;
  return (
    <span class="grid-province" title={trouble?.reasons.map((r) => r.text[lang.value]).join('\n')}>
      {placeName(code)}
      {trouble && (
        <>
          <VerdictIcon of={trouble.verdict} />
          <span class="unseen">{trouble.reasons.map((r) => r.text[lang.value]).join('; ')}</span>
        </>
      )}
    </span>
  );
}

interface CellProps {
  row: QualityRow | undefined;
  province: string;
  day: string;
  at: string;
  tab: boolean;
  chosen: boolean;
  onFocus: () => void;
}

function Cell({ row, province, day, at, tab, chosen, onFocus }: CellProps) {
  const l = lang.value;
  const verdict = row?.verdict ?? 'none';
  const reasons = row?.reasons.map((r) => r.text[l]) ?? [];
  const name = t('qualityCell', { place: placeName(province), day: longDay(day, l), verdict: t(`verdict_${verdict}`) });
  return (
    <button
      type="button"
      class={`cell cell-${verdict}`}
      data-at={at}
      data-cell={`${province}/${day}`}
      data-verdict={verdict}
      tabIndex={tab ? 0 : -1}
      aria-label={[name, ...reasons].join('; ')}
      aria-pressed={chosen}
      title={[name, ...reasons].join('\n')}
      onFocus={onFocus}
      onClick={() => goQuality(chosen ? {} : { province, day })}
    >
      <VerdictIcon of={verdict} />
      <span class="cell-word">{t(`verdict_${verdict}`)}</span>
    </button>
  );
}
