// The editor: a palette, the board with handles, and the properties of what is chosen.

import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { at as momentAt } from '../calendar';
import { LostBanner } from '../page/states';
import { lang } from '../prefs';
import { ConflictDialog } from './conflict';
import { Sign } from './dialog';
import {
  add, board, currentTab, dirty, duplicateSelected, edit, end, faults, found, nudge, problem, redo, removeSelected, save, saving, selection, startAnew, steps, takePlaces, undo,
} from './edit';
import { BoardInspector, ManyInspector, WidgetInspector } from './inspector';
import { columns, rules, say, type Board, type Kind, type Tab } from './model';
import { around } from './state';
import { TabStrip } from './tabstrip';
import { Toast } from './toast';
import { Card, tell, titleFor } from './widget';
import { t } from './words';

type Grid = typeof import('./gridstack');

const grid = signal<Grid | 'loading' | 'failed' | null>(null);
let attempt = 0;

async function loadGrid(): Promise<void> {
  if (grid.value === 'loading') return;
  grid.value = 'loading';
  const address = attempt === 0 ? './gridstack.js' : `./gridstack.js?attempt=${attempt}`;
  attempt++;
  try {
    grid.value = (await import(address)) as Grid;
  } catch {
    grid.value = 'failed'; // keyboards and the inspector still do
  }
}

const cell = 44;
const margin = 6;

