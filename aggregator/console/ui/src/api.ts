// The aggregator's JSON API, as the page sees it. Every call either returns
// what the server answered or throws an ApiError; nothing is retried here.

import { t } from './i18n';
import { lang } from './prefs';

export type Lang = 'zh' | 'en';

/** A name in every language of the console. */
export type Text = Record<Lang, string>;

export interface IndicatorInfo {
  id: string;
  title: Text;
  unit: string;
  formula: Text;
  dimensions: string[];
  /** The data sets that it is made of, its own first. */
  data: string[];
  /** The own data source that it is a figure of. */
  source?: string;
}

export interface Catalogue {
  indicators: IndicatorInfo[];
  /** filters_only: figures are filtered by it and not grouped. */
  dimensions: { id: string; title: Text; filters_only?: boolean }[];
  units: { id: string; title: Text }[];
  /** Provinces with two digits, cities with four. */
  regions: { code: string; name: Text }[];
  grains: string[];
  data_sets: { id: string; title: Text; about: Text }[];
}

export type Grain = 'hour' | 'day' | 'week' | 'month' | 'total';

export interface Query {
  indicators: readonly string[];
  dimensions?: string[];
  filters?: { dimension: string; in: string[]; not?: boolean }[];
  /** First and last civil day in Asia/Shanghai, both inclusive: 2026-11-22. */
  from: string;
  to: string;
  grain?: Grain;
  compare?: 'previous' | 'year' | 'month';
  align?: 'weekday' | 'holiday' | '';
  like_for_like?: boolean;
  /** Which viewing counts; edited if it is left out. */
  edit?: 'edited' | 'raw';
  limit?: number;
  order?: string;
  top?: number;
  totals?: boolean;
}

export type Cell = string | number | null;

export interface Answer {
  columns: { id: string; type: 'period' | 'dimension' | 'indicator'; unit?: string }[];
  rows: Cell[][];
  /** With top: what all other groups make; with totals: all together. */
  others?: Cell[][];
  totals?: Cell[][];
  labels?: Record<string, Record<string, Text>> | null;
  /** Of broadcasts among the cells: what they were, and when. */
  airings?: Record<string, { name: string; from: string; to: string }>;
  /** What does not count in like-for-like and projected figures. */
  left_out?: { indicator: string; cells: Record<string, string>; why: string; periods: string[] }[];
  left_out_more?: number;
  /** The latest event in the figures; null while there is none. */
  as_of: string | null;
  rule_version: string;
  /** Of figures of viewing, which counts, and by which edit rules. */
  edit?: 'edited' | 'raw';
  edit_versions?: string[];
  /** The own data sources in it, and how old each is. */
  sources?: { name: string; title: Text; at: string | null; failing?: boolean }[];
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
  /** Whether the counts are shown to this reader; else they are 0. */
  open: boolean;
  provinces: { code: string; boxes: number; received: number; lost: number; quarantined: number }[] | null;
}

export type Verdict = 'none' | 'good' | 'attention' | 'bad';

export interface Reason {
  verdict: Verdict;
  code: string;
  feed: string;
  text: Text;
}

export type FeedState = 'not_due' | 'pending' | 'arrived' | 'late' | 'missing';

/** What came of a feed that speaks of a day; records are of the files that are in. */
export interface FeedDay {
  feed: string;
  state: FeedState;
  due: number;
  lacking: number;
  due_at: string | null;
  files: number;
  refused: number;
  waiting: number;
  records: number;
  rejected: number;
  outcome: string;
  why: string;
  received: string | null;
}

export interface Balance {
  told: boolean;
  before: number;
  opening: number;
  new: number;
  resumed: number;
  moved_in: number;
  suspended: number;
  cancelled: number;
  moved_out: number;
  after: number;
  error: number;
}

/** How good the data of a province and day is. */
export interface QualityRow {
  province: string;
  day: string;
  verdict: Verdict;
  reasons: Reason[];
  feeds: FeedDay[];
  balance: Balance;
  untold: number | null;
  genre_unknown: number | null;
  place_unknown: number | null;
  box_coverage: number | null;
  events: DayEvents;
}

/** What boxes told of a day, and what is known to be lost of it; shares are percentages. */
export interface DayEvents {
  told: boolean;
  events: number;
  clock_synced: number | null;
  clock_unsynced: number | null;
  lost: number;
  loss_rate: number | null;
  repeated_batches: number;
}

