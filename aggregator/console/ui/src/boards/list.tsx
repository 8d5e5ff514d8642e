// The boards there are: the reader's own, those shared with them, the bin; and the
// templates to begin from.

import { useEffect, useState } from 'preact/hooks';

import { ApiError } from '../api';
import { at } from '../calendar';
import { dayName } from '../format';
import { LostBanner } from '../page/states';
import { Segmented } from '../parts/segmented';
import { lang } from '../prefs';
import * as api from './api';
import { Sign } from './dialog';
import { say, type Board, type BoardInfo } from './model';
import { ShareDialog } from './share';
import { openPath, templateMark } from './state';
import { Toast } from './toast';
import { tell } from './widget';
import { t } from './words';

type Which = 'mine' | 'shared' | 'bin';

/** A title that says whose copy it is. */
export function copyOf(board: Board): Board {
  const copy = structuredClone(board);
  if (copy.title.zh) copy.title.zh += ' 副本';
  if (copy.title.en) copy.title.en += ' copy';
  return copy;
}

export function blankBoard(): Board {
  return {
    schema: 1,
    title: { zh: '新看板', en: 'New board' },
    about: { zh: '', en: '' },
    filters: { period: { last: 31, unit: 'day' } },
    tabs: [{ id: 't1', title: { zh: '概览', en: 'Overview' }, widgets: [] }],
  };
}

export function ListPage() {
  const l = lang.value;
  const [which, setWhich] = useState<Which>('mine');
  const [boards, setBoards] = useState<BoardInfo[] | null>(null);
  const [templates, setTemplates] = useState<api.Template[]>([]);
  const [problem, setProblem] = useState('');
  const [sharing, setSharing] = useState<BoardInfo | null>(null);
  const [round, setRound] = useState(0);

  useEffect(() => {
    let gone = false;
    setProblem('');
    api
      .list(which === 'bin')
      .then((got) => {
        if (!gone) setBoards(got.boards);
      })
      .catch((cause: unknown) => {
        if (!gone) setProblem(textOf(cause));
      });
    return () => {
      gone = true;
    };
  }, [which === 'bin', round]);
  useEffect(() => {
    api
      .templates()
      .then((got) => setTemplates(got.templates))
      .catch((cause: unknown) => setProblem(textOf(cause)));
  }, []);

  const run = async (job: () => Promise<unknown>, said: string) => {
    try {
      await job();
      tell(said);
      setRound((n) => n + 1);
    } catch (cause) {
      setProblem(textOf(cause));
    }
  };
  const make = async (board: Board) => {
    try {
      const info = await api.add(board, t('noteMade'));
      openPath(info.id);
    } catch (cause) {
      setProblem(textOf(cause));
    }
  };
  const shown = (boards ?? []).filter((b) => which === 'bin' || b.mine === (which === 'mine'));
  return (
    <main id="figures" tabIndex={-1} class="boards-list">
      <LostBanner />
      {problem && (
        <div class="banner banner-problem" role="alert">
          <p>{problem}</p>
          <button type="button" class="button" onClick={() => setRound((n) => n + 1)}>
            {t('again')}
          </button>
        </div>
      )}
      <section class="panel" aria-labelledby="boards-kept">
        <header class="panel-head">
          <div class="panel-words">
            <h2 id="boards-kept">{t('keptBoards')}</h2>
          </div>
          <Segmented<Which>
            class="choose-list"
            label={t('whichBoards')}
            value={which}
            options={[
              { value: 'mine', text: t('mine') },
              { value: 'shared', text: t('shared') },
              { value: 'bin', text: t('bin') },
            ]}
            onChoose={(w) => {
              if ((w === 'bin') !== (which === 'bin')) setBoards(null);
              setWhich(w);
            }}
          />
        </header>
        {boards === null && !problem && <p class="quiet">{t('loading')}</p>}
        {boards && shown.length === 0 && <p class="quiet">{t(which === 'mine' ? 'noneMine' : which === 'shared' ? 'noneShared' : 'noneBin')}</p>}
        {shown.length > 0 && (
          <ul class="boards-kept">
            {shown.map((b) => {
              const title = say(b.title, l);
              const changed = at(Date.parse(b.changed));
              return (
                <li key={b.id} data-board={b.id}>
                  {which === 'bin' ? <span class="boards-name">{title}</span> : <a class="boards-name" href={`#/boards/${b.id}`}>{title}</a>}
                  <span class="quiet boards-meta">
                    {!b.mine && `${b.owner} · `}
                    {t('changedBy', { who: b.by, when: `${dayName(changed.day, l)} ${changed.clock.slice(0, 5)}` })}
                    {!b.edits && ` · ${t('seeOnly')}`}
                  </span>
                  <span class="boards-tools">
                    {which === 'bin' ? (
                      b.owns && (
                        <button type="button" class="button" onClick={() => void run(() => api.undelete(b.id), t('takenBack', { title }))}>
                          {t('takeBack')}
                        </button>
                      )
                    ) : (
                      <>
                        <button type="button" class="button" aria-label={t('duplicateThis', { title })} onClick={() => void run(async () => api.add(copyOf((await api.openBoard(b.id)).board), t('noteCopy', { title })), t('duplicated', { title }))}>
                          {t('duplicate')}
                        </button>
                        {b.owns && (
                          <>
                            <button type="button" class="button" aria-label={t('shareThis', { title })} onClick={() => setSharing(b)}>
                              {t('share')}
                            </button>
                            <button type="button" class="button" aria-label={t('deleteThis', { title })} onClick={() => void run(() => api.remove(b.id), t('inBin', { title }))}>
                              {t('delete')}
                            </button>
                          </>
                        )}
                      </>
                    )}
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </section>
      <section class="panel" aria-labelledby="boards-new">
        <header class="panel-head">
          <div class="panel-words">
            <h2 id="boards-new">{t('newBoard')}</h2>
            <p class="panel-note">{t('newBoardHint')}</p>
          </div>
        </header>
        <ul class="templates">
          <li class="template template-blank">
            <h3>{t('blank')}</h3>
            <p>{t('blankAbout')}</p>
            <span class="template-tools">
              <button type="button" class="button button-main" data-new="" onClick={() => void make(blankBoard())}>
                <Sign of="plus" /> {t('begin')}
              </button>
            </span>
          </li>
          {templates.map((tpl) => (
            <li key={tpl.name} class="template" data-template={tpl.name}>
              <h3>{say(tpl.board.title, l)}</h3>
              <p>{say(tpl.board.about, l)}</p>
              <p class="quiet">
                {tpl.board.tabs.map((tab) => say(tab.title, l)).join(' · ')}
              </p>
              <span class="template-tools">
                <button type="button" class="button button-main" data-new={tpl.name} aria-label={t('beginFrom', { title: say(tpl.board.title, l) })} onClick={() => void make(tpl.board)}>
                  <Sign of="plus" /> {t('begin')}
                </button>
                <a class="button" href={`#/boards/${templateMark}${tpl.name}`} aria-label={t('lookAt', { title: say(tpl.board.title, l) })}>
                  {t('look')}
                </a>
              </span>
            </li>
          ))}
        </ul>
      </section>
      {sharing && <ShareDialog board={sharing} onClose={() => setSharing(null)} />}
      <Toast />
    </main>
  );
}

export function textOf(cause: unknown): string {
  return cause instanceof ApiError ? `${cause.message} (${cause.code})` : String(cause);
}
