import { toast } from './widget';

/** What was just done, said once, also aloud. */
export function Toast() {
  return (
    <div class={`toast ${toast.value ? 'toast-shown' : ''}`} role="status">
      {toast.value}
    </div>
  );
}
