// A board as it is read: tabs, filters, widgets on the grid; on a wall the tabs turn.

import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

import { link, may, me } from '../live';
import { leaving } from '../mark';
import { LostBanner } from '../page/states';
import { lang } from '../prefs';
import * as api from './api';
import { compact } from './compact';
import { Dialog } from './dialog';
import { FilterLine } from './filterline';
import { FilterBar, periodText, whereText, type BarProps } from './filters';
import { copyOf, textOf } from './list';
import { phoneOrder, say, type Board, type Filters, type Tab, type Widget } from './model';
import { useExcel } from './out';
import { o } from './outwords';
import { drawnWhole, printable } from './print';
import { ReportsDialog } from './reports';
import { RevisionsDialog } from './revisions';
import { ShareDialog } from './share';
import { around, cross, go, load, openPath, openProblem, opened, reader, setReader, tabOf, type Opened } from './state';
import { Toast } from './toast';
import { Tools, type Tool } from './tools';
import { Card, Enlarged, tell } from './widget';
import { t } from './words';

/** The board fills the screen and its tabs turn by themselves. */
const wall = signal(false);

export function BoardPage({ edit }: { edit: (o: Opened) => void }) {
  const open = opened.value;
  const problem = openProblem.value;
  if (problem) {
    return (
      <main id="figures" tabIndex={-1} class="message">
        <h2>{t('cannotOpen')}</h2>
        <p>
          {problem.message} <code>{problem.code}</code>
        </p>
        <a class="button" href="#/boards">
          {t('toList')}
        </a>
      </main>
    );
  }
  if (!open) {
    return (
      <main id="figures" tabIndex={-1} class="board">
        <LostBanner />
        <p class="quiet" role="status">
          {t('loading')}
        </p>
      </main>
    );
  }
  return <BoardView open={open} edit={() => edit(open)} />;
}

