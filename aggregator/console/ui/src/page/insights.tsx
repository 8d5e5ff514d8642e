import type { ComponentChildren } from 'preact';

import type { Anomalies, Movers, Offer, Positions, Poster, Posters, Taste } from '../api';
import { ApiError } from '../api';
import { exact, figure, longDay, missing } from '../format';
import { isWord, t } from '../i18n';
import { bars, days, span, spans, useInsight, within, yesterday } from '../insights';
import { health, names } from '../live';
import { Segmented } from '../parts/segmented';
import { lang } from '../prefs';
import { indicator, placeName } from '../regions';
import { goInsight, insightRoute, sections, type InsightRoute, type Section } from '../route';
import { useState } from 'preact/hooks';
import { AlertsPanel } from './alerts';
import { Leaving } from './leaving';
import { ProductsSection } from './products';
import { LostBanner } from './states';

/** What figures mean, in words: changes, posters, taste, what is unusual, who may leave. */
export function InsightsPage() {
  const here = insightRoute.value!;
  const last = yesterday();
  return (
    <main id="figures" tabIndex={-1} class="insights">
      <LostBanner />
      <div class="insight-bar">
        <Segmented<Section>
          class="choose-section"
          label={t('chooseSection')}
          value={here.section}
          options={sections.map((s) => ({ value: s, text: t(`section_${s}`) }))}
          onChoose={(section) => goInsight({ section })}
        />
        <label class="pick">
          <span>{t('choosePlace')}</span>
          <select data-pick="place" value={here.place} onChange={(e) => goInsight({ place: e.currentTarget.value })}>
            <option value="">{t('allProvinces')}</option>
            {(health.value?.provinces ?? []).map((p) => (
              <option key={p.code} value={p.code}>
                {placeName(p.code)}
              </option>
            ))}
          </select>
        </label>
        {here.section !== 'unusual' && here.section !== 'leaving' && (
          <Segmented<string>
            label={t('chooseSpan')}
            value={String(span.value)}
            options={spans.map((n) => ({ value: String(n), text: t('lastDays', { days: n }) }))}
            onChoose={(n) => (span.value = Number(n))}
          />
        )}
        <span class="quiet up-to">{t('upTo', { day: longDay(last, lang.value) })}</span>
      </div>
      {here.section === 'changed' && <Changed here={here} last={last} />}
      {here.section === 'posters' && <PostersSection here={here} last={last} />}
      {here.section === 'taste' && <TasteSection here={here} last={last} />}
      {here.section === 'products' && <ProductsSection place={here.place} last={last} />}
      {here.section === 'unusual' && <Unusual here={here} last={last} />}
      {here.section === 'leaving' && <Leaving place={here.place} last={last} />}
    </main>
  );
}

interface SectionProps {
  here: InsightRoute;
  last: string;
}

interface BoxProps {
  id: string;
  title: string;
  hint: string;
  /** What the answer says in a sentence. */
  says?: string | undefined;
  problem?: ApiError | null;
  waiting?: boolean;
  choice?: ComponentChildren;
  children?: ComponentChildren;
}

/** A panel with a question, a sentence that answers it, and what it is made of. */
export function Box({ id, title, hint, says, problem, waiting, choice, children }: BoxProps) {
  return (
    <section class={`panel insight insight-${id}`} aria-labelledby={`insight-${id}`} data-insight={id} aria-busy={waiting}>
      <header class="panel-head">
        <div class="panel-words">
          <h2 id={`insight-${id}`}>{title}</h2>
          <p class="panel-note">{hint}</p>
        </div>
        {choice}
      </header>
      {problem && (
        <p class="insight-problem" role="alert">
          {problem.message} <code>{problem.code}</code>
        </p>
      )}
      {waiting && !problem && (
        <p class="quiet" role="status">
          {t('loading')}…
        </p>
      )}
      {says && <p class="insight-says">{says}</p>}
      {children}
    </section>
  );
}

