// What reports, and the places to which they go, ask of the server.

import { call, send } from '../api';
import type { Filters } from './model';

export interface When {
  every: 'day' | 'week' | 'month';
  weekday?: number;
  day?: number;
  at: string;
  wait_minutes: number;
}

export interface Report {
  id: number;
  owner: string;
  name: string;
  board: string;
  filters: Filters;
  receivers: string[];
  form: 'xlsx' | 'html' | 'csv';
  lang: '' | 'zh' | 'en';
  when: When;
  paused: boolean;
  next: string | null;
}

export type NewReport = Omit<Report, 'id' | 'owner' | 'next'>;

export interface Sending {
  id: number;
  report: number;
  notice: number;
  title: string;
  due: string;
  by: string;
  late: string;
  person: string;
  kind: string;
  place: string;
  state: 'waiting' | 'handing' | 'sent' | 'refused' | 'failed' | 'unsure';
  attempts: number;
  code: string;
  detail: string;
  at: string;
}

export interface Missed {
  report: number;
  title: string;
  due: string;
}

export const kinds = ['mail', 'wecom', 'dingtalk', 'feishu', 'json'] as const;
export type PlaceKind = (typeof kinds)[number];

export interface Place {
  id: number;
  label: string;
  kind: PlaceKind;
  place: string;
  signed: boolean;
  reports: boolean;
  alerts: boolean;
}

export interface NewPlace {
  kind: PlaceKind;
  address: string;
  secret: string;
  label: string;
  reports: boolean;
  alerts: boolean;
}

export const reports = (board: string) => call<{ reports: Report[] }>(`/api/v1/reports?board=${encodeURIComponent(board)}`, {});
export const addReport = (r: NewReport) => send<Report>('POST', '/api/v1/reports', r);
export const setReport = (id: number, r: NewReport) => send<Report>('PUT', `/api/v1/reports/${id}`, r);
export const removeReport = (id: number) => send('DELETE', `/api/v1/reports/${id}`);
export const sendReport = (id: number) => send('POST', `/api/v1/reports/${id}/send`);
export const sendings = () => call<{ sendings: Sending[]; missed: Missed[] }>('/api/v1/reports/sendings?limit=50', {});
export const places = () => call<{ places: Place[] }>('/api/v1/me/places', {});
export const addPlace = (p: NewPlace) => send<Place>('POST', '/api/v1/me/places', p);
export const removePlace = (id: number) => send('DELETE', `/api/v1/me/places/${id}`);
export const testPlace = (id: number) => send<{ sent: boolean; code: string; detail: string }>('POST', `/api/v1/me/places/${id}/test`);
