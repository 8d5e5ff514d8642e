// The frame of a widget: its title, its numbers behind a switch, what it ignores, and
// why it failed while the rest of the board works.

import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { ApiError } from '../api';
import { momentOf } from '../calendar';
import type { Chart as Drawn } from '../charts';
import { may, names } from '../live';
import { leaving, marked } from '../mark';
import { palette } from '../options';
import { wantCharts } from '../parts/chart';
import { lang } from '../prefs';
import { strange, turn, useAnswer } from './asking';
import { dimensionTitle, titleOf } from './data';
import { Dialog, Sign } from './dialog';
import type { Chosen } from './draw';
import { ExplainDialog } from './explain';
import { Body, charted, csvOf, SheetTable, sheetsOf, tsvOf } from './kinds';
import { drilled, say, under, type Filters, type Mark, type Widget } from './model';
import { Prose } from './prose';
import { t } from './words';

/** What the reader has just done, for a moment, said aloud as well. */
export const toast = signal('');
let toastTimer: ReturnType<typeof setTimeout> | undefined;

export function tell(text: string): void {
  clearTimeout(toastTimer);
  toast.value = text;
  toastTimer = setTimeout(() => (toast.value = ''), 4_000);
}

export function titleFor(widget: Widget): string {
  const l = lang.value;
  const own = say(widget.title, l);
  if (own) return own;
  const figures = (widget.ask.figures ?? []).map((f) => titleOf(f, l));
  return figures.join(' · ') || t(`kind_${widget.kind}`);
}

interface CardProps {
  widget: Widget;
  filters: Filters;
  marks: Mark[];
  pick: (c: Chosen) => void;
  /** While the board is edited the frame has no tools of its own. */
  editing?: boolean;
  large?: boolean;
  onEnlarge?: () => void;
  /** Told of why it failed, for the inspector. */
  onProblem?: (p: ApiError | null) => void;
}

