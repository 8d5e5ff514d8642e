import { useEffect, useState } from 'preact/hooks';

import { me } from '../live';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import * as api from './api';
import { Said, useDoing } from '../parts/doing';
import { field } from './field';
import { t } from './doorwords';
import { Narrow, opensText } from './narrow';
import { Once } from './tokens';
import { clock } from '../calendar';

/** Keys with which others' servers sign what their pages show of boards. */
export function EmbedKeys({ all }: { all: boolean }) {
  const [list, setList] = useState<api.EmbedKey[]>([]);
  const { said, busy, run } = useDoing();
  const load = async () => setList((await api.embedKeys(all)).keys);
  useEffect(() => void run(load), []);
  return (
    <Panel id="embed-keys" title={t('embedKeys')} label={t('embedKeys')} note={t('embedHint')}>
      <ul class="sessions">
        {list.map((k) => (
          <li key={k.id} data-key={k.id}>
            <p>
              <strong>{k.name}</strong> <code>{k.id}</code> {k.revoked && <span class="tag">{t('revoked')}</span>}
            </p>
            <p class="quiet">{k.origins.join(' ')}</p>
            {!k.revoked && <p class={k.opens.length === 0 ? 'warn' : 'quiet'}>{opensText(k.opens)}</p>}
            <p class="quiet">
              {t('ofWhom', { name: k.maker })} · {t('usedTimes', { n: k.uses })} {k.used && `· ${t('lastUsed', { when: clock(k.used) })}`}
            </p>
            {!k.revoked && (
              <button
                type="button"
                class="button"
                data-do="revoke-key"
                disabled={busy}
                onClick={() => {
                  if (confirm(t('revokeSure', { name: k.name }))) void run(async () => (await api.revokeEmbedKey(k.id), await load(), t('revoked')));
                }}
              >
                {t('revoke')}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Said said={said} />
      {me.value?.person && !me.value.by && <Make reload={load} />}
    </Panel>
  );
}

function Make({ reload }: { reload: () => Promise<void> }) {
  const l = lang.value;
  const [boards, setBoards] = useState<api.OwnBoard[]>([]);
  const [chosen, setChosen] = useState<string[]>([]);
  const [part, setPart] = useState<api.Part | null>(null);
  const [made, setMade] = useState<{ id: string; secret: string } | null>(null);
  const { said, busy, run } = useDoing();
  useEffect(() => void run(async () => setBoards((await api.ownBoards()).boards.filter((b) => b.owns))), []);
  const make = (e: Event) => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const [name, origins] = [field(e, 'name').trim(), field(e, 'origins').split(/\s+/).filter(Boolean)];
    void run(async () => {
      setMade(await api.newEmbedKey({ name, origins, boards: chosen, ...part }));
      form.reset();
      setChosen([]);
      setPart(null);
      await reload();
    });
  };
  if (boards.length === 0) return <p class="quiet">{t('embedNoBoards')}</p>;
  return (
    <form class="people-form" onSubmit={make}>
      <h3>{t('makeKey')}</h3>
      <label>
        <span>{t('label')}</span>
        <input name="name" required maxLength={60} autocomplete="off" />
      </label>
      <label>
        <span>{t('origins')}</span>
        <textarea name="origins" required rows={2} placeholder="https://portal.example.com" spellcheck={false} />
      </label>
      <div class="provinces" role="group" aria-label={t('boards')}>
        {boards.map((b) => (
          <label key={b.id} class="check">
            <input type="checkbox" data-board={b.id} checked={chosen.includes(b.id)} onChange={(e) => setChosen(e.currentTarget.checked ? [...chosen, b.id] : chosen.filter((o) => o !== b.id))} /> {b.title[l] || b.title.en || b.title.zh}
          </label>
        ))}
      </div>
      <Narrow part={part} onChange={setPart} />
      <button type="submit" class="button" data-do="make-key" disabled={busy || chosen.length === 0}>
        {t('make')}
      </button>
      <Said said={said} />
      {made && (
        <>
          <Once label={t('secret')} secret={made.secret} hint={t('keyOnce')} />
          <p class="quiet">{t('keyUse')}</p>
          <pre class="example">{`header  {"alg":"HS256","typ":"JWT","kid":"${made.id}"}
claims  {"board":"…","provinces":["33"],"exp":…}
<iframe src="${location.origin}/embed?token=…">`}</pre>
        </>
      )}
    </form>
  );
}
