// A board being edited: its draft, what can be undone, saving and conflicts.

import { batch, effect, signal } from '@preact/signals';

import { ApiError } from '../api';
import * as api from './api';
import { History } from './history';
import { textOf } from './list';
import { columns, duplicate, fit, freePlace, newWidget, rules, settle, type Board, type BoardInfo, type Kind, type Tab, type Widget } from './model';
import { load, type Opened } from './state';
import { tell } from './widget';
import { t } from './words';

export interface Edit {
  id: string;
  info: BoardInfo;
  /** The revision from which the draft began. */
  from: number;
  saved: string;
}

interface Draft {
  from: number;
  at: number;
  board: Board;
}

export const edit = signal<Edit | null>(null);
/** The board as it is being made. */
export const board = signal<Board | null>(null);
export const tabID = signal('');
export const selection = signal<readonly string[]>([]);
export const steps = signal({ undo: false, redo: false });
/** Somebody else has saved meanwhile. */
export const conflict = signal<{ info: BoardInfo; board: Board } | null>(null);
/** Of a draft that was found: when it was kept, and from which revision. */
export const found = signal<{ at: number; from: number; now: number } | null>(null);
export const problem = signal('');
export const saving = signal(false);
/** Why widgets fail now, by id. */
export const faults = signal<Record<string, ApiError | null>>({});

let history: History<Board> | null = null;

const keyOf = (id: string) => `console.draft.${id}`;

function readDraft(id: string): Draft | null {
  try {
    const d = JSON.parse(localStorage.getItem(keyOf(id)) ?? 'null') as Draft | null;
    return d && typeof d.from === 'number' && Array.isArray(d.board?.tabs) && d.board.schema === 1 ? d : null;
  } catch {
    return null; // what cannot be read cannot be gone on with
  }
}

function writeDraft(id: string, d: Draft | null): void {
  try {
    if (d) localStorage.setItem(keyOf(id), JSON.stringify(d));
    else localStorage.removeItem(keyOf(id));
  } catch {
    // no storage, or none left: the draft lasts as long as the page
  }
}

/** Whether there is anything to save. */
export function dirty(): boolean {
  return edit.value !== null && board.value !== null && JSON.stringify(board.value) !== edit.value.saved;
}

/** Begins to edit a board, with what was not saved last time. */
export function begin(o: Opened, tab: string): void {
  if (!o.info) return;
  const info = o.info;
  const draft = readDraft(o.id);
  const saved = JSON.stringify(o.board);
  const goOn = draft !== null && JSON.stringify(draft.board) !== saved;
  batch(() => {
    edit.value = { id: o.id, info, from: goOn ? draft.from : info.revision, saved };
    start(goOn ? draft.board : o.board);
    found.value = goOn ? { at: draft.at, from: draft.from, now: info.revision } : null;
    tabID.value = tab;
    selection.value = [];
    problem.value = '';
    conflict.value = null;
  });
}

function start(b: Board): void {
  history = new History(b);
  publish();
}

function publish(): void {
  if (!history) return;
  board.value = history.current;
  steps.value = { undo: history.canUndo, redo: history.canRedo };
  const b = history.current;
  const ids = new Set(currentTab(b).widgets.map((w) => w.id));
  if (selection.value.some((id) => !ids.has(id))) selection.value = selection.value.filter((id) => ids.has(id));
}

/** Begins anew from what is saved. */
export function startAnew(): void {
  const e = edit.value;
  if (!e) return;
  writeDraft(e.id, null);
  batch(() => {
    edit.value = { ...e, from: e.info.revision };
    start(JSON.parse(e.saved) as Board);
    found.value = null;
  });
}

/** Leaves the editor; the draft stays unless it is discarded. */
export function end(discard: boolean): void {
  const e = edit.value;
  if (!e) return;
  if (discard) writeDraft(e.id, null);
  batch(() => {
    edit.value = null;
    board.value = null;
    found.value = null;
  });
  history = null;
}

let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const e = edit.value;
  const b = board.value;
  clearTimeout(timer);
  if (!e || !b) return;
  const unsaved = JSON.stringify(b) !== e.saved;
  timer = setTimeout(() => writeDraft(e.id, unsaved ? { from: e.from, at: Date.now(), board: b } : null), 250);
});

export function currentTab(b: Board): Tab {
  return b.tabs.find((o) => o.id === tabID.value) ?? b.tabs[0]!;
}

/** Changes the board as one step. */
export function change(next: (b: Board) => Board, key = ''): void {
  if (!history) return;
  const before = history.current;
  const after = next(before);
  if (after === before) return;
  history.go(after, key);
  batch(publish);
}

export function undo(): void {
  if (history?.undo()) batch(publish);
}

export function redo(): void {
  if (history?.redo()) batch(publish);
}

export function changeTab(next: (tab: Tab) => Tab, key = ''): void {
  change((b) => {
    const tab = currentTab(b);
    const after = next(tab);
    return after === tab ? b : { ...b, tabs: b.tabs.map((o) => (o === tab ? after : o)) };
  }, key);
}

export function changeWidget(id: string, next: (w: Widget) => Widget, key = ''): void {
  changeTab((tab) => ({ ...tab, widgets: tab.widgets.map((w) => (w.id === id ? next(w) : w)) }), key && `${id} ${key}`);
}

