import * as api from '../api';
import { t } from '../i18n';

/** Ends the session and begins anew, at the sign-on provider if it had vouched. */
export function SignOut() {
  const leave = async () => {
    const go = await api.send<{ to: string }>('POST', '/api/v1/signout').catch(() => ({ to: '/' }));
    location.assign(go.to);
  };
  return (
    <button type="button" class="button" data-do="signout" onClick={() => void leave()}>
      {t('signOut')}
    </button>
  );
}