export function Card({ widget, filters, marks, pick, editing, large, onEnlarge, onProblem }: CardProps) {
  const l = lang.value;
  const within = widget.alone ? widget.filters : under(filters, widget.filters);
  const seen = useMemo(() => (strange.value ? { widget, drilled: false } : drilled(widget, within, names.value)), [widget, filters, names.value]);
  const asked = useAnswer(seen.widget, filters);
  const [asTable, setAsTable] = useState(false);
  const [explained, setExplained] = useState(false);
  const drawn = useRef<Drawn | null>(null);
  const box = useRef<HTMLElement>(null);
  const [narrow, setNarrow] = useState(false);
  const title = titleFor(widget);
  const got = asked.answer;
  const id = `widget-${large ? 'large-' : ''}${widget.id}`;

  useEffect(() => {
    const observer = new ResizeObserver(([e]) => setNarrow((e?.contentRect.width ?? 999) < 380));
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => onProblem?.(asked.problem), [asked.problem]);
  useEffect(() => {
    if (charted.has(widget.kind)) wantCharts();
  }, [widget.kind]);

  if (widget.kind === 'text') {
    return (
      <article class="widget widget-text" ref={box} data-widget={widget.id} data-kind="text" aria-label={title}>
        <Prose text={say(widget.prose, l)} />
      </article>
    );
  }
  const ignored = got?.ignored ?? [];
  const main = got?.parts[0];
  const asOf = momentOf(main?.answer.as_of ?? null);
  const left = main?.answer.left_out?.length ?? 0;
  const sources = main?.answer.sources ?? [];
  const download = (blob: Blob, ending: string) => {
    const a = document.createElement('a');
    a.href = URL.createObjectURL(blob);
    a.download = `${title.replace(/[\\/:*?"<>|]+/g, ' ').slice(0, 80)}.${ending}`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
  };
  // the last row of a file says for whom it was made; a first one would be taken for its head
  const signed = (text: string, mark: string) => (mark ? `${text}\r\n"# ${mark.replaceAll('"', '""')}"\r\n` : text);
  const rows = () => (got ? sheetsOf(seen.widget, got, l).reduce((n, s) => n + s.rows.length, 0) : 0);
  const file = async () => {
    if (!got) return;
    try {
      const mark = await leaving('csv', title, rows());
      download(new Blob([signed(csvOf(seen.widget, got, l), mark)], { type: 'text/csv;charset=utf-8' }), 'csv');
    } catch (cause) {
      tell(cause instanceof ApiError ? cause.message : String(cause));
    }
  };
  const copy = async () => {
    if (!got) return;
    try {
      const mark = await leaving('copy', title, rows());
      await navigator.clipboard.writeText(signed(tsvOf(seen.widget, got, l), mark));
      tell(t('copied'));
    } catch {
      tell(t('copyFailed'));
    }
  };
  const picture = async () => {
    if (!drawn.current) return;
    try {
      const mark = await leaving('png', title);
      download(await marked(await drawn.current.image(palette().surface), mark), 'png');
    } catch {
      tell(t('pictureFailed'));
    }
  };
  const busy = asked.waiting && !asked.problem;
  return (
    <article
      ref={box}
      class={`widget widget-${widget.kind} ${busy ? 'widget-waiting' : ''}`}
      data-widget={widget.id}
      data-kind={widget.kind}
      data-state={asked.problem ? 'failed' : got ? 'shown' : 'waiting'}
      aria-labelledby={id}
      aria-busy={busy}
    >
      <header class="widget-head">
        <h2 id={id} title={title}>
          {title}
        </h2>
        {seen.drilled && <span class="tag">{t('byCity')}</span>}
        {!editing && (
          <div class="widget-tools">
            {!strange.value && <Tool sign="info" text={t('explain')} onClick={() => setExplained(true)} />}
            {got && <Tool sign={asTable ? 'chart' : 'table'} text={asTable ? t('asChart') : t('asTable')} pressed={asTable} onClick={() => setAsTable(!asTable)} />}
            {got && may('export') && <Tool sign="copy" text={t('copyNumbers')} onClick={() => void copy()} />}
            {got && may('export') && <Tool sign="csv" text={t('downloadCSV')} onClick={() => void file()} />}
            {got && may('export') && charted.has(seen.widget.kind) && !asTable && <Tool sign="image" text={t('downloadPNG')} onClick={() => void picture()} />}
            {onEnlarge && <Tool sign="large" text={t('enlarge')} onClick={onEnlarge} />}
          </div>
        )}
      </header>
      <div class="widget-body">
        {asked.problem && (
          <div class="widget-problem" role="alert">
            <p>
              <strong>{t('failed')}</strong> {asked.problem.message} <code>{asked.problem.code}</code>
            </p>
            {!editing && (
              <button type="button" class="button" onClick={() => turn.value++}>
                {t('again')}
              </button>
            )}
          </div>
        )}
        {!asked.problem && !got && <p class="widget-nothing">{t('loading')}</p>}
        {got &&
          (!asked.problem || got) &&
          (asTable ? (
            <div class="sheets">
              {sheetsOf(seen.widget, got, l).map((s, i) => (
                <SheetTable key={i} caption={title} sheet={s} pick={pick} />
              ))}
            </div>
          ) : (
            !asked.problem && (
              <Body widget={seen.widget} got={got} filters={within} marks={marks} narrow={narrow} cities={seen.drilled} pick={pick} handle={(d) => (drawn.current = d)} />
            )
          ))}
      </div>
      {(sources.length > 0 || ignored.length > 0 || left > 0 || widget.alone || (large && asOf)) && (
        <footer class="widget-foot">
          {sources.map((s) => (
            <span key={s.name} class={s.failing ? 'warn' : undefined} data-source={s.name}>
              {t(s.failing ? 'sourceFailing' : 'sourceAt', { title: say(s.title, l), time: timeOf(s.at) })}
            </span>
          ))}
          {ignored.length > 0 && <span class="warn">{t('ignores', { filters: ignored.map((d) => dimensionTitle(d, l)).join(', ') })}</span>}
          {left > 0 && <span>{t('leftOutCount', { n: left })}</span>}
          {widget.alone && <span>{t('standsAlone')}</span>}
          {large && asOf && <span>{t('asOfDay', { time: `${asOf.day} ${asOf.clock}` })}</span>}
        </footer>
      )}
      {explained && <ExplainDialog widget={widget} got={got} title={title} onClose={() => setExplained(false)} />}
    </article>
  );
}

/** A moment as day and clock, in Shanghai. */
function timeOf(moment: string | null): string {
  const m = momentOf(moment);
  return m ? `${m.day} ${m.clock.slice(0, 5)}` : '–';
}

interface ToolProps {
  sign: Parameters<typeof Sign>[0]['of'];
  text: string;
  pressed?: boolean;
  onClick: () => void;
}

function Tool({ sign, text, pressed, onClick }: ToolProps) {
  return (
    <button type="button" class="icon-button" aria-label={text} title={text} aria-pressed={pressed} onClick={onClick}>
      <Sign of={sign} />
    </button>
  );
}

/** A widget as large as the window. */
export function Enlarged(p: CardProps & { onClose: () => void }) {
  return (
    <Dialog title={titleFor(p.widget)} onClose={p.onClose} wide>
      <div class="enlarged">
        <Card {...p} large />
      </div>
    </Dialog>
  );
}
