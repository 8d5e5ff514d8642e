// Where the reader is: a place and the figure shown, kept in the address so
// that "back" works and a link leads to the same view.

import { batch, signal } from '@preact/signals';

import { cards, type Card, type Place } from './country';

export interface Route {
  place: Place;
  card: Card;
}

const home: Route = { place: '', card: 'active_boxes' };

export const route = signal<Route>(parse(typeof location === 'undefined' ? '' : location.hash));

/** A place on the page of data quality: nothing, or a province's day, or a file of it. */
export interface QualityRoute {
  province: string;
  day: string;
  file: string;
}

/** Where the reader is on the page of data quality; null: on the other one. */
export const qualityRoute = signal<QualityRoute | null>(parseQuality(typeof location === 'undefined' ? '' : location.hash));

/** The parts of the page of insights. */
export const sections = ['changed', 'posters', 'taste', 'products', 'unusual', 'leaving'] as const;
export type Section = (typeof sections)[number];

/** A place on the page of insights: a part, a province ('': all) and a figure. */
export interface InsightRoute {
  section: Section;
  place: Place;
  indicator: string;
}

/** Where the reader is on the page of insights; null: on another one. */
export const insightRoute = signal<InsightRoute | null>(parseInsight(typeof location === 'undefined' ? '' : location.hash));

/** What follows #/boards in the address, for boards to read; null: on another page. */
export const boardsRoute = signal<string | null>(parseBoards(typeof location === 'undefined' ? '' : location.hash));

/** What follows #/ of the pages about people: account, people, people/li, trail, own data: data, data/sales, or boxes: boxes, boxes/certificates; null: on another page. */
export const peopleRoute = signal<string | null>(parsePeople(typeof location === 'undefined' ? '' : location.hash));

/** Goes to a page about people. */
export function goPeople(to: string): void {
  if (`#/${to}` !== location.hash) history.pushState(null, '', `#/${to}`);
  peopleRoute.value = to;
}

/** #/people/li and the like; anything else is null. */
export function parsePeople(hash: string): string | null {
  return /^#\/(account|people|trail|data|boxes|apps|setup)(\/|$)/.test(hash) ? hash.slice(2) : null;
}

/** Goes somewhere among the boards; replace: not a step to go back through. */
export function goBoards(rest: string, replace = false): void {
  const hash = `#/boards${rest}`;
  if (hash !== location.hash) history[replace ? 'replaceState' : 'pushState'](null, '', hash);
  boardsRoute.value = rest;
}

/** The rest of #/boards…; anything else is null. */
export function parseBoards(hash: string): string | null {
  return /^#\/boards(\/|$)/.test(hash) ? hash.slice('#/boards'.length) : null;
}

if (typeof window !== 'undefined') {
  window.addEventListener('hashchange', () => {
    batch(() => {
      qualityRoute.value = parseQuality(location.hash);
      insightRoute.value = parseInsight(location.hash);
      boardsRoute.value = parseBoards(location.hash);
      peopleRoute.value = parsePeople(location.hash);
      if (!qualityRoute.value && !insightRoute.value && boardsRoute.value === null && peopleRoute.value === null) route.value = parse(location.hash);
    });
  });
}

/** Goes somewhere on the page of insights; what is left out stays. */
export function goInsight(to: Partial<InsightRoute>): void {
  const next = { ...(insightRoute.value ?? parseInsight('#/insights')!), ...to };
  const hash = formatInsight(next);
  if (hash === location.hash) return;
  history.pushState(null, '', hash);
  insightRoute.value = next;
}

/** #/insights/posters/33/plays; anything else is null. */
export function parseInsight(hash: string): InsightRoute | null {
  const [, page = '', section = '', place = '', indicator = ''] = hash.replace(/^#/, '').split('/');
  if (page !== 'insights') return null;
  return {
    section: (sections as readonly string[]).includes(section) ? (section as Section) : 'changed',
    place: /^\d{2}$/.test(place) ? place : '',
    indicator: /^[a-z_]+$/.test(indicator) ? indicator : 'plays',
  };
}

export function formatInsight(r: InsightRoute): string {
  return `#/insights/${r.section}/${r.place || 'all'}/${r.indicator}`;
}

/** Goes to the page of data quality, or to a day or file on it. */
export function goQuality(to: Partial<QualityRoute> = {}): void {
  const next = { province: '', day: '', file: '', ...to };
  const hash = formatQuality(next);
  if (hash === location.hash) return;
  // from one day to the next is not a step one wants to go back through
  if (qualityRoute.value?.day && next.day) history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
  qualityRoute.value = next;
}

/** #/quality/33/2026-11-21/<id of a file>; anything else is null. */
export function parseQuality(hash: string): QualityRoute | null {
  const [, page = '', province = '', day = '', file = ''] = hash.replace(/^#/, '').split('/');
  if (page !== 'quality') return null;
  const chosen = /^\d{2}$/.test(province) && /^\d{4}-\d{2}-\d{2}$/.test(day);
  if (!chosen) return { province: '', day: '', file: '' };
  return { province, day, file: /^[0-9a-f]{32}$/.test(file) ? file : '' };
}

export function formatQuality(r: QualityRoute): string {
  return '#' + ['', 'quality', r.province, r.day, r.file].join('/').replace(/\/+$/, '');
}

/** Goes somewhere in the country; what is left out stays. */
export function go(to: Partial<Route>): void {
  const next = { ...route.value, ...to };
  if (qualityRoute.value || insightRoute.value) {
    history.pushState(null, '', format(next));
    batch(() => {
      qualityRoute.value = null;
      insightRoute.value = null;
      route.value = next;
    });
    return;
  }
  // choosing another figure is not a step one wants to go back through
  if (next.place === route.value.place) history.replaceState(null, '', format(next));
  else history.pushState(null, '', format(next));
  route.value = next;
}

/** #/33/plays; anything unknown is the whole country's first figure. */
export function parse(hash: string): Route {
  const [, place = '', card = ''] = hash.replace(/^#/, '').split('/');
  return {
    place: /^\d{2}$/.test(place) ? place : home.place,
    card: (cards as readonly string[]).includes(card) ? (card as Card) : home.card,
  };
}

export function format(r: Route): string {
  return `#/${r.place || 'all'}/${r.card}`;
}
