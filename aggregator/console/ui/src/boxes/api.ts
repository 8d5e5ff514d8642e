// What the pages about boxes ask of the server.

import { call, send } from '../api';

/** How many boxes stand where with an update, each counted once. */
export interface Progress {
  offered: number;
  downloaded: number;
  trying: number;
  good: number;
  rolled_back: number;
  refused: number;
  others: number;
}

export interface Why {
  why: string;
  boxes: number;
}

export interface Row extends Progress {
  province: string;
  model: string;
  whys: Why[];
}

export interface Stage {
  percent: number;
  provinces: string[];
  models: string[];
}

export interface Release extends Stage {
  version: number;
  state: 'prepared' | 'running' | 'halted' | 'finished';
  agent: string;
  builds: string[];
  halted: boolean;
  why?: string;
  by?: string;
  published: string;
  moved: string;
  counted: boolean;
  sum: Progress;
  rows: Row[];
}

export interface Running {
  province: string;
  agent: string;
  build: string;
  model: string;
  version: number;
  boxes: number;
}

export interface Updates {
  releases: Release[];
  running: Running[];
  more: boolean;
}

export const updates = () => call<Updates>('/api/v1/updates', {});
export const halt = (version: number, why: string) => send<unknown>('POST', `/api/v1/updates/${version}/halt`, { why });
export const resume = (version: number) => send<unknown>('POST', `/api/v1/updates/${version}/resume`);
export const stage = (version: number, s: Stage) => send<unknown>('PUT', `/api/v1/updates/${version}/stage`, s);

/** Publishes what was signed and its program, one behind the other; signed is null if program holds both. */
export function publish(signed: Blob | null, program: Blob, s: Stage): Promise<{ version: number }> {
  const q = new URLSearchParams({ percent: String(s.percent) });
  if (s.provinces.length > 0) q.set('provinces', s.provinces.join(','));
  if (s.models.length > 0) q.set('models', s.models.join(','));
  const body = signed ? new Blob([signed, program]) : program;
  return call(`/api/v1/updates?${q}`, { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body });
}

export interface Sign {
  sign: string;
  detail: string;
  times: number;
  first: string;
  last: string;
}

export interface Box {
  box: string;
  serial?: string;
  province?: string;
  claim?: string;
  claimed: string;
  until: string | null;
  days: number;
  revoked: string | null;
  why?: string;
  allowed: string | null;
  renewing: boolean;
  signs: Sign[];
}

export interface Credential {
  id: string;
  name: string;
  province?: string;
  used: number;
  left: number | null;
  most: number;
  listed: number;
  made: string;
  expires: string | null;
  revoked: string | null;
}

export interface Refusal {
  box: string;
  serial: string;
  claim?: string;
  reason: string;
  detail: string;
  from?: string;
  times: number;
  last: string;
}

export const states = ['', 'ending', 'revoked', 'suspect'] as const;
export type State = (typeof states)[number];

export function boxes(search: string, state: State): Promise<{ boxes: Box[]; more: boolean }> {
  const q = new URLSearchParams({ limit: '50' });
  if (search) q.set('search', search);
  if (state) q.set('state', state);
  return call(`/api/v1/boxes/certificates?${q}`, {});
}
export const credentials = () => call<{ credentials: Credential[] }>('/api/v1/boxes/credentials', {});
export const trouble = () => call<{ refusals: Refusal[] }>('/api/v1/boxes/claims?limit=20', {});
export const revoke = (box: string, why: string) => send<unknown>('POST', `/api/v1/boxes/${encodeURIComponent(box)}/revoke`, { why });
export const allow = (box: string) => send<unknown>('POST', `/api/v1/boxes/${encodeURIComponent(box)}/allow`);