function Changed({ here, last }: SectionProps) {
  const l = lang.value;
  const { answer, problem } = useInsight<Movers>(`movers?indicator=${here.indicator}&${days(last, span.value)}${within(here.place)}`);
  const all = (names.value?.indicators ?? []).filter((i) => i.dimensions.includes('province'));
  return (
    <Box
      id="changed"
      title={t('whatChanged')}
      hint={t('changeHint')}
      says={answer?.text[l]}
      problem={problem}
      waiting={!answer}
      choice={
        <label class="pick">
          <span>{t('chooseIndicator')}</span>
          <select data-pick="indicator" value={here.indicator} onChange={(e) => goInsight({ indicator: e.currentTarget.value })}>
            {all.map((i) => (
              <option key={i.id} value={i.id}>
                {i.title[l]}
              </option>
            ))}
          </select>
        </label>
      }
    >
      {answer && answer.change !== null && answer.sides.length === 0 && <p class="quiet">{t('noSides')}</p>}
      <div class="sides">{answer?.sides.map((side) => <SideTable key={side.dimension} side={side} unit={answer.unit} />)}</div>
    </Box>
  );
}

function SideTable({ side, unit }: { side: Movers['sides'][number]; unit: string }) {
  const l = lang.value;
  const ratio = unit === 'percent' || unit === 'ratio';
  const named = [
    ...side.movers.map((m) => ({ ...m, title: groupName(side.dimension, m.name[l]) })),
    ...(side.rest.change !== 0 ? [{ ...side.rest, title: t('restGroups') }] : []),
    ...(Math.abs(side.overlap.change) > 1e-9 ? [{ ...side.overlap, title: t('overlapGroups') }] : []),
  ];
  return (
    <section class="side" data-side={side.dimension}>
      <h3>{side.title[l]}</h3>
      {side.text[l] && <p class="side-says">{side.text[l]}</p>}
      <ul class="side-rows">
        {bars(named).map(({ mover, left, width }, n) => (
          <li key={n}>
            <span class="side-name" title={named[n]!.title}>
              {named[n]!.title}
            </span>
            <span class="side-bar" aria-hidden="true">
              <span class={mover.change < 0 ? 'down' : 'up'} ref={(e) => place(e, left, width)} />
            </span>
            <span class="side-change">
              {moved(mover.change, unit)}
              {ratio && (
                <small>
                  {t('ownChange')} {moved(mover.rate, unit)}, {t('mixChange')} {moved(mover.mix, unit)}
                </small>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

// texts of codes that the page has words for
function groupName(dimension: string, name: string): string {
  if (!name) return t('unknownRegion');
  const word = `${dimension}_${name}`;
  return isWord(word) ? t(word) : name;
}

// the page's policy forbids style attributes; the CSSOM is free
function place(e: HTMLElement | null, left: number, width: number): void {
  if (!e) return;
  e.style.left = `${left}%`;
  e.style.width = `${Math.max(width, 0.5)}%`;
}

function moved(value: number, unit: string): string {
  const sign = value > 0 ? '+' : value < 0 ? '−' : '±';
  const size = Math.abs(value);
  const text = unit === 'percent' ? exact(size, lang.value, size < 0.1 ? 3 : size < 1 ? 2 : 1) : figure(size, unit, lang.value, 'short');
  return (text === '0' ? '±' : sign) + text;
}

function PostersSection({ here, last }: SectionProps) {
  const l = lang.value;
  const [rate, setRate] = useState('ctr');
  const when = days(last, span.value) + within(here.place);
  const posters = useInsight<Posters>(`posters?rate=${rate}&${when}`);
  const positions = useInsight<Positions>(`positions?${when}`);
  const p = posters.answer;
  const q = positions.answer;
  return (
    <div class="insight-grid">
      <Box
        id="posters"
        title={t('whichPoster')}
        hint={t('posterHint')}
        says={p?.text[l]}
        problem={posters.problem}
        waiting={!p}
        choice={
          <Segmented<string>
            label={t('chooseRate')}
            value={rate}
            options={['ctr', 'click_to_play'].map((r) => ({ value: r, text: t(r === 'ctr' ? 'rate_ctr' : 'rate_click_to_play') }))}
            onChoose={setRate}
          />
        }
      >
        {p && p.rows.length > 0 && <Legend a={t('legendHere')} b={t('legendElsewhere')} />}
        <Findings rows={p?.rows} row={(row) => <PosterRow key={[row.place.code, row.page, row.area, row.slot, row.content].join('\n')} row={row} />} />
        {p && p.suppressed > 0 && <p class="quiet">{t('suppressedNote', { n: p.suppressed })}</p>}
      </Box>
      <div class="insight-column">
        <Box id="dead" title={t('deadSlots')} hint="" problem={positions.problem} waiting={!q}>
          {q && q.dead.length === 0 && <p class="quiet">{t('noDead')}</p>}
          <ul class="findings">
            {q?.dead.map((d) => (
              <li key={[d.page, d.area, d.slot].join('\n')} class="finding" data-finding="dead">
                <p>{d.text[l]}</p>
              </li>
            ))}
          </ul>
        </Box>
        <Box id="positions" title={t('byPosition')} hint={t('positionHint')} waiting={!q}>
          {q && q.normalised.length > 0 && (
            <div class="table-frame" role="region" aria-label={t('byPosition')} tabIndex={0}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">{t('content')}</th>
                    <th scope="col" class="numeric">
                      {t('index')}
                    </th>
                    <th scope="col" class="numeric">
                      {t('rate_ctr')}
                    </th>
                    <th scope="col" class="numeric">
                      {t('shownTimes')}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {q.normalised.map((n) => (
                    <tr key={n.content}>
                      <th scope="row">{n.content}</th>
                      <td class="numeric">
                        {exact(n.index, l, 2)} {n.sure && <small>{t('sureMark')}</small>}
                      </td>
                      <td class="numeric">{figure(n.rate, 'percent', l)}</td>
                      <td class="numeric">{figure(n.shown, 'count', l)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {q && q.normalised.length === 0 && <p class="quiet">{t('nothingFound')}</p>}
        </Box>
      </div>
    </div>
  );
}

function PosterRow({ row }: { row: Poster }) {
  return (
    <Finding verdict={row.verdict} text={row.text[lang.value]} tag={row.place.name[lang.value]}>
      <Pair a={row.rate} b={row.elsewhere} />
    </Finding>
  );
}

interface FindingProps {
  verdict: 'worse' | 'better' | 'more' | 'less' | 'hidden' | 'pushed';
  tag: string;
  text: string;
  children?: ComponentChildren;
}

// arrows and words, not colour alone
const arrows = { worse: '▼', better: '▲', more: '▲', less: '▼', hidden: '▲', pushed: '▼' } as const;

/** One thing that was found, in words, with its two numbers as bars. */
function Finding({ verdict, tag, text, children }: FindingProps) {
  return (
    <li class={`finding finding-${verdict}`} data-finding={verdict}>
      <p class="finding-tags">
        <span class="finding-verdict">
          <span aria-hidden="true">{arrows[verdict]}</span> {t(`verdict_${verdict}`)}
        </span>
        <span class="finding-place">{tag}</span>
      </p>
      <p>{text}</p>
      {children}
    </li>
  );
}

// what is most worth doing comes first; the rest is there for who wants it
const firstShown = 8;

/** The first findings, and on request the others. */
function Findings<R>({ rows, row }: { rows: R[] | undefined; row: (r: R) => ComponentChildren }) {
  const [all, setAll] = useState(false);
  if (!rows) return null;
  return (
    <>
      <ul class="findings">{(all ? rows : rows.slice(0, firstShown)).map(row)}</ul>
      {!all && rows.length > firstShown && (
        <button type="button" class="button show-all" onClick={() => setAll(true)}>
          {t('showAll', { n: rows.length })}
        </button>
      )}
    </>
  );
}

/** What the two bars of a finding are. */
function Legend({ a, b }: { a: string; b: string }) {
  return (
    <p class="pair-legend">
      <span class="pair-key pair-a-key">{a}</span>
      <span class="pair-key pair-b-key">{b}</span>
    </p>
  );
}

/** Two shares on one scale. */
function Pair({ a, b }: { a: number; b: number }) {
  const most = Math.max(a, b, 1e-9);
  return (
    <div class="pair" aria-hidden="true">
      <span class="pair-a" ref={(e) => place(e, 0, (100 * a) / most)} />
      <span class="pair-b" ref={(e) => place(e, 0, (100 * b) / most)} />
    </div>
  );
}

const tastes = ['genre', 'place', 'channel', 'series', 'maker'] as const;

function TasteSection({ here, last }: SectionProps) {
  const l = lang.value;
  const [by, setBy] = useState<(typeof tastes)[number]>('genre');
  const when = `by=${by}&${days(last, span.value)}${within(here.place)}`;
  const taste = useInsight<Taste>(`taste?${when}`);
  const offer = useInsight<Offer>(by === 'channel' ? null : `offer?${when}`);
  const a = taste.answer;
  return (
    <div class="insight-grid">
      <Box
        id="taste"
        title={t('localTaste')}
        hint={t('tasteHint')}
        says={a?.text[l]}
        problem={taste.problem}
        waiting={!a}
        choice={
          <Segmented<(typeof tastes)[number]>
            label={t('chooseTaste')}
            value={by}
            options={tastes.map((d) => ({ value: d, text: t(`taste_${d}`) }))}
            onChoose={setBy}
          />
        }
      >
        {a && a.rows.length > 0 && <Legend a={t('legendShare')} b={t('legendBase')} />}
        <Findings
          rows={a?.rows}
          row={(row) => (
            <Finding key={row.place.code + row.cell} verdict={row.verdict} tag={row.place.name[l]} text={row.text[l]}>
              <Pair a={row.share} b={row.base} />
            </Finding>
          )}
        />
        {a && a.suppressed > 0 && <p class="quiet">{t('suppressedNote', { n: a.suppressed })}</p>}
      </Box>
      <Box
        id="offer"
        title={t('watchedOffered')}
        hint={by === 'channel' ? t('offerNoChannel') : t('offerHint')}
        says={offer.answer?.text[l]}
        problem={offer.problem}
        waiting={by !== 'channel' && !offer.answer}
      >
        {offer.answer && offer.answer.rows.length > 0 && <Legend a={t('legendWatched')} b={t('legendOffered')} />}
        <Findings
          rows={offer.answer?.rows}
          row={(row) => (
            <Finding key={row.place.code + row.cell} verdict={row.verdict} tag={row.place.name[l]} text={row.text[l]}>
              <Pair a={row.watched} b={row.offered} />
            </Finding>
          )}
        />
      </Box>
    </div>
  );
}

function Unusual({ here, last }: SectionProps) {
  const l = lang.value;
  const { answer, problem } = useInsight<Anomalies>(`anomalies?day=${last}${within(here.place)}`);
  return (
    <div class="insight-grid">
      <Box id="unusual" title={t('unusual')} hint={t('unusualHint')} says={answer?.text[l]} problem={problem} waiting={!answer}>
        <ul class="findings">
          {answer?.rows.map((row) => (
            <li key={row.place.code + row.indicator} class={`finding finding-${row.score < 0 ? 'worse' : 'better'}`} data-finding="anomaly">
              <p class="finding-tags">
                <span class="finding-verdict">
                  <span aria-hidden="true">{row.score < 0 ? '▼' : '▲'}</span> {indicator(row.indicator).short}
                </span>
                <span class="finding-place">{row.place.name[l] || missing}</span>
              </p>
              <p>{row.text[l]}</p>
              <p>
                <button type="button" class="button" onClick={() => goInsight({ section: 'changed', place: row.place.code, indicator: row.indicator })}>
                  {t('explain')}
                </button>
              </p>
            </li>
          ))}
        </ul>
      </Box>
      <AlertsPanel place={here.place} />
    </div>
  );
}
