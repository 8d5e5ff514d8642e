import { useEffect, useState } from 'preact/hooks';

import { Panel } from '../parts/panel';
import * as api from './api';
import { deed } from './deeds';
import { Said, useDoing } from '../parts/doing';
import { field } from './field';
import { AdminTabs } from './tabs';
import { clock } from '../calendar';
import { t } from './words';

/** Who did what, the newest first. */
export function TrailPage() {
  const [entries, setEntries] = useState<api.Entry[]>([]);
  const [more, setMore] = useState(false);
  const [person, setPerson] = useState('');
  const { said, busy, run } = useDoing();
  const load = (before: number, who: string) =>
    run(async () => {
      const got = await api.trail(before, who);
      setEntries((old) => (before ? [...old, ...got.entries] : got.entries));
      setMore(got.more);
    });
  useEffect(() => void load(0, person), [person]);
  const name = (who: string) => (who === '(machine)' ? t('machine') : who === '(stranger)' ? t('stranger') : who);
  return (
    <main id="figures" tabIndex={-1} class="people">
      <AdminTabs />
      <Panel id="trail" title={t('trail')} label={t('trail')} note={t('trailHint')}>
        <form
          class="people-form people-row"
          onSubmit={(e) => {
            e.preventDefault();
            setPerson(field(e, 'person').trim());
          }}
        >
          <label>
            <span>{t('person')}</span>
            <input name="person" placeholder={t('all')} maxLength={40} autocapitalize="none" />
          </label>
          <button type="submit" class="button" disabled={busy}>
            {t('choose')}
          </button>
        </form>
        <Said said={said} />
        <div class="table-frame" role="region" aria-label={t('trail')} tabIndex={0}>
          <table class="trail">
            <caption class="unseen">{t('trail')}</caption>
            <thead>
              <tr>
                <th scope="col">#</th>
                <th scope="col">{t('when')}</th>
                <th scope="col">{t('who')}</th>
                <th scope="col">{t('what')}</th>
                <th scope="col">{t('whom')}</th>
                <th scope="col">{t('from')}</th>
                <th scope="col">{t('detail')}</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((e) => (
                <tr key={e.no} data-what={e.what}>
                  <td>{e.no}</td>
                  <td>{clock(e.at)}</td>
                  <td>{e.by ? t('asWho', { by: e.by, who: name(e.who) }) : name(e.who)}</td>
                  <td>
                    {deed(e.what)} <code>{e.what}</code>
                  </td>
                  <td>{e.whom}</td>
                  <td>{e.place}</td>
                  <td class="trail-detail">{e.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {more && (
          <button type="button" class="button" disabled={busy} onClick={() => void load(entries.at(-1)!.no, person)}>
            {t('older')}
          </button>
        )}
      </Panel>
    </main>
  );
}
