// Where the reader is: a place and the figure shown, kept in the address so
// that "back" works and a link leads to the same view.

import { signal } from '@preact/signals';

import { cards, type Card, type Place } from './country';

export interface Route {
  place: Place;
  card: Card;
}

const home: Route = { place: '', card: 'active_boxes' };

export const route = signal<Route>(parse(typeof location === 'undefined' ? '' : location.hash));

if (typeof window !== 'undefined') {
  window.addEventListener('hashchange', () => {
    route.value = parse(location.hash);
  });
}

/** Goes somewhere; what is left out stays. */
export function go(to: Partial<Route>): void {
  const next = { ...route.value, ...to };
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
