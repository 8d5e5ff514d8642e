import { useEffect, useState } from 'preact/hooks';

import { may } from '../live';
import * as api from './api';
import { Dialog, Sign } from './dialog';
import { textOf } from './list';
import { LinksPanel } from './links';
import type { BoardInfo, Filters } from './model';
import { tell } from './widget';
import { t } from './words';

/** With whom a board is shared: everybody, or names. What is seen stays everyone's own. */
export function ShareDialog({ board, filters = {}, onClose }: { board: BoardInfo; filters?: Filters; onClose: () => void }) {
  const [shares, setShares] = useState<api.Share[] | null>(null);
  const [name, setName] = useState('');
  const [problem, setProblem] = useState('');
  useEffect(() => {
    api
      .shares(board.id)
      .then((got) => setShares(got.shares))
      .catch((cause: unknown) => setProblem(textOf(cause)));
  }, [board.id]);
  const set = (who: string, edits: boolean | null) =>
    setShares((all) => [...(all ?? []).filter((s) => s.who !== who), ...(edits === null ? [] : [{ who, edits }])]);
  const everybody = shares?.find((s) => s.who === '*');
  const level = everybody ? (everybody.edits ? 'edit' : 'see') : 'no';
  const keep = async () => {
    try {
      await api.share(board.id, shares ?? []);
      tell(t('sharesKept'));
      onClose();
    } catch (cause) {
      setProblem(textOf(cause));
    }
  };
  return (
    <Dialog title={t('share')} onClose={onClose}>
      <form
        class="shares"
        onSubmit={(e) => {
          e.preventDefault();
          void keep();
        }}
      >
        <p class="quiet">{t('shareHint')}</p>
        {problem && (
          <p class="widget-problem" role="alert">
            {problem}
          </p>
        )}
        {shares && (
          <>
            <label class="field">
              <span>{t('everybody')}</span>
              <select data-pick="everybody" value={level} onChange={(e) => set('*', e.currentTarget.value === 'no' ? null : e.currentTarget.value === 'edit')}>
                <option value="no">{t('shareNo')}</option>
                <option value="see">{t('shareSee')}</option>
                <option value="edit">{t('shareEdit')}</option>
              </select>
            </label>
            {shares
              .filter((s) => s.who !== '*')
              .map((s) => (
                <div class="share-row" key={s.who}>
                  <span>{s.who}</span>
                  <select aria-label={t('mayDo', { who: s.who })} value={s.edits ? 'edit' : 'see'} onChange={(e) => set(s.who, e.currentTarget.value === 'edit')}>
                    <option value="see">{t('shareSee')}</option>
                    <option value="edit">{t('shareEdit')}</option>
                  </select>
                  <button type="button" class="icon-button" aria-label={t('unshare', { who: s.who })} onClick={() => set(s.who, null)}>
                    <Sign of="close" />
                  </button>
                </div>
              ))}
            <div class="share-row">
              <input
                aria-label={t('name')}
                placeholder={t('name')}
                maxLength={100}
                value={name}
                onInput={(e) => setName(e.currentTarget.value)}
                onKeyDown={(e) => {
                  if (e.key !== 'Enter' || !name.trim()) return;
                  e.preventDefault();
                  set(name.trim(), false);
                  setName('');
                }}
              />
              <button
                type="button"
                class="button"
                disabled={!name.trim()}
                onClick={() => {
                  set(name.trim(), false);
                  setName('');
                }}
              >
                {t('addName')}
              </button>
            </div>
          </>
        )}
        <div class="dialog-foot">
          <button type="submit" class="button button-main" disabled={!shares}>
            {t('keep')}
          </button>
        </div>
      </form>
      {may('share_links') && <LinksPanel board={board} filters={filters} />}
    </Dialog>
  );
}
