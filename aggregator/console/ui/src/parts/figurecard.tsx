import type { ComponentChildren } from 'preact';
import { useCallback } from 'preact/hooks';

import type { Lang } from '../api';
import { figure } from '../format';
import { Count } from './count';
import { Spark } from './spark';

export interface FigureCardProps {
  id: string;
  title: string;
  hint: string;
  unit: string;
  lang: Lang;
  value: number | null;
  /** What stands under the number: a comparison, a rate. */
  note: ComponentChildren;
  /** The closed hours of today; the running one would look like a fall. */
  today: (number | null)[];
  yesterday: (number | null)[];
  chosen: boolean;
  onChoose: () => void;
}

/** One figure as a button that puts it on the map and the curves. */
export function FigureCard(p: FigureCardProps) {
  const { unit, lang } = p;
  const write = useCallback((n: number | null) => figure(n, unit, lang, 'card'), [unit, lang]);
  return (
    <button
      type="button"
      class="figure"
      aria-pressed={p.chosen}
      data-figure={p.id}
      title={`${p.title}: ${figure(p.value, unit, lang, 'full')}\n${p.hint}`}
      onClick={p.onChoose}
    >
      <span class="figure-title">{p.title}</span>
      <span class="figure-value">
        <Count value={p.value} write={write} />
      </span>
      <span class="figure-note">{p.note}</span>
      <Spark today={p.today} yesterday={p.yesterday} />
    </button>
  );
}
