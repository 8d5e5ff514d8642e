// Boards that go out by schedule: the reports of a board, what became of them, and where
// the reader gets things.

import { useEffect, useState } from 'preact/hooks';

import { momentOf } from '../calendar';
import { lang } from '../prefs';
import { Dialog, Sign } from './dialog';
import { textOf } from './list';
import { say, type BoardInfo, type Filters } from './model';
import * as api from './outapi';
import { o, type OutWord } from './outwords';
import { Places } from './places';
import { Log } from './sendings';
import { tell } from './widget';

interface Props {
  board: BoardInfo;
  filters: Filters;
  onClose: () => void;
}

export function ReportsDialog({ board, filters, onClose }: Props) {
  const [list, setList] = useState<api.Report[] | null>(null);
  const [problem, setProblem] = useState('');
  const [turn, setTurn] = useState(0);
  const again = () => setTurn((n) => n + 1);
  useEffect(() => {
    api
      .reports(board.id)
      .then((got) => setList(got.reports))
      .catch((cause: unknown) => setProblem(textOf(cause)));
  }, [board.id, turn]);
  const act = async (f: () => Promise<unknown>, done?: string) => {
    try {
      setProblem('');
      await f();
      if (done) tell(done);
      again();
    } catch (cause) {
      setProblem(textOf(cause));
    }
  };
  return (
    <Dialog title={o('reportsTitle', { title: say(board.title, lang.value) })} onClose={onClose} wide>
      <div class="reports">
        <p class="quiet">{o('reportsHint')}</p>
        {problem && (
          <p class="widget-problem" role="alert">
            {problem}
          </p>
        )}
        {list?.length === 0 && <p class="quiet">{o('noReports')}</p>}
        <ul class="report-list">
          {list?.map((r) => (
            <li key={r.id} data-report={r.id}>
              <span class="report-words">
                <strong>{r.name}</strong>
                <span class="quiet">
                  {whenText(r.when)} · {o(`form_${r.form}`)} · {r.receivers.join(', ')}
                </span>
                <span class="quiet">{r.paused ? o('paused') : o('next', { time: clock(r.next) })}</span>
              </span>
              <a class="button" href={`/api/v1/reports/${r.id}/preview`} target="_blank" rel="noopener" title={o('previewHint')}>
                {o('preview')}
              </a>
              <button type="button" class="button" data-do="send" onClick={() => void act(() => api.sendReport(r.id), o('sending', { name: r.name }))}>
                {o('sendNow')}
              </button>
              <button type="button" class="button" data-do="pause" onClick={() => void act(() => api.setReport(r.id, paused(r, !r.paused)))}>
                {r.paused ? o('resume') : o('pause')}
              </button>
              <button type="button" class="icon-button" aria-label={o('removeThis', { name: r.name })} title={o('remove')} onClick={() => confirm(o('sureRemove', { name: r.name })) && void act(() => api.removeReport(r.id))}>
                <Sign of="bin" />
              </button>
            </li>
          ))}
        </ul>
        <NewReport board={board.id} title={say(board.title, lang.value)} filters={filters} onAdd={(r) => act(() => api.addReport(r))} />
        <Log turn={turn} />
        <Places onChange={again} />
      </div>
    </Dialog>
  );
}

/** What of a report may be changed, with one thing changed. */
function paused(r: api.Report, to: boolean): api.NewReport {
  const { name, board, filters, receivers, form, lang: language, when } = r;
  return { name, board, filters, receivers, form, lang: language, when, paused: to };
}

export function clock(moment: string | null): string {
  const m = momentOf(moment);
  return m ? `${m.day} ${m.clock.slice(0, 5)}` : '–';
}

function whenText(w: api.When): string {
  const which = w.every === 'week' ? ` ${o(`weekday_${w.weekday}` as OutWord)}` : w.every === 'month' ? ` ${o('dayOf', { day: w.day ?? 1 })}` : '';
  return `${o(`every_${w.every}`)}${which} ${w.at}`;
}

interface NewProps {
  board: string;
  title: string;
  filters: Filters;
  onAdd: (r: api.NewReport) => Promise<void>;
}

