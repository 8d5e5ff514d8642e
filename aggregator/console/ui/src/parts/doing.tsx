import { useState } from 'preact/hooks';

import { ApiError } from '../api';

/** Runs what somebody does, one at a time, and keeps what came of it, to be said. */
export function useDoing() {
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (doing: () => Promise<string | void>) => {
    setBusy(true);
    setSaid(null);
    try {
      const text = await doing();
      if (text) setSaid({ text, bad: false });
    } catch (cause) {
      setSaid({ text: cause instanceof ApiError ? cause.message : String(cause), bad: true });
    }
    setBusy(false);
  };
  return { said, busy, run };
}

/** What came of it. */
export function Said({ said }: { said: { text: string; bad: boolean } | null }) {
  if (!said) return null;
  return (
    <p class={said.bad ? 'said said-bad' : 'said'} role={said.bad ? 'alert' : 'status'}>
      {said.text}
    </p>
  );
}
