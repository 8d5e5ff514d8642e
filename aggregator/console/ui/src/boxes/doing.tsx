import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { t } from './words';

/** Asks again so many milliseconds after the last answer, while somebody looks; a failure is the next time's to mend. */
export function useEvery(ms: number, ask: () => Promise<void>): void {
  useEffect(() => {
    let timer = 0;
    const later = () => {
      timer = window.setTimeout(async () => {
        if (document.visibilityState === 'visible') await ask().catch(() => undefined);
        if (timer) later();
      }, ms);
    };
    later();
    return () => {
      clearTimeout(timer);
      timer = 0;
    };
  }, []);
}

interface SureProps {
  /** What it is, for tests and styles: data-do is this, and this-sure. */
  name: string;
  text: string;
  question: string;
  yes: string;
  /** Asks for a reason, which is given on; an example of one. */
  why?: string;
  class?: string;
  disabled?: boolean;
  onYes: (why: string) => void;
}

/** A button that asks once more before it does what it says. */
export function Sure({ name, text, question, yes, why, class: more, disabled, onYes }: SureProps) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button type="button" class={`button ${more ?? ''}`} data-do={name} disabled={disabled} onClick={() => setAsking(true)}>
        {text}
      </button>
    );
  }
  return (
    <form
      class="sure people-form"
      aria-label={text}
      onSubmit={(e) => {
        e.preventDefault();
        const said = String(new FormData(e.currentTarget).get('why') ?? '').trim();
        if (why && !said) return;
        setAsking(false);
        onYes(said);
      }}
    >
      <p role="alert">{question}</p>
      {why && (
        <label>
          <span>{t('reason')}</span>
          <input name="why" required maxLength={60} placeholder={why} autocomplete="off" ref={(e) => e?.focus()} />
        </label>
      )}
      <div class="people-acts">
        <button type="submit" class="button button-bad" data-do={`${name}-sure`}>
          {yes}
        </button>
        <button type="button" class="button" onClick={() => setAsking(false)}>
          {t('cancel')}
        </button>
      </div>
    </form>
  );
}

/** A word on a ground of its colour, with a sign: colours alone tell nobody everything. */
export function State({ kind, children }: { kind: 'good' | 'run' | 'warn' | 'bad' | 'plain'; children: ComponentChildren }) {
  const sign = { good: '✓', run: '▶', warn: '▲', bad: '■', plain: '○' }[kind];
  return (
    <span class={`box-state box-state-${kind}`}>
      <span aria-hidden="true">{sign}</span> {children}
    </span>
  );
}
