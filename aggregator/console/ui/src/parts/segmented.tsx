import type { ComponentChildren } from 'preact';

interface SegmentedProps<T extends string> {
  class?: string;
  label: string;
  value: T;
  options: { value: T; text: ComponentChildren; label?: string }[];
  onChoose: (value: T) => void;
}

/** A few exclusive choices side by side, each a button of its own. */
export function Segmented<T extends string>({ class: className, label, value, options, onChoose }: SegmentedProps<T>) {
  return (
    <div class={`segmented ${className ?? ''}`} role="group" aria-label={label}>
      {options.map((o) => (
        <button
          key={o.value}
          type="button"
          aria-pressed={o.value === value}
          aria-label={o.label}
          title={o.label}
          data-value={o.value}
          onClick={() => onChoose(o.value)}
        >
          {o.text}
        </button>
      ))}
    </div>
  );
}
