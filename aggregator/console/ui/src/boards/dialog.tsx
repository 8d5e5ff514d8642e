import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

import { t } from './words';

interface DialogProps {
  title: string;
  onClose: () => void;
  wide?: boolean;
  /** It comes from below, for thumbs. */
  sheet?: boolean;
  children: ComponentChildren;
}

/** A dialog over the page; Escape and the cross close it. */
export function Dialog({ title, onClose, wide, sheet, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={`dialog ${wide ? 'dialog-wide' : ''} ${sheet ? 'dialog-sheet' : ''}`}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onKeyDown={(e) => e.stopPropagation()}
      onClick={(e) => {
        if (e.target === box.current) onClose();
      }}
    >
      <div class="dialog-box">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label={t('close')} title={t('close')} onClick={onClose}>
            <Sign of="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

const signs = {
  close: 'M4 4l8 8M12 4l-8 8',
  info: 'M8 7.2v4M8 4.6v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 6.5v6',
  chart: 'M2.5 2.5v11h11M5 10l3-4 2.5 2L13.500 4.500',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  csv: 'M8 2.500v7M5 7l3 3 3-3M3 13h10',
  image: 'M2.500 3.500h11v9h-11zM2.500 11l3.500-3.500 2.500 2.500 2-2 3 3M10.500 6.200v.1',
  large: 'M9.500 2.500h4v4M6.500 13.500h-4v-4M13.500 2.500 9 7M2.500 13.500 7 9',
  more: 'M3.500 8v.1M8 8v.1M12.500 8v.1',
  plus: 'M8 3v10M3 8h10',
  undo: 'M5.500 3 2.500 6l3 3M2.500 6h6.500a4 4 0 0 1 0 8H6',
  redo: 'M10.500 3l3 3-3 3M13.500 6H7a4 4 0 0 0 0 8h3',
  bin: 'M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.6 9h5.800l.6-9',
  left: 'M9.500 3.500 5 8l4.500 4.500',
  right: 'M6.500 3.500 11 8l-4.500 4.500',
} as const;

export function Sign({ of }: { of: keyof typeof signs }) {
  return (
    <svg class={`icon ${of === 'more' ? 'icon-dots' : ''}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={signs[of]} />
    </svg>
  );
}