function BoardView({ open, edit }: { open: Opened; edit: () => void }) {
  const { board, info, revision } = open;
  const l = lang.value;
  const tab = tabOf(board);
  const turned = reader.value;
  const all = around(board, tab, turned);
  const [large, setLarge] = useState<Widget | null>(null);
  const [dialog, setDialog] = useState<'share' | 'revisions' | 'view' | 'reports' | null>(null);
  const [problem, setProblem] = useState('');
  const main = useRef<HTMLElement>(null);
  const excel = useExcel(info?.id ?? '', revision, turned);
  const pick = (c: { dimension: string; value: string }) => cross(c.dimension, c.value);

  useEffect(() => {
    const changed = () => (wall.value = document.fullscreenElement === main.current && main.current !== null);
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, []);
  const rotates = wall.value && board.tabs.length > 1;
  useEffect(() => {
    if (!rotates) return;
    const timer = setInterval(() => {
      const now = board.tabs.findIndex((o) => o.id === tabOf(board).id);
      go({ tab: board.tabs[(now + 1) % board.tabs.length]!.id }, true);
    }, (board.rotate_seconds || 30) * 1_000);
    return () => clearInterval(timer);
  }, [rotates, board]);

  const copy = async (b: Board, note: string) => {
    try {
      openPath((await api.add(b, note)).id);
    } catch (cause) {
      setProblem(textOf(cause));
    }
  };
  const title = say(board.title, l);
  const [whole, setWhole] = useState(false); // all tabs are there, to be printed
  const placeOf = (of: Tab) => (board.tabs.length > 1 ? `${title} · ${say(of.title, l)}` : title);
  const holdsOf = (f: Filters) => [f.period ? periodText(f.period) : '', ...(f.where ?? []).map(whereText)].filter(Boolean).join(' · ');
  const place = whole ? title : placeOf(tab);
  const holds = holdsOf(all);
  useEffect(() => {
    if (!whole || !main.current) return;
    let here = true;
    const end = () => setWhole(false);
    addEventListener('afterprint', end);
    tell(o('making'));
    void drawnWhole(main.current).then(() => here && print());
    return () => {
      here = false;
      removeEventListener('afterprint', end);
    };
  }, [whole]);
  useEffect(
    () =>
      printable(
        () => ({
          head: place.slice(0, 60),
          under: holds.slice(0, 90),
          reader: me.value?.mark || o('printedFor', { name: me.value?.display || me.value?.name || '' }),
          at: o('printedAt', { time: new Date().toLocaleString(l === 'zh' ? 'zh-CN' : 'en-GB', { timeZone: 'Asia/Shanghai' }) }),
        }),
        () => me.value?.mark ?? '',
        () => {
          if (may('export')) void leaving('print', title).catch(() => undefined);
        },
      ),
    [place, holds, l],
  );
  const filters: BarProps = { board, tab, all, reader: turned, onChange: setReader, onSaveView: info?.edits && revision === 0 ? () => setDialog('view') : undefined };
  const tools: Tool[] = [];
  if (info) {
    if (info.edits && revision === 0) tools.push({ id: 'edit', text: t('edit'), main: true, act: edit });
    tools.push({ id: 'duplicate', text: t('duplicate'), act: () => void copy(copyOf(board), t('noteCopy', { title })) });
    if (info.owns) tools.push({ id: 'share', text: t('share'), act: () => setDialog('share') });
    tools.push({ id: 'revisions', text: t('revisions'), act: () => setDialog('revisions') });
    if (may('export')) {
      tools.push({ id: 'excel', text: excel.making ? o('making') : o('excel'), hint: o('excelHint'), off: excel.making, act: excel.make });
      tools.push({ id: 'reports', text: o('reports'), act: () => setDialog('reports') });
    }
  } else {
    tools.push({ id: 'take', text: t('takeTemplate'), main: true, act: () => void copy(board, t('noteMade')) });
  }
  if (may('export')) tools.push({ id: 'print', text: o('print'), hint: o('printHint'), off: whole, act: () => (board.tabs.length > 1 ? setWhole(true) : print()) });
  tools.push({ id: 'wall', text: t('wall'), act: () => void main.current?.requestFullscreen().catch(() => tell(t('noFullscreen'))) });
  return (
    <main id="figures" tabIndex={-1} class={`board ${wall.value ? 'board-wall' : ''} ${link.value === 'lost' ? 'stale' : ''}`} ref={main}>
      <LostBanner />
      {problem && (
        <p class="banner banner-problem" role="alert">
          {problem}
        </p>
      )}
      {!info && <Note text={`${t('isTemplate')} ${say(board.about, l)}`} />}
      {revision > 0 && info && (
        <div class="banner banner-problem" role="status">
          <div>
            <strong>{t('oldRevision', { n: revision })}</strong>
          </div>
          <button type="button" class="button" onClick={() => go({ revision: 0 })}>
            {t('toNewest')}
          </button>
          {info.edits && (
            <button
              type="button"
              class="button"
              data-do="restore"
              onClick={() => void api.restore(info.id, revision).then(() => { tell(t('restored', { n: revision })); go({ revision: 0 }); }).catch((cause: unknown) => setProblem(textOf(cause)))}
            >
              {t('restore')}
            </button>
          )}
        </div>
      )}
      <div class="board-head">
        {!compact.value && (
          <a class="button back-link" href="#/boards">
            <span aria-hidden="true">←</span> {t('toList')}
          </a>
        )}
        {wall.value && <p class="wall-title">{title}</p>}
        <Tabs board={board} current={tab} onChoose={(id) => go({ tab: id })} />
        {compact.value && <FilterLine {...filters} />}
        <Tools tools={tools} />
      </div>
      {!compact.value && <FilterBar {...filters} />}
      {(whole ? board.tabs : [tab]).map((one) => {
        const f = around(board, one, turned);
        const open = one.id === tab.id;
        return (
          <div key={one.id} class={`print-tab ${open ? '' : 'print-other'}`} data-print-tab={one.id} aria-hidden={open ? undefined : 'true'} inert={!open}>
            <div class="print-head" aria-hidden="true">
              <strong>{placeOf(one)}</strong>
              <span>{holdsOf(f)}</span>
            </div>
            <Grid tab={one} filters={f} board={board} pick={pick} {...(open ? { onEnlarge: setLarge } : {})} />
          </div>
        );
      })}
      {large && <Enlarged widget={large} filters={all} marks={board.marks ?? []} pick={pick} onClose={() => setLarge(null)} />}
      {dialog === 'share' && info && <ShareDialog board={info} filters={turned} onClose={() => setDialog(null)} />}
      {dialog === 'revisions' && info && <RevisionsDialog info={info} onClose={() => setDialog(null)} onLook={(n) => { setDialog(null); go({ revision: n }); }} />}
      {dialog === 'reports' && info && <ReportsDialog board={info} filters={turned} onClose={() => setDialog(null)} />}
      {dialog === 'view' && info && (
        <ViewDialog
          onClose={() => setDialog(null)}
          onKeep={async (name) => {
            const next: Board = { ...board, views: [...(board.views ?? []).filter((v) => v.name !== name), { name, filters: turned }] };
            try {
              await api.save(info.id, info.revision, next, t('noteView', { name }));
              await load(info.id, 0);
              setDialog(null);
            } catch (cause) {
              setDialog(null);
              setProblem(textOf(cause));
            }
          }}
        />
      )}
      <Toast />
    </main>
  );
}

/** What is said above a board; where there is little room its first line, the rest at a touch. */
function Note({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  if (!compact.value) return <p class="board-note">{text}</p>;
  return (
    <button type="button" class="board-note" aria-expanded={all} onClick={() => setAll(!all)}>
      {text}
    </button>
  );
}

export function Tabs({ board, current, onChoose }: { board: Board; current: Tab; onChoose: (id: string) => void }) {
  const l = lang.value;
  const strip = useRef<HTMLElement>(null);
  useEffect(() => {
    // on a phone they scroll sideways: the open one is to be seen
    const open = strip.current?.querySelector<HTMLElement>('[aria-current]');
    if (open) strip.current!.scrollLeft = open.offsetLeft - (strip.current!.clientWidth - open.offsetWidth) / 2;
  }, [current.id]);
  if (board.tabs.length < 2) return null;
  return (
    <nav class="tabs" aria-label={t('tabs')} ref={strip}>
      {board.tabs.map((o) => (
        <button key={o.id} type="button" data-tab={o.id} aria-current={o.id === current.id ? 'true' : undefined} onClick={() => onChoose(o.id)}>
          {say(o.title, l)}
        </button>
      ))}
    </nav>
  );
}

interface GridProps {
  tab: Tab;
  board: Board;
  filters: Filters;
  pick: (c: { dimension: string; value: string }) => void;
  /** None: widgets have no larger form. */
  onEnlarge?: (w: Widget) => void;
}

/** Widgets where they lie; on a phone in one column, in the board's own order. */
export function Grid({ tab, board, filters, pick, onEnlarge }: GridProps) {
  if (tab.widgets.length === 0) return <p class="board-empty">{t('emptyTab')}</p>;
  return (
    <div class="board-grid">
      {phoneOrder(tab.widgets).map((w) => {
        const { x, y, w: wide, h } = w.place;
        return (
          <div key={w.id} class={`board-item item-${w.kind}`} style={{ '--x': String(x + 1), '--y': String(y + 1), '--w': String(wide), '--h': String(h) }}>
            <Card widget={w} filters={filters} marks={board.marks ?? []} pick={pick} {...(onEnlarge ? { onEnlarge: () => onEnlarge(w) } : {})} />
          </div>
        );
      })}
    </div>
  );
}

function ViewDialog({ onClose, onKeep }: { onClose: () => void; onKeep: (name: string) => void }) {
  const [name, setName] = useState('');
  return (
    <Dialog title={t('saveView')} onClose={onClose}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (name.trim()) onKeep(name.trim());
        }}
      >
        <label class="field">
          <span>{t('name')}</span>
          <input value={name} maxLength={60} onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        <div class="dialog-foot">
          <button type="submit" class="button button-main" disabled={!name.trim()}>
            {t('keep')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

