import { useMemo } from 'preact/hooks';

import { at } from '../calendar';
import { lang } from '../prefs';
import { Dialog } from './dialog';
import { conflict, end, overwrite, saveCopy, takeTheirs } from './edit';
import { differences, type Board } from './model';
import { openPath } from './state';
import { titleFor } from './widget';
import { t } from './words';

/** Somebody else has saved: what differs, and the three ways on. */
export function ConflictDialog({ mine, id, note, onEnd }: { mine: Board; id: string; note: string; onEnd: () => void }) {
  const c = conflict.value;
  const l = lang.value;
  const diff = useMemo(() => (c ? differences(mine, c.board, l, titleFor) : null), [c, mine, l]);
  if (!c || !diff) return null;
  const when = at(Date.parse(c.info.changed));
  const list = (all: string[]) => all.slice(0, 12).join(', ') + (all.length > 12 ? ` +${all.length - 12}` : '');
  return (
    <Dialog title={t('conflict')} onClose={() => (conflict.value = null)}>
      <div class="conflict">
        <p>
          {t('conflictSays')}{' '}
          <strong>
            {c.info.by} · {when.day} {when.clock} · {c.info.revision}
          </strong>
        </p>
        <h3>{t('conflictDiffers', { n: c.info.revision })}</h3>
        <ul class="conflict-diff">
          {diff.added.length > 0 && <li>{t('diffAdded', { list: list(diff.added) })}</li>}
          {diff.gone.length > 0 && <li>{t('diffGone', { list: list(diff.gone) })}</li>}
          {diff.changed.length > 0 && <li>{t('diffChanged', { list: list(diff.changed) })}</li>}
          {diff.added.length + diff.gone.length + diff.changed.length === 0 && <li>{t('diffSame')}</li>}
        </ul>
        <p>
          <a class="button" href={`#/boards/${id}@${c.info.revision}`} target="_blank" rel="noopener">
            {t('conflictLook')}
          </a>
        </p>
        <div class="conflict-ways">
          <button type="button" class="button" data-do="theirs" onClick={takeTheirs}>
            {t('conflictTheirs')} <span class="quiet">{t('conflictTheirsHint')}</span>
          </button>
          <button
            type="button"
            class="button"
            data-do="copy"
            onClick={() =>
              void saveCopy().then((copy) => {
                if (!copy) return;
                end(true);
                onEnd();
                openPath(copy);
              })
            }
          >
            {t('conflictCopy')} <span class="quiet">{t('conflictCopyHint')}</span>
          </button>
          <button type="button" class="button" data-do="overwrite" onClick={() => void overwrite(note)}>
            {t('conflictOver')} <span class="quiet">{t('conflictOverHint')}</span>
          </button>
        </div>
      </div>
    </Dialog>
  );
}
