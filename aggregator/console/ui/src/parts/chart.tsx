import type { EChartsCoreOption } from 'echarts/core';
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { Chart as Drawn, Clicked } from '../charts';
import { t } from '../i18n';
import { link } from '../live';

type Library = typeof import('../charts');

const library = signal<Library | 'loading' | 'failed' | null>(null);
let attempt = 0;

// A browser remembers that a module could not be loaded, hence another address
// for another attempt. The bundler leaves this import alone.
async function load(): Promise<void> {
  if (library.value === 'loading') return; // another chart has begun
  library.value = 'loading';
  const address = attempt === 0 ? './charts.js' : `./charts.js?attempt=${attempt}`;
  attempt++;
  try {
    library.value = (await import(address)) as Library;
  } catch {
    library.value = 'failed';
  }
}

let preloaded = false;

/**
 * Has what draws fetched, before there is anything to draw. It is run once there is: what
 * needs no chart stands sooner.
 */
export function wantCharts(): void {
  if (preloaded || library.peek() !== null) return;
  preloaded = true;
  const ahead = document.createElement('link');
  ahead.rel = 'modulepreload';
  ahead.href = '/charts.js';
  document.head.append(ahead);
}

interface ChartProps {
  option: EChartsCoreOption;
  /** What the chart shows, in a sentence. */
  label: string;
  /** Called with what is clicked. */
  onPick?: ((c: Clicked) => void) | undefined;
  /** Told of the chart once it is drawn, and of null when it is gone. */
  handle?: ((drawn: Drawn | null) => void) | undefined;
}

/** An ECharts chart that fills its box, redrawn when option changes. */
export function Chart({ option, label, onPick, handle }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const newest = useRef(option);
  newest.current = option;
  const pick = useRef(onPick);
  pick.current = onPick;

  const lib = library.value;
  const alive = link.value === 'live';
  useEffect(() => {
    if (lib === null || (lib === 'failed' && alive)) void load();
  }, [lib === null, alive]);

  useEffect(() => {
    if (!box.current || lib === null || typeof lib === 'string') return;
    const element = box.current;
    // a chart made or resized in a box without size stays blank for good
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === 0 || element.clientHeight === 0) return;
      if (drawn.current) {
        drawn.current.resize();
        return;
      }
      drawn.current = lib.create(element);
      drawn.current.draw(newest.current);
      drawn.current.onClick((c) => pick.current?.(c));
      handle?.(drawn.current);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.current?.dispose();
      drawn.current = null;
      handle?.(null);
    };
  }, [lib]);

  useEffect(() => {
    drawn.current?.draw(option);
  }, [option]);

  if (lib === 'failed') {
    return (
      <div class="chart chart-message">
        <p>{t('chartFailed')}</p>
        <button type="button" class="button" onClick={() => void load()}>
          {t('retry')}
        </button>
      </div>
    );
  }
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}
