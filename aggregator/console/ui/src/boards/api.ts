// What boards ask of the server.

import { call, type Query, type Text } from '../api';
import type { Board, BoardInfo, Filters, Kind, Widget, WidgetAnswer } from './model';

const put = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

export interface Template {
  name: string;
  board: Board;
}

export interface Templates {
  templates: Template[];
  kinds: Kind[];
  colours: string[];
  columns: number;
}

export interface Share {
  who: string;
  edits: boolean;
}

export interface Revision {
  revision: number;
  by: string;
  at: string;
  note: string;
}

export interface Explanation {
  indicator: string;
  title: Text;
  unit: string;
  formula: Text;
  period: string;
  figure: number | null;
  before: number | null;
  times?: number;
  by?: number;
  numbers?: {
    role: 'value' | 'over' | 'beside';
    minus?: boolean;
    title: Text;
    fact?: string;
    measure?: string;
    counted?: string;
    ignores?: string[];
    from: string;
    to: string;
    number: number;
    before_from?: string;
    before_to?: string;
    before?: number;
  }[];
  strata?: { province: string; city: string; accounts: number; reporting: number; sum: number | null; left_out: boolean }[];
}

export interface ShareLink {
  id: string;
  name: string;
  board: string;
  title: Text;
  maker: string;
  path: string;
  filters: Filters;
  opens: { data: string; all: boolean; provinces: string[] }[];
  password: boolean;
  created: string;
  expires: string;
  revoked?: string;
  used?: string;
  uses: number;
}

export interface Links {
  links: ShareLink[];
  forbidden: boolean;
  password: boolean;
  max_days: number;
}

export interface NewLink {
  name: string;
  filters: Filters;
  provinces: string[];
  password: string;
  days: number;
}

export const links = (board: string) => call<Links>(`/api/v1/boards/${encodeURIComponent(board)}/links`, {});
export const newLink = (board: string, l: NewLink) => call<ShareLink>(`/api/v1/boards/${encodeURIComponent(board)}/links`, put('POST', l));
export const revokeLink = (id: string) => call<unknown>(`/api/v1/links/${id}`, { method: 'DELETE' });
export const list = (deleted: boolean) => call<{ boards: BoardInfo[] }>(`/api/v1/boards${deleted ? '?deleted=true' : ''}`, {});
export const add = (board: Board, note = '') => call<BoardInfo>('/api/v1/boards', put('POST', { board, note }));
export const openBoard = (id: string, revision = 0) =>
  call<{ info: BoardInfo; board: Board }>(`/api/v1/boards/${encodeURIComponent(id)}${revision ? `?revision=${revision}` : ''}`, {});
export const save = (id: string, from: number, board: Board, note: string) =>
  call<BoardInfo>(`/api/v1/boards/${encodeURIComponent(id)}`, put('PUT', { from, board, note }));
export const remove = (id: string) => call<BoardInfo>(`/api/v1/boards/${encodeURIComponent(id)}`, { method: 'DELETE' });
export const undelete = (id: string) => call<BoardInfo>(`/api/v1/boards/${encodeURIComponent(id)}/undelete`, { method: 'POST' });
export const revisions = (id: string) => call<{ revisions: Revision[] | null }>(`/api/v1/boards/${encodeURIComponent(id)}/revisions`, {});
export const restore = (id: string, revision: number) =>
  call<BoardInfo>(`/api/v1/boards/${encodeURIComponent(id)}/restore`, put('POST', { revision }));
export const shares = (id: string) => call<{ shares: Share[] }>(`/api/v1/boards/${encodeURIComponent(id)}/shares`, {});
export const share = (id: string, all: Share[]) =>
  call<BoardInfo>(`/api/v1/boards/${encodeURIComponent(id)}/shares`, put('PUT', { shares: all }));

// how old figures may be that are shown until there are new ones
const staleS = 600;

/** What a widget shows; if it may be old, rather the answer of a while ago at once than a new one later. */
export async function answer(widget: Widget, filters: Filters, signal: AbortSignal, mayBeOld = false): Promise<WidgetAnswer> {
  const { headers, ...rest } = put('POST', { widget, filters });
  let old = false;
  const init = { ...rest, headers: { ...headers, ...(mayBeOld ? { 'Cache-Control': `max-stale=${staleS}` } : {}) }, signal };
  const found = await call<WidgetAnswer>('/api/v1/boards/answer', init, (r) => (old = r.headers.has('Age')));
  return { ...found, old };
}

export const explain = (q: Query, signal: AbortSignal) => call<Explanation>('/api/v1/explain', { ...put('POST', q), signal });

let known: Promise<Templates> | null = null;

/** The templates; they do not change while the page is open. */
export function templates(): Promise<Templates> {
  known ??= call<Templates>('/api/v1/boards/templates', {}).catch((cause: unknown) => {
    known = null; // another attempt may do better
    throw cause;
  });
  return known;
}
