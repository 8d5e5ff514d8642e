// What may be done with an open board: a row of buttons, or one button with a menu where
// there is little room.

import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { compact } from './compact';
import { Sign } from './dialog';
import { t } from './words';

export interface Tool {
  id: string;
  text: string;
  hint?: string;
  main?: boolean;
  /** It cannot be done at the moment. */
  off?: boolean;
  act: () => void;
}

export function Tools({ tools }: { tools: Tool[] }) {
  if (compact.value) return <Menu tools={tools} />;
  return (
    <div class="board-tools">
      {tools.map((o) => (
        <button key={o.id} type="button" class={`button ${o.main ? 'button-main' : ''}`} data-do={o.id} title={o.hint} disabled={o.off} onClick={o.act}>
          {o.text}
        </button>
      ))}
    </div>
  );
}

/** A menu as readers' software knows it: arrows, Home and End, first letters; Escape goes back to its button. */
function Menu({ tools }: { tools: Tool[] }) {
  const [open, setOpen] = useState<'first' | 'last' | ''>('');
  const whole = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const items = () => [...(whole.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];

  useEffect(() => {
    if (!open) return;
    items().at(open === 'last' ? -1 : 0)?.focus();
    const elsewhere = (e: Event) => {
      if (!whole.current?.contains(e.target as Node)) setOpen('');
    };
    document.addEventListener('pointerdown', elsewhere);
    document.addEventListener('focusin', elsewhere);
    return () => {
      document.removeEventListener('pointerdown', elsewhere);
      document.removeEventListener('focusin', elsewhere);
    };
  }, [open]);

  const close = () => {
    setOpen('');
    button.current?.focus();
  };
  const key = (e: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to =
      e.key === 'ArrowDown' ? (at + 1) % all.length
      : e.key === 'ArrowUp' ? (at + all.length - 1) % all.length
      : e.key === 'Home' ? 0
      : e.key === 'End' ? all.length - 1
      : e.key.length === 1 && e.key !== ' ' ? startsWith(all, at, e.key)
      : -1;
    if (e.key === 'Escape') close();
    else if (e.key === 'Tab') return setOpen(''); // and on to what follows the button
    else if (to < 0) return;
    else all[to]?.focus();
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <div class="tool-menu" ref={whole}>
      <button
        ref={button}
        type="button"
        class="button tool-menu-open"
        data-do="tools"
        aria-haspopup="menu"
        aria-expanded={open !== ''}
        aria-controls={open ? id : undefined}
        aria-label={t('tools')}
        title={t('tools')}
        onClick={() => (open ? close() : setOpen('first'))}
        onKeyDown={(e) => {
          if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
          e.preventDefault();
          setOpen(e.key === 'ArrowUp' ? 'last' : 'first');
        }}
      >
        <Sign of="more" />
      </button>
      {open && (
        <div class="tool-menu-items" id={id} role="menu" aria-label={t('tools')} onKeyDown={key}>
          {tools.map((o) => (
            <button
              key={o.id}
              type="button"
              role="menuitem"
              tabIndex={-1}
              data-do={o.id}
              title={o.hint}
              aria-disabled={o.off ? 'true' : undefined}
              onClick={() => {
                if (o.off) return;
                close(); // first: a dialog gives the focus back to where it was
                o.act();
              }}
            >
              {o.text}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** The next item after `at` that begins with a letter; -1: none does. */
function startsWith(all: HTMLElement[], at: number, letter: string): number {
  const begins = (n: number) => all[n % all.length]!.innerText.toLowerCase().startsWith(letter.toLowerCase());
  for (let n = at + 1; n <= at + all.length; n++) if (begins(n)) return n % all.length;
  return -1;
}
