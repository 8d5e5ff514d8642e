import { useEffect, useState } from 'preact/hooks';

import { at } from '../calendar';
import * as api from './api';
import { Dialog } from './dialog';
import { textOf } from './list';
import type { BoardInfo } from './model';
import { t } from './words';

/** What is kept of a board; each can be looked at before it is restored. */
export function RevisionsDialog({ info, onClose, onLook }: { info: BoardInfo; onClose: () => void; onLook: (revision: number) => void }) {
  const [all, setAll] = useState<api.Revision[] | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    api
      .revisions(info.id)
      .then((got) => setAll(got.revisions ?? []))
      .catch((cause: unknown) => setProblem(textOf(cause)));
  }, [info.id]);
  return (
    <Dialog title={t('revisions')} onClose={onClose}>
      {problem && (
        <p class="widget-problem" role="alert">
          {problem}
        </p>
      )}
      {!all && !problem && <p class="quiet">{t('loading')}</p>}
      <ol class="revisions">
        {(all ?? []).map((r) => {
          const when = at(Date.parse(r.at));
          return (
            <li key={r.revision} data-revision={r.revision}>
              <span class="revision-number">{r.revision}</span>
              <span class="revision-words">
                <span>{r.note || t('noNote')}</span>
                <span class="quiet">
                  {r.by} · {when.day} {when.clock}
                </span>
              </span>
              {r.revision !== info.revision ? (
                <button type="button" class="button" aria-label={t('lookAtRevision', { n: r.revision })} onClick={() => onLook(r.revision)}>
                  {t('look')}
                </button>
              ) : (
                <span class="tag">{t('newest')}</span>
              )}
            </li>
          );
        })}
      </ol>
    </Dialog>
  );
}