/** What boxes of a province sent since the beginning. */
export interface QualityProvince {
  code: string;
  verdict: Verdict;
  reasons: Reason[];
  received: number;
  lost: number;
  quarantined: number;
}

export interface Quality {
  as_of: string;
  provinces: QualityProvince[];
  rows: QualityRow[];
}

/** What became of a province's file. */
export interface FeedFile {
  id: string;
  province: string;
  feed: string;
  name: string;
  day: string;
  outcome: string;
  records: number;
  accepted: number;
  rejected: number;
  repeated: number;
  why: string;
  counts: Record<string, number>;
  received: string | null;
}

export interface FeedFault {
  line: number;
  field: string;
  code: string;
  text: string;
  raw: string;
}

/** A province or city and its name. */
export interface PlaceName {
  code: string;
  name: Text;
}

/** What a group has to do with a change. */
export interface Mover {
  cell: string;
  name: Text;
  now: number | null;
  before: number | null;
  change: number;
  share: number | null;
  rate: number;
  mix: number;
}

/** What explains a change; every side adds up to it. */
export interface Movers {
  indicator: string;
  title: Text;
  unit: string;
  now: number | null;
  before: number | null;
  change: number | null;
  percent: number | null;
  text: Text;
  sides: { dimension: string; title: Text; text: Text; movers: Mover[]; rest: Mover; overlap: Mover }[];
}

/** A poster that does worse or better in a place than elsewhere. */
export interface Poster {
  place: PlaceName;
  page: string;
  area: string;
  slot: string;
  content: string;
  verdict: 'worse' | 'better';
  rate: number;
  elsewhere: number;
  q: number;
  missed: number;
  text: Text;
}

export interface Posters {
  text: Text;
  suppressed: number;
  cut: boolean;
  rows: Poster[];
}

export interface Positions {
  text: Text;
  normalised: { content: string; positions: number; shown: number; clicks: number; expected: number; rate: number; index: number; sure: boolean }[];
  dead: { page: string; area: string; slot: string; shown: number; text: Text }[];
}

/** A place's taste for something. */
export interface Liking {
  place: PlaceName;
  cell: string;
  name: Text;
  verdict: 'more' | 'less';
  share: number;
  base: number;
  index: number;
  text: Text;
}

export interface Taste {
  text: Text;
  unknown: number | null;
  suppressed: number;
  rows: Liking[];
}

/** What is watched and hardly shown, or the other way. */
export interface Gap {
  place: PlaceName;
  cell: string;
  name: Text;
  verdict: 'hidden' | 'pushed';
  watched: number;
  offered: number;
  text: Text;
}

export interface Offer {
  text: Text;
  rows: Gap[];
}

/** A figure, that of as many days before, and the change by percent. */
export interface MovedFigure {
  value: number | null;
  before: number | null;
  change: number | null;
}

/** A product; numbers that are too small to be shown are null. */
export interface Product {
  product: string;
  name: Text;
  orders: MovedFigure;
  revenue: MovedFigure;
  viewers: MovedFigure;
  completion: MovedFigure;
  return_rate: MovedFigure;
  error_rate: MovedFigure;
  weak: { verdict: 'unwatched' | 'unfinished' | 'unreturned' | 'failing'; text: Text }[];
  text: Text;
}

export interface Products {
  text: Text;
  suppressed: number;
  rows: Product[];
}

export interface Anomaly {
  indicator: string;
  place: PlaceName;
  score: number;
  text: Text;
}

export interface Anomalies {
  day: string;
  text: Text;
  rows: Anomaly[];
}

export interface RiskStep {
  from: number;
  points: number;
  title: Text;
  accounts: number | null;
}

/** Numbers that are too small to be shown are null. */
export interface Risk {
  text: Text;
  accounts: number;
  classes: { class: 'high' | 'middle' | 'low' | 'unobserved'; accounts: number | null; share: number | null }[];
  signs: { sign: string; title: Text; accounts: number | null; steps: RiskStep[] }[];
  suppressed: number;
  rows: { place: PlaceName; high: number | null; middle: number | null; share: number | null }[];
}

export interface Lift {
  sign: string;
  step: number;
  title: Text;
  points: number | null;
  share: number;
  base: number;
  lift: number | null;
  low: number | null;
  high: number | null;
  verdict: 'more' | 'less' | 'unsure';
  text: Text;
}

export interface Departures {
  text: Text;
  suppressed: number;
  rows: Lift[];
}

export interface AlertRule {
  id: number;
  name: string;
  indicator: string;
  title: Text;
  unit: string;
  provinces: string[];
  grain: string;
  kind: string;
  level: number;
  hold: number;
  firing: string[];
  judged: number;
  receivers: string[];
}

