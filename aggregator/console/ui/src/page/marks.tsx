// Whose page it is: through whose eyes it is seen, and the reader's name all over it.

import { useEffect, useRef } from 'preact/hooks';

import * as api from '../api';
import { t } from '../i18n';
import { me } from '../live';
import { dark } from '../prefs';
import { tile } from '../mark';

/** Says that an administrator looks through somebody's eyes. */
export function AsOther() {
  const who = me.value;
  if (!who?.by) return null;
  const end = async () => {
    await api.send('POST', '/api/v1/view-as/end').catch(() => undefined);
    location.reload();
  };
  return (
    <div class="banner banner-other" role="status" data-as={who.name}>
      <div>
        <strong>{t('asOther', { name: who.display || who.name })}</strong>
      </div>
      <button type="button" class="button" data-do="end-view-as" onClick={() => void end()}>
        {t('endAsOther')}
      </button>
    </div>
  );
}

/** The reader's name and the day, faint and everywhere, if it is switched on. */
export function Watermark() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const mark = me.value?.mark ?? '';
  const isDark = dark.value;
  useEffect(() => {
    const paint = () => {
      const c = canvas.current;
      if (!c) return;
      c.width = innerWidth;
      c.height = innerHeight;
      const ink = c.getContext('2d');
      if (ink) tile(ink, mark, c.width, c.height, isDark ? 'rgb(255 255 255 / 9%)' : 'rgb(0 0 0 / 8%)');
    };
    paint();
    addEventListener('resize', paint);
    return () => removeEventListener('resize', paint);
  }, [mark, isDark]);
  return mark ? <canvas ref={canvas} class="watermark" data-mark={mark} aria-hidden="true" /> : null;
}