function NewReport({ board, title, filters, onAdd }: NewProps) {
  const [name, setName] = useState(title);
  const [to, setTo] = useState('');
  const [form, setForm] = useState<api.Report['form']>('xlsx');
  const [language, setLanguage] = useState<api.Report['lang']>('');
  const [when, setWhen] = useState<api.When>({ every: 'day', at: '08:30', wait_minutes: 120 });
  const turned = Object.keys(filters).length > 0;
  const [withFilters, setWithFilters] = useState(turned);
  const set = (w: Partial<api.When>) => setWhen((now) => ({ ...now, ...w }));
  const every = (e: api.When['every']) => {
    const { at, wait_minutes } = when;
    setWhen({ every: e, at, wait_minutes, ...(e === 'week' ? { weekday: 1 } : e === 'month' ? { day: 1 } : {}) });
  };
  return (
    <form
      class="report-new"
      onSubmit={(e) => {
        e.preventDefault();
        const receivers = to.split(/[,，\s]+/).filter(Boolean);
        void onAdd({ name, board, filters: withFilters ? filters : {}, receivers, form, lang: language, when, paused: false });
      }}
    >
      <h3>{o('newReport')}</h3>
      <div class="report-fields">
        <label class="field">
          <span>{o('name')}</span>
          <input data-field="name" required maxLength={60} value={name} onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        <label class="field">
          <span>
            {o('to')} <small>{o('toHint')}</small>
          </span>
          <input data-field="to" value={to} onInput={(e) => setTo(e.currentTarget.value)} />
        </label>
        <label class="field">
          <span>{o('every')}</span>
          <select data-field="every" value={when.every} onChange={(e) => every(e.currentTarget.value as api.When['every'])}>
            {(['day', 'week', 'month'] as const).map((e) => (
              <option key={e} value={e}>
                {o(`every_${e}`)}
              </option>
            ))}
          </select>
        </label>
        {when.every === 'week' && (
          <label class="field">
            <span>{o('weekday')}</span>
            <select value={when.weekday} onChange={(e) => set({ weekday: Number(e.currentTarget.value) })}>
              {[1, 2, 3, 4, 5, 6, 7].map((d) => (
                <option key={d} value={d}>
                  {o(`weekday_${d}` as OutWord)}
                </option>
              ))}
            </select>
          </label>
        )}
        {when.every === 'month' && (
          <label class="field">
            <span>
              {o('day')} <small>{o('dayHint')}</small>
            </span>
            <input type="number" min={1} max={31} required value={when.day} onInput={(e) => set({ day: Number(e.currentTarget.value) })} />
          </label>
        )}
        <label class="field">
          <span>{o('at')}</span>
          <input data-field="at" type="time" required value={when.at} onInput={(e) => set({ at: e.currentTarget.value.slice(0, 5) })} />
        </label>
        <label class="field">
          <span title={o('waitHint')}>{o('wait')}</span>
          <input type="number" min={0} max={1440} required title={o('waitHint')} value={when.wait_minutes} onInput={(e) => set({ wait_minutes: Number(e.currentTarget.value) })} />
        </label>
        <label class="field">
          <span>{o('form')}</span>
          <select data-field="form" value={form} onChange={(e) => setForm(e.currentTarget.value as api.Report['form'])}>
            {(['xlsx', 'html', 'csv'] as const).map((f) => (
              <option key={f} value={f}>
                {o(`form_${f}`)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{o('language')}</span>
          <select value={language} onChange={(e) => setLanguage(e.currentTarget.value as api.Report['lang'])}>
            <option value="">{o('eachTheirs')}</option>
            <option value="zh">中文</option>
            <option value="en">English</option>
          </select>
        </label>
        {turned && (
          <label class="check">
            <input type="checkbox" checked={withFilters} onChange={(e) => setWithFilters(e.currentTarget.checked)} />
            {o('withFilters')}
          </label>
        )}
        <button type="submit" class="button button-main" data-do="add-report">
          {o('add')}
        </button>
      </div>
    </form>
  );
}