/** Places as gridstack left them; whatever is added then lies on top. */
export function takePlaces(places: readonly { id: string; x: number; y: number; w: number; h: number }[], add?: { kind: Kind; x: number; y: number }): void {
  const at = new Map(places.map((p) => [p.id, p]));
  change((b) => {
    const tab = currentTab(b);
    let moved = false;
    let widgets = tab.widgets.map((w) => {
      const p = at.get(w.id);
      if (!p || (p.x === w.place.x && p.y === w.place.y && p.w === w.place.w && p.h === w.place.h)) return w;
      moved = true;
      return { ...w, place: { x: p.x, y: p.y, w: p.w, h: p.h } };
    });
    if (!moved && !add) return b;
    if (add) {
      const [w, h] = rules[add.kind].size;
      const made = newWidget(b, add.kind, { x: add.x, y: add.y, w, h });
      widgets = settle([...widgets, made], [made.id]);
      selection.value = [made.id];
    }
    return { ...b, tabs: b.tabs.map((o) => (o === tab ? { ...tab, widgets } : o)) };
  });
}

/** Adds a widget at the first free place; its id. */
export function add(kind: Kind): string {
  let id = '';
  change((b) => {
    const tab = currentTab(b);
    const [w, h] = rules[kind].size;
    const made = newWidget(b, kind, freePlace(tab.widgets, w, h));
    id = made.id;
    return { ...b, tabs: b.tabs.map((o) => (o === tab ? { ...tab, widgets: [...tab.widgets, made] } : o)) };
  });
  selection.value = [id];
  tell(t('added', { what: t(`kind_${kind}`) }));
  return id;
}

export function removeSelected(): void {
  const ids = selection.value;
  if (ids.length === 0) return;
  changeTab((tab) => ({ ...tab, widgets: tab.widgets.filter((w) => !ids.includes(w.id)) }));
  selection.value = [];
  tell(t('removed', { n: ids.length }));
}

export function duplicateSelected(): void {
  const b = board.value;
  if (!b || selection.value.length === 0) return;
  const tab = currentTab(b);
  const { widgets, made } = duplicate(b, tab, selection.value);
  changeTab(() => ({ ...tab, widgets }));
  selection.value = made;
}

/** Moves or resizes what is selected by cells; false if nothing gave way. */
export function nudge(dx: number, dy: number, dw: number, dh: number): boolean {
  const ids = selection.value;
  let moved = false;
  changeTab((tab) => {
    const chosen = tab.widgets.filter((w) => ids.includes(w.id));
    // together or not at all: what is selected keeps its order
    if (chosen.some((w) => w.place.x + dx < 0 || w.place.x + w.place.w + dx + dw > columns || w.place.y + dy < 0)) return tab;
    const widgets = tab.widgets.map((w) => {
      if (!ids.includes(w.id)) return w;
      const place = fit({ x: w.place.x + dx, y: w.place.y + dy, w: w.place.w + dw, h: w.place.h + dh }, w.kind);
      if (place.x === w.place.x && place.y === w.place.y && place.w === w.place.w && place.h === w.place.h) return w;
      moved = true;
      return { ...w, place };
    });
    return moved ? { ...tab, widgets: settle(widgets, ids) } : tab;
  }, `nudge ${dx || dy ? 'move' : 'size'} ${ids.join(' ')}`);
  return moved;
}

/** Saves the draft. Of a conflict it shows theirs. */
export async function save(note: string): Promise<void> {
  const e = edit.value;
  const b = board.value;
  if (!e || !b || saving.value) return;
  saving.value = true;
  problem.value = '';
  try {
    const info = await api.save(e.id, e.from, b, note);
    settled(e, info, b);
  } catch (cause) {
    if (cause instanceof ApiError && cause.status === 409) {
      try {
        conflict.value = await api.openBoard(e.id);
      } catch (other) {
        problem.value = textOf(other);
      }
    } else {
      problem.value = textOf(cause);
    }
  } finally {
    saving.value = false;
  }
}

function settled(e: Edit, info: BoardInfo, b: Board): void {
  batch(() => {
    edit.value = { ...e, info, from: info.revision, saved: JSON.stringify(b) };
    found.value = null;
    conflict.value = null;
  });
  writeDraft(e.id, null);
  tell(t('saved', { n: info.revision }));
  void load(e.id, 0);
}

/** Of a conflict: gives up the draft for theirs. */
export function takeTheirs(): void {
  const c = conflict.value;
  const e = edit.value;
  if (!c || !e) return;
  batch(() => {
    edit.value = { ...e, info: c.info, from: c.info.revision, saved: JSON.stringify(c.board) };
    start(c.board);
    conflict.value = null;
    found.value = null;
  });
  writeDraft(e.id, null);
  void load(e.id, 0);
}

/** Of a conflict: saves mine over theirs, which the reader has seen named. */
export async function overwrite(note: string): Promise<void> {
  const c = conflict.value;
  const e = edit.value;
  if (!c || !e) return;
  edit.value = { ...e, from: c.info.revision };
  conflict.value = null;
  await save(note);
}

/** Keeps the draft as a board of one's own; its id, or '' if that failed. */
export async function saveCopy(): Promise<string> {
  const e = edit.value;
  const b = board.value;
  if (!e || !b) return '';
  try {
    const copy: Board = { ...b, title: { zh: b.title.zh && `${b.title.zh} 副本`, en: b.title.en && `${b.title.en} copy` } };
    const info = await api.add(copy, t('noteCopy', { title: b.title.en || b.title.zh }));
    writeDraft(e.id, null);
    return info.id;
  } catch (cause) {
    problem.value = textOf(cause);
    return '';
  }
}

