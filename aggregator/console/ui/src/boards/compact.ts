// Whether a board's head has little room: a phone, upright or lying.

import { signal } from '@preact/signals';

/** The same as in style/compact.css. */
const little = '(max-width: 820px), (max-height: 500px)';

const found = typeof matchMedia === 'undefined' ? null : matchMedia(little);

/** True while the window is so small that figures come before tools. Reactive. */
export const compact = signal(found?.matches ?? false);

found?.addEventListener('change', (e) => {
  compact.value = e.matches;
});