/** Puts the keyboard onto a widget once it is there. */
function focusWidget(id: string): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-edit="${id}"]`)?.focus());
}

export function EditorPage({ onEnd }: { onEnd: () => void }) {
  const e = edit.value!;
  const b = board.value!;
  const tab = currentTab(b);
  const l = lang.value;
  const [note, setNote] = useState('');
  const [asking, setAsking] = useState(false);
  const unsaved = dirty();

  useEffect(() => {
    if (grid.value === null || grid.value === 'failed') void loadGrid();
  }, []);
  useEffect(() => {
    const keys = (k: KeyboardEvent) => {
      const typing = k.target instanceof HTMLInputElement || k.target instanceof HTMLTextAreaElement || k.target instanceof HTMLSelectElement;
      const ctrl = k.ctrlKey || k.metaKey;
      const key = k.key.toLowerCase();
      if (ctrl && key === 's') {
        k.preventDefault();
        void save(note).then(() => setNote(''));
      } else if (ctrl && !typing && (key === 'y' || (key === 'z' && k.shiftKey))) {
        k.preventDefault();
        redo();
      } else if (ctrl && !typing && key === 'z') {
        k.preventDefault();
        undo();
      } else if (k.key === 'Escape' && !typing && !document.querySelector('dialog[open]')) {
        k.preventDefault();
        selection.value = [];
      }
    };
    document.addEventListener('keydown', keys);
    return () => document.removeEventListener('keydown', keys);
  }, [note]);

  const f = found.value;
  const chosen = tab.widgets.filter((w) => selection.value.includes(w.id));
  return (
    <main id="figures" tabIndex={-1} class="board editor" data-unsaved={unsaved}>
      <LostBanner />
      {problem.value && (
        <p class="banner banner-problem" role="alert">
          {problem.value}
        </p>
      )}
      {f && (
        <div class="banner banner-problem" role="status">
          <p>
            {t('draftFound', { time: `${momentAt(f.at).day} ${momentAt(f.at).clock.slice(0, 5)}` })} {f.from !== f.now && t('draftOld', { from: f.from, now: f.now })}
          </p>
          <button type="button" class="button" onClick={startAnew}>
            {t('startAnew')}
          </button>
          <button type="button" class="icon-button" aria-label={t('close')} onClick={() => (found.value = null)}>
            <Sign of="close" />
          </button>
        </div>
      )}
      <div class="editor-bar">
        <h2>{t('editing', { title: say(b.title, l) })}</h2>
        <button type="button" class="icon-button" data-do="undo" aria-label={t('undo')} title={`${t('undo')} (Ctrl+Z)`} disabled={!steps.value.undo} onClick={undo}>
          <Sign of="undo" />
        </button>
        <button type="button" class="icon-button" data-do="redo" aria-label={t('redo')} title={`${t('redo')} (Ctrl+Shift+Z)`} disabled={!steps.value.redo} onClick={redo}>
          <Sign of="redo" />
        </button>
        <span class={`tag ${unsaved ? 'tag-warn' : ''}`} role="status">
          {unsaved ? t('unsaved') : t('noChange')}
        </span>
        <div class="board-tools">
          <input class="editor-note" aria-label={t('note')} placeholder={t('noteHint')} maxLength={60} value={note} onInput={(k) => setNote(k.currentTarget.value)} />
          <button type="button" class="button button-main" data-do="save" disabled={!unsaved || saving.value} onClick={() => void save(note).then(() => setNote(''))}>
            {t('save')}
          </button>
          {unsaved && (
            <button type="button" class="button" data-do="discard" onClick={() => setAsking(true)}>
              {t('discard')}
            </button>
          )}
          <button
            type="button"
            class="button"
            data-do="done"
            onClick={() => {
              end(false);
              onEnd();
            }}
          >
            {t('done')}
          </button>
        </div>
      </div>
      {asking && (
        <div class="banner" role="alert">
          <p>{t('discardSure')}</p>
          <button
            type="button"
            class="button"
            data-do="discard-sure"
            onClick={() => {
              end(true);
              onEnd();
            }}
          >
            {t('discard')}
          </button>
          <button type="button" class="button" onClick={() => setAsking(false)}>
            {t('close')}
          </button>
        </div>
      )}
      <TabStrip board={b} tab={tab} />
      <div class="editor-frame">
        <Palette tab={tab} />
        <Canvas board={b} tab={tab} />
        <aside class="inspector" aria-label={t('inspector')}>
          {chosen.length === 1 ? <WidgetInspector key={chosen[0]!.id} board={b} tab={tab} widget={chosen[0]!} /> : chosen.length > 1 ? <ManyInspector n={chosen.length} /> : <BoardInspector board={b} tab={tab} />}
        </aside>
      </div>
      <ConflictDialog mine={b} id={e.id} note={note} onEnd={onEnd} />
      <Toast />
    </main>
  );
}

function Palette({ tab }: { tab: Tab }) {
  const list = useRef<HTMLUListElement>(null);
  const lib = grid.value;
  useEffect(() => {
    if (!list.current || lib === null || typeof lib === 'string') return;
    lib.draggable([...list.current.querySelectorAll<HTMLElement>('.palette-item')]);
  }, [lib, tab.id]);
  const put = (kind: Kind) => focusWidget(add(kind));
  return (
    <section class="palette" aria-labelledby="palette-title">
      <h3 id="palette-title">{t('palette')}</h3>
      <p class="quiet">{t('paletteHint')}</p>
      <ul ref={list}>
        {(Object.keys(rules) as Kind[]).map((kind) => (
          <li key={kind}>
            {/* no button: gridstack drags none */}
            <div
              class="palette-item grid-stack-item"
              role="button"
              tabIndex={0}
              data-kind={kind}
              gs-w={rules[kind].size[0]}
              gs-h={rules[kind].size[1]}
              onClick={() => put(kind)}
              onKeyDown={(e) => {
                if (e.key !== 'Enter' && e.key !== ' ') return;
                e.preventDefault();
                put(kind);
              }}
            >
              <KindSign of={kind} />
              {t(`kind_${kind}`)}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What of a tab gridstack must know. */
function signatureOf(tab: Tab): string {
  return tab.id + tab.widgets.map((w) => `|${w.id} ${w.kind} ${w.place.x} ${w.place.y} ${w.place.w} ${w.place.h}`).join('');
}

function Canvas({ board: b, tab }: { board: Board; tab: Tab }) {
  const box = useRef<HTMLDivElement>(null);
  const signature = signatureOf(tab);
  const known = useRef('');
  const endGrid = useRef<(() => void) | null>(null);
  const lib = grid.value;
  const filters = around(b, tab, {});
  const l = lang.value;

  // gridstack takes the places from the elements when it begins; what it moves itself
  // comes back as a change of the model that needs no new beginning
  useLayoutEffect(() => {
    if (!box.current || lib === null || typeof lib === 'string') return;
    if (known.current === signature) return;
    const element = box.current;
    const focused = document.activeElement;
    endGrid.current?.();
    for (const item of element.querySelectorAll<HTMLElement>(':scope > .grid-stack-item')) {
      const w = tab.widgets.find((o) => o.id === item.getAttribute('gs-id'));
      if (!w) continue;
      for (const k of ['x', 'y', 'w', 'h'] as const) item.setAttribute(`gs-${k}`, String(w.place[k]));
    }
    known.current = signature;
    endGrid.current = lib.arrange(element, columns, cell, margin, {
      moved: (all) => {
        takePlaces(all);
        known.current = signatureOf(currentTab(board.value!));
      },
      dropped: (kind, x, y, all) => {
        takePlaces(all, { kind: kind as Kind, x, y });
        const made = selection.value[0];
        if (made) focusWidget(made);
      },
    });
    if (focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused) focused.focus();
  }, [signature, lib]);
  useEffect(
    () => () => {
      endGrid.current?.();
      endGrid.current = null;
      known.current = '';
    },
    [tab.id],
  );

  const keys = (e: KeyboardEvent, id: string) => {
    const ctrl = e.ctrlKey || e.metaKey;
    const act = () => {
      e.preventDefault();
      if (!selection.value.includes(id)) selection.value = [id];
    };
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key] ?? [0, 0];
    if (dx !== 0 || dy !== 0) {
      if (ctrl || e.altKey) return;
      act();
      const did = e.shiftKey ? nudge(0, 0, dx!, dy!) : nudge(dx!, dy!, 0, 0);
      const w = currentTab(board.value!).widgets.find((o) => o.id === id);
      if (did && w) tell(e.shiftKey ? t('sized', { title: titleFor(w), w: w.place.w, h: w.place.h }) : t('moved', { title: titleFor(w), x: w.place.x + 1, y: w.place.y + 1 }));
    } else if (e.key === 'Delete' || e.key === 'Backspace') {
      act();
      removeSelected();
      box.current?.querySelector<HTMLElement>('[data-edit]')?.focus();
    } else if (ctrl && e.key.toLowerCase() === 'd') {
      act();
      duplicateSelected();
      const made = selection.value[0];
      if (made) focusWidget(made);
    } else if (ctrl && e.key.toLowerCase() === 'a') {
      e.preventDefault();
      selection.value = tab.widgets.map((w) => w.id);
    } else if (e.key === ' ' || e.key === 'Enter') {
      e.preventDefault();
      choose(id, ctrl || e.shiftKey);
    }
  };
  return (
    <div class="canvas-frame">
      <p class="quiet canvas-hint" id="canvas-hint">
        {t('canvasHint')}
      </p>
      <div class="grid-stack canvas" ref={box} key={tab.id} role="listbox" aria-multiselectable="true" aria-label={`${t('canvas')}: ${say(tab.title, l)}`} aria-describedby="canvas-hint" tabIndex={tab.widgets.length === 0 ? 0 : undefined}>
        {tab.widgets.map((w) => (
          <div key={w.id} class="grid-stack-item" role="presentation" gs-id={w.id} gs-min-w={rules[w.kind].w} gs-min-h={rules[w.kind].h}>
            <div class="grid-stack-item-content edit-content" role="presentation">
              <div class="edit-inner" inert>
                <Card widget={w} filters={filters} marks={b.marks ?? []} pick={() => undefined} editing onProblem={(p) => (faults.value = { ...faults.peek(), [w.id]: p })} />
              </div>
              {/* it lies over the widget, whose own text would not be its name */}
              <div
                class="edit-item"
                role="option"
                aria-selected={selection.value.includes(w.id)}
                aria-label={`${t(`kind_${w.kind}`)}: ${titleFor(w)}`}
                tabIndex={0}
                data-edit={w.id}
                onKeyDown={(e) => keys(e, w.id)}
                onClick={(e) => choose(w.id, e.ctrlKey || e.metaKey || e.shiftKey)}
              />
            </div>
          </div>
        ))}
      </div>
    </div>
  );
}

function choose(id: string, more: boolean): void {
  const now = selection.value;
  if (!more) selection.value = [id];
  else selection.value = now.includes(id) ? now.filter((o) => o !== id) : [...now, id];
}

const kindSigns: Partial<Record<Kind, string>> = {
  figure: 'M2.500 12.500h11M4 9.500V4l-1.500 1M8 4.500h3.500L9 9.500',
  line: 'M2 12l4-5 3 3 5-6',
  area: 'M2 13V9l4-4 3 3 5-4v9z',
  bar: 'M3 13V8M6.500 13V4M10 13V7M13.500 13V5',
  stacked: 'M4 13V9M4 8V5M8 13v-3M8 9V3M12 13V8M12 7V4',
  pie: 'M8 2a6 6 0 1 0 6 6H8zM10 2.300A6 6 0 0 1 13.700 6H10z',
  ranking: 'M2.500 4h11M2.500 8h7M2.500 12h4',
  table: 'M2.500 3.500h11v9h-11zM2.500 6.500h11M2.500 9.500h11M6.500 6.500v6',
  heat: 'M3 3h3v3H3zM10 3h3v3h-3zM3 10h3v3H3zM7 7h2v2H7zM10 10h3v3h-3z',
  funnel: 'M2.500 3.500h11L10 8.500v4l-4 1v-5z',
  path: 'M2 4c6 0 6 8 12 8M2 12c6 0 6-8 12-8',
  cohort: 'M3 3h10M3 6.300h8M3 9.600h5M3 13h2',
  minute: 'M1.500 10l2-1 1 2 2-6 1.500 4 2-5 1.500 4 3-1',
  tiles: 'M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z',
  map: 'M2.500 4l4-1.500 3 1.500 4-1.500v9.500l-4 1.500-3-1.500-4 1.500zM6.500 2.500v9.500M9.500 4v9.500',
  scatter: 'M4 11v.1M7 7v.1M10 9v.1M12 4v.1M5 4v.1M12 12v.1',
  ticker: 'M2 8h3l1.500-4 3 8L11 8h3',
  text: 'M3 4h10M8 4v9M6 13h4',
  epg: 'M2.500 3.500h11v3h-11zM2.500 9h3.500v3.500H2.500zM8 9h5.500v3.500H8z',
};

function KindSign({ of }: { of: Kind }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={kindSigns[of]} />
    </svg>
  );
}