export interface AlertNotice {
  id: number;
  rule: number;
  province: string;
  firing: boolean;
  period: string;
  text: Text;
}

export interface Alerts {
  rules: AlertRule[];
  notices: AlertNotice[];
}

export interface NewRule {
  indicator: string;
  provinces: string[];
  grain: string;
  kind: string;
  level: number;
  hold: number;
  /** Names of people who are told beside the reader. */
  receivers: string[];
}

/** What the server says on its stream when figures have moved. */
export interface Change {
  as_of: string;
  hours: string[];
  provinces: string[];
  /** Own data sources of which other rows hold. */
  sources?: string[];
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

  /** The reader must sign in first, or has not done so to the end. */
  get signedOut(): boolean {
    return this.status === 401 || this.code === 'needs_code' || this.code === 'needs_totp';
  }
}

/** Where something is open: all provinces, also ones that report later, or these. */
export interface Scope {
  all: boolean;
  provinces: string[];
}

/** Who asks, what they may see and do. */
export interface Me {
  name: string;
  display: string;
  language: '' | Lang;
  department: string;
  roles: string[];
  powers: string[];
  holds: ({ data: string } & Scope)[];
  /** What is still to be done before anything else. */
  needs: '' | 'code' | 'totp';
  /** Who looks through this person's eyes; '' is they themselves. */
  by: string;
  person: boolean;
  password: boolean;
  totp: boolean;
  /** What pages and files carry; '' is nothing. */
  mark: string;
}

/** A request that changes something, with JSON in its body. */
export function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  return call<T>(path, body === undefined ? { method } : { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

export function me(signal?: AbortSignal): Promise<Me> {
  return call<Me>('/api/v1/me', { signal: signal ?? null });
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

export function quality(from: string, to: string, signal?: AbortSignal): Promise<Quality> {
  return call<Quality>(`/api/v1/quality?from=${from}&to=${to}`, { signal: signal ?? null });
}

/** The files of a province that speak of a day, the latest first. */
export function feedFiles(province: string, day: string, limit: number, signal?: AbortSignal): Promise<{ files: FeedFile[]; more: boolean }> {
  return call(`/api/v1/feeds/files?province=${province}&from=${day}&to=${day}&limit=${limit}`, { signal: signal ?? null });
}

/** The first faults of a file, as it was sent; for administrators. */
export function feedFaults(id: string, limit: number, signal?: AbortSignal): Promise<{ faults: FeedFault[]; more: boolean }> {
  return call(`/api/v1/feeds/files/${id}/faults?limit=${limit}`, { signal: signal ?? null });
}

/** An insight: its kind and what it takes, as movers?from=... */
export function insight<T>(question: string, signal?: AbortSignal): Promise<T> {
  return call<T>(`/api/v1/insights/${question}`, { signal: signal ?? null });
}

export function addRule(rule: NewRule): Promise<AlertRule> {
  return call('/api/v1/insights/rules', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(rule) });
}

export function removeRule(id: number): Promise<{ removed: number }> {
  return call(`/api/v1/insights/rules/${id}`, { method: 'DELETE' });
}

/** The opened stream of changes; its body is read by the caller. */
export async function changes(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await request('/api/v1/changes', { headers: { Accept: 'text/event-stream' }, signal });
  if (!response.body) {
    throw new ApiError(0, 'unreachable', t('noStream'));
  }
  return response.body;
}

/** Asks the server; for the parts of the page that come later and know their own questions. */
export async function call<T>(path: string, init: RequestInit, look?: (r: Response) => void): Promise<T> {
  const response = await request(path, init);
  look?.(response);
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw new ApiError(0, 'unreachable', t('brokeOff'));
  }
}

// Answers that boot.js has asked for, each good for one question. A refusal is asked for
// again: in the page's language.
const early = (globalThis as { early?: Record<string, Promise<Response | null>> }).early ?? {};

/**
 * Asks the server in the page's language, in which it refuses; for what is no JSON. Throws
 * an ApiError unless it answers as asked.
 */
export async function request(path: string, init: RequestInit): Promise<Response> {
  const first = init.method ? undefined : early[path];
  if (first) {
    delete early[path];
    const answer = await first;
    if (answer?.ok) return answer;
  }
  const headers = new Headers(init.headers);
  headers.set('Accept-Language', lang.peek());
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init, headers });
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw new ApiError(0, 'unreachable', t('noAnswer'));
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
