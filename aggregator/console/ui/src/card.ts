// The figure shown on map and curves: the one in the address, if the reader sees it.

import { computed } from '@preact/signals';

import type { Card } from './country';
import { seenCards } from './live';
import { route } from './route';

export const card = computed<Card>(() => {
  const { card } = route.value;
  return seenCards.value.includes(card) ? card : (seenCards.value[0] ?? card);
});
