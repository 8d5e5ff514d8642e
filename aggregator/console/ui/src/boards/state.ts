// The board that is open, where the reader is on it, and what they have turned.

import { computed, effect, signal } from '@preact/signals';

import { ApiError } from '../api';
import { at as momentAt } from '../calendar';
import { asOf } from '../live';
import { boardsRoute, goBoards } from '../route';
import * as api from './api';
import { formatAt, parseAt, under, withWhere, without, type At, type Board, type BoardInfo, type Filters, type Tab } from './model';

export interface Opened {
  id: string;
  /** Null of a template, which nobody owns. */
  info: BoardInfo | null;
  board: Board;
  /** An older revision is looked at. */
  revision: number;
}

/** Ids of templates as addresses have them. */
export const templateMark = '~';

export const at = computed<At>(() => parseAt(boardsRoute.value ?? ''));
export const opened = signal<Opened | null>(null);
export const openProblem = signal<ApiError | null>(null);

/** The reader's own filters; they are in the address, so that a link shows the same. */
export const reader = computed<Filters>(() => at.value.filters);

export function tabOf(board: Board): Tab {
  return board.tabs.find((t) => t.id === at.value.tab) ?? board.tabs[0]!;
}

/** Filters around the widgets of a tab: the board's, the tab's, the reader's. */
export function around(board: Board, tab: Tab, turned: Filters = reader.value): Filters {
  return under(under(board.filters, tab.filters), turned);
}

export function go(to: Partial<At>, replace = false): void {
  goBoards(formatAt({ ...at.peek(), ...to }), replace);
}

export function openPath(id: string): void {
  goBoards(formatAt({ id, tab: '', filters: {}, revision: 0 }));
}

export function setReader(f: Filters): void {
  go({ filters: f }, true);
}

/** Holds a dimension to what was clicked; the same click again lets go. */
export function cross(dimension: string, value: string): void {
  const f = reader.peek();
  const had = f.where?.find((w) => w.dimension === dimension);
  if (had && !had.not && had.in.length === 1 && had.in[0] === value) setReader(without(f, dimension));
  else setReader(withWhere(f, dimension, [value]));
}

/** Today in Shanghai, by the server's clock. */
export function today(): string {
  return (asOf.value ?? momentAt(Date.now())).day;
}

let loading = '';

/** Opens a board, or opens it anew. */
export async function load(id: string, revision: number): Promise<void> {
  const mine = `${id}@${revision}`;
  loading = mine;
  openProblem.value = null;
  try {
    let found: Opened;
    if (id.startsWith(templateMark)) {
      const all = await api.templates();
      const tpl = all.templates.find((t) => t.name === id.slice(1));
      if (!tpl) throw new ApiError(404, 'not_found', `There is no template ${id.slice(1)}.`);
      found = { id, info: null, board: tpl.board, revision: 0 };
    } else {
      const { info, board } = await api.openBoard(id, revision);
      found = { id, info, board, revision };
    }
    if (loading === mine) opened.value = found;
  } catch (cause) {
    if (loading === mine) openProblem.value = cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause));
  }
}

/** Keeps the open board in step with the address; call once. */
export function follow(): void {
  effect(() => {
    const { id, revision } = at.value;
    const have = opened.peek();
    if (!id) {
      opened.value = null;
      return;
    }
    if (have?.id === id && have.revision === revision) return;
    opened.value = null;
    void load(id, revision);
  });
}
