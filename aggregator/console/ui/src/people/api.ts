// What the pages about people ask of the server.

import { call, send, type Me, type Scope, type Text } from '../api';

export interface Grant extends Scope {
  role?: string;
  data?: string;
}

export interface Given extends Grant {
  by: string;
  holds: boolean;
  mapped?: boolean;
}

export interface Person {
  name: string;
  display: string;
  language: string;
  department: string;
  disabled: boolean;
  password: boolean;
  totp: boolean;
  /** They are bound to somebody at the sign-on provider. */
  sign_on: boolean;
  grants: Given[];
  holds: ({ data: string } & Scope)[];
  powers: string[];
  managed: boolean;
}

export interface People {
  people: Person[];
  may_give: ({ data: string } & Scope)[];
  powers: string[];
}

export interface Role {
  name: string;
  title: Text;
  data: string[];
  powers: string[];
  built_in: boolean;
}

export interface Entry {
  no: number;
  at: string;
  who: string;
  by: string;
  what: string;
  whom: string;
  place: string;
  detail: string;
}

export interface Session {
  id: string;
  created: string;
  seen: string;
  place: string;
  agent: string;
  here: boolean;
}

export interface Options {
  watermark: boolean;
  admin_totp: boolean;
  no_links: string[];
}

export type Opened = { data: string } & Scope;

/** A part of what somebody holds; an empty list is all of it. */
export interface Part {
  data: string[];
  provinces: string[];
}

export interface Token {
  id: string;
  name: string;
  owner: string;
  opens: Opened[];
  admin: boolean;
  mine: boolean;
  created: string;
  expires?: string;
  used?: string;
}

export interface Identities {
  sign_on: string;
  identities: { issuer: string; username: string; bound: string; seen: string }[];
}

export interface ShareLink {
  id: string;
  name: string;
  board: string;
  title: Text;
  maker: string;
  opens: Opened[];
  password: boolean;
  expires: string;
  revoked?: string;
  used?: string;
  uses: number;
}

export interface EmbedKey {
  id: string;
  name: string;
  maker: string;
  origins: string[];
  boards: string[];
  opens: Opened[];
  revoked?: string;
  used?: string;
  uses: number;
}

export interface OwnBoard {
  id: string;
  title: Text;
  owns: boolean;
}

const one = (name: string) => `/api/v1/people/${encodeURIComponent(name)}`;

export const people = () => call<People>('/api/v1/people', {});
export const roles = () => call<{ roles: Role[] }>('/api/v1/roles', {});
export const add = (p: { name: string; display: string; department: string; grants: Grant[] }) => send<Person>('POST', '/api/v1/people', p);
export const setGrants = (name: string, grants: Grant[]) => send<Person>('PUT', `${one(name)}/grants`, { grants });
export const setProfile = (name: string, p: { display: string; language: string; department: string }) => send<Person>('PUT', one(name), p);
export const link = (name: string) => send<{ path: string; expires: string }>('POST', `${one(name)}/link`);
export const act = (name: string, what: 'disable' | 'enable' | 'reset-totp' | 'unbind') => send<Person>('POST', `${one(name)}/${what}`);
export const viewAs = (name: string) => send<Me>('POST', '/api/v1/view-as', { name });
export const trail = (before: number, person: string) =>
  call<{ entries: Entry[]; more: boolean }>(`/api/v1/trail?limit=50${before ? `&before=${before}` : ''}${person ? `&person=${encodeURIComponent(person)}` : ''}`, {});
export const options = () => call<Options>('/api/v1/options', {});
export const setOptions = (o: Options) => send<Options>('PUT', '/api/v1/options', o);
export const setOwn = (display: string, language: string) => send<Me>('PUT', '/api/v1/me', { display, language });
export const setPassword = (old: string, next: string) => send<unknown>('POST', '/api/v1/me/password', { old, new: next });
export const sessions = () => call<{ sessions: Session[] }>('/api/v1/me/sessions', {});
export const endSession = (id: string) => send<unknown>('DELETE', `/api/v1/me/sessions/${id}`);
export const newTOTP = () => send<{ secret: string; uri: string }>('POST', '/api/v1/me/totp');
export const confirmTOTP = (code: string) => send<{ codes: string[] }>('POST', '/api/v1/me/totp/confirm', { code });
export const endTOTP = (code: string) => send<unknown>('POST', '/api/v1/me/totp/end', { code });
export const tokens = (all: boolean) => call<{ tokens: Token[] }>(`/api/v1/tokens${all ? '?all=true' : ''}`, {});
export const newToken = (name: string, days: number, part: Part | null) => send<Token & { secret: string }>('POST', '/api/v1/tokens', { name, days, ...part });
export const revokeToken = (id: string) => send<unknown>('DELETE', `/api/v1/tokens/${id}`);
export const embedKeys = (all: boolean) => call<{ keys: EmbedKey[] }>(`/api/v1/embed-keys${all ? '?all=true' : ''}`, {});
export const newEmbedKey = (k: { name: string; origins: string[]; boards: string[] } & Partial<Part>) => send<{ id: string; secret: string }>('POST', '/api/v1/embed-keys', k);
export const revokeEmbedKey = (id: string) => send<unknown>('DELETE', `/api/v1/embed-keys/${id}`);
export const ownBoards = () => call<{ boards: OwnBoard[] }>('/api/v1/boards', {});
export const links = () => call<{ links: ShareLink[] }>('/api/v1/links?all=true', {});
export const revokeLink = (id: string) => send<unknown>('DELETE', `/api/v1/links/${id}`);
export const identities = () => call<Identities>('/api/v1/me/signon', {});
export const bind = () => send<{ to: string }>('POST', '/api/v1/me/signon');
export const unbind = () => send<unknown>('DELETE', '/api/v1/me/signon');
export const setRole = (name: string, r: { title: Text; data: string[]; powers: string[] }) => send<unknown>('PUT', `/api/v1/roles/${encodeURIComponent(name)}`, r);
export const removeRole = (name: string) => send<unknown>('DELETE', `/api/v1/roles/${encodeURIComponent(name)}`);
