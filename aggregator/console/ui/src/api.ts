// The aggregator's JSON API, as the page sees it. Every call either returns
// what the server answered or throws an ApiError; nothing is retried here.

export type Lang = 'zh' | 'en';

/** A name in every language of the console. */
export type Text = Record<Lang, string>;

export interface IndicatorInfo {
  id: string;
  title: Text;
  unit: string;
  formula: Text;
  dimensions: string[];
}

export interface Catalogue {
  indicators: IndicatorInfo[];
  dimensions: { id: string; title: Text }[];
  units: { id: string; title: Text }[];
  /** Provinces with two digits, cities with four. */
  regions: { code: string; name: Text }[];
  grains: string[];
}

export type Grain = 'hour' | 'day' | 'week' | 'month' | 'total';

export interface Query {
  indicators: readonly string[];
  dimensions?: string[];
  filters?: { dimension: string; in: string[] }[];
  /** First and last civil day in Asia/Shanghai, both inclusive: 2026-11-22. */
  from: string;
  to: string;
  grain?: Grain;
  compare?: 'previous' | 'year';
  limit?: number;
  order?: string;
}

export type Cell = string | number | null;

export interface Answer {
  columns: { id: string; type: 'period' | 'dimension' | 'indicator'; unit?: string }[];
  rows: Cell[][];
  labels?: Record<string, Record<string, Text>> | null;
  /** The latest event in the figures; null while there is none. */
  as_of: string | null;
  rule_version: string;
  /** Share of the events sent that arrived, 0 to 1; null when nobody sent any. */
  completeness: number | null;
}

export interface Status {
  version: string;
  as_of: string | null;
  backlog_events: number;
  dirty_cells: number;
  boxes: number;
  streams: number;
  received_events: number;
  loaded_events: number;
  lost_events: number;
  quarantined_events: number;
  provinces: { code: string; boxes: number; received: number; lost: number; quarantined: number }[] | null;
}

/** What the server says on its stream when figures have moved. */
export interface Change {
  as_of: string;
  hours: string[];
  provinces: string[];
}

/**
 * An answer that is not one. status 0 means that no server answered; then code
 * is "unreachable". Otherwise code and message are the server's own.
 */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
    this.name = 'ApiError';
  }

  /** The reader must sign in first. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

export function catalogue(signal?: AbortSignal): Promise<Catalogue> {
  return call<Catalogue>('/api/v1/indicators', { signal: signal ?? null });
}

export function status(signal?: AbortSignal): Promise<Status> {
  return call<Status>('/api/v1/status', { signal: signal ?? null });
}

export function query(q: Query, signal?: AbortSignal): Promise<Answer> {
  return call<Answer>('/api/v1/query', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(q),
    signal: signal ?? null,
  });
}

/** The opened stream of changes; its body is read by the caller. */
export async function changes(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await open('/api/v1/changes', { headers: { Accept: 'text/event-stream' }, signal });
  if (!response.body) {
    throw new ApiError(0, 'unreachable', 'The server sent no stream.');
  }
  return response.body;
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  const response = await open(path, init);
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw new ApiError(0, 'unreachable', 'The answer broke off.');
  }
}

async function open(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw new ApiError(0, 'unreachable', 'The server does not answer.');
  }
  if (response.ok) return response;
  throw await refusal(response);
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { error?: { code?: string; message?: string } };
    if (body.error?.code) {
      return new ApiError(response.status, body.error.code, body.error.message ?? '');
    }
  } catch {
    // not the API's own error: a proxy's page, say; the status must do
  }
  return new ApiError(response.status, `http_${response.status}`, response.statusText);
}

export function isAbort(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'AbortError';
}
