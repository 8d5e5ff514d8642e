// What the pages about own data sources ask of the server.

import { call, send, type Text } from '../api';

export interface Column {
  field: string;
  name: string;
  title: Text;
  type: string;
  unit?: string;
}

export interface Definition {
  name: string;
  title: Text;
  kind: string;
  columns: Column[];
  address?: string;
  database?: string;
  user?: string;
  tls?: boolean;
  query?: string;
  path?: string;
  sheet?: string;
  every_minutes?: number;
  keep?: number;
}

export interface Preview {
  columns: Column[];
  rows: string[][];
}

export interface View {
  name: string;
  title: Text;
  kind: string;
  owner: string;
  version: number;
  rows: number;
  rejected: number;
  at: string | null;
  tried: string | null;
  due: string | null;
  fault: string;
  dated: boolean;
  placed: boolean;
  dimensions: string[];
  figures: string[];
  provinces: string[];
  all: boolean;
  manages: boolean;
}

export interface Fault {
  row: number;
  column?: string;
  value?: string;
  code: string;
  text: string;
}

export interface Read {
  rows: number;
  rejected: number;
  counts: Record<string, number>;
  faults: Fault[];
}

export interface Version {
  version: number;
  at: string | null;
  by: string;
  bytes: number;
  holds: boolean;
  read: Read;
}

export interface Details {
  view: View;
  definition: Definition;
  has_secret: boolean;
  versions: Version[];
  failed?: Read;
}

export interface List {
  sources: View[];
  makes: boolean;
  kinds: string[];
  types: string[];
}

const one = (name: string) => `/api/v1/sources/${encodeURIComponent(name)}`;

export const list = () => call<List>('/api/v1/sources', {});
export const details = (name: string) => call<Details>(one(name), {});
export const upload = (file: File) =>
  call<{ upload: string; preview: Preview }>('/api/v1/sources/uploads', { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: file });
export const look = (definition: Definition, secret: string) => send<{ preview: Preview }>('POST', '/api/v1/sources/try', { definition, ...(secret ? { secret } : {}) });
export const add = (definition: Definition, secret: string, file: string) =>
  send<Details>('POST', '/api/v1/sources', { definition, ...(secret ? { secret } : {}), ...(file ? { upload: file } : {}) });
export const change = (definition: Definition, secret: string, file: string) =>
  send<Details>('PUT', one(definition.name), { definition, ...(secret ? { secret } : {}), ...(file ? { upload: file } : {}) });
export const refresh = (name: string, file: string) => send<Details>('POST', `${one(name)}/refresh`, file ? { upload: file } : {});
export const restore = (name: string, version: number) => send<Details>('POST', `${one(name)}/restore`, { version });
export const remove = (name: string) => send<unknown>('DELETE', one(name));
