import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

import { still } from '../prefs';

const lastsMs = 600;

/**
 * A number that glides to its new value; it jumps if the reader wants less
 * movement, and where there was no number before.
 */
export function Count({ value, write }: { value: number | null; write: (n: number | null) => string }) {
  const span = useRef<HTMLSpanElement>(null);
  const drawn = useRef<number | null>(null);
  const frame = useRef(0);

  useLayoutEffect(() => {
    cancelAnimationFrame(frame.current);
    const from = drawn.current;
    const draw = (n: number | null) => {
      drawn.current = n;
      if (span.current) span.current.textContent = write(n);
    };
    if (from === null || value === null || from === value || still.value || document.hidden) {
      draw(value);
      return;
    }
    const whole = Number.isInteger(value);
    const began = performance.now();
    const step = (at: number) => {
      const way = Math.min(1, Math.max(0, (at - began) / lastsMs));
      if (way === 1) return draw(value);
      const n = from + (value - from) * (1 - (1 - way) ** 3);
      draw(whole ? Math.round(n) : n);
      frame.current = requestAnimationFrame(step);
    };
    frame.current = requestAnimationFrame(step);
  }, [value, write]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  return <span class="count" ref={span} />;
}
