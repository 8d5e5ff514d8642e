import { perOne, type Mode, type View } from '../country';
import { figure, missing, share } from '../format';
import { isWord, t } from '../i18n';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';

const measures = ['viewers', 'plays', 'minutes'] as const;
const measureWords = { viewers: 'byViewers', plays: 'byPlays', minutes: 'byMinutes' } as const;

/** Live against video on demand, and every mode of viewing with its plays, minutes and boxes. */
export function ModesPanel({ view }: { view: View }) {
  const l = lang.value;
  const find = (id: string) => view.modes.find((m) => m.id === id);
  const live = find('live');
  const vod = find('vod');
  return (
    <Panel id="modes" title={t('liveVod')} label={t('liveVod')} note={t('todaySoFar')}>
      <div class="modes-both">
        <div class="versus">
        {measures.map((m) => {
          const a = live?.[m] ?? 0;
          const b = vod?.[m] ?? 0;
          const x = perOne(a, b);
          return (
            <div class="versus-row" key={m}>
              <div class="versus-words">
                <span>
                  {t('liveToVod')} <span class="quiet">{t(measureWords[m])}</span>
                </span>
                <strong>{x === null ? missing : `1 : ${figure(x, 'ratio', l)}`}</strong>
              </div>
              <div class="versus-bar" aria-hidden="true">
                <span class="mode-live" style={{ flexGrow: String(a) }} />
                <span class="mode-vod" style={{ flexGrow: String(b) }} />
              </div>
            </div>
          );
        })}
      </div>
      <ModesTable modes={view.modes} />
      </div>
    </Panel>
  );
}

function ModesTable({ modes }: { modes: Mode[] }) {
  const l = lang.value;
  const all = modes.reduce((sum, m) => ({ plays: sum.plays + m.plays, minutes: sum.minutes + m.minutes }), { plays: 0, minutes: 0 });
  return (
    <table class="modes">
      <caption class="unseen">{t('liveVod')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('mode')}</th>
          <th scope="col" class="numeric">
            {t('plays')}
          </th>
          <th scope="col" class="numeric">
            {t('minutes')}
          </th>
          <th scope="col" class="numeric">
            {t('shareOf')}
          </th>
          <th scope="col" class="numeric">
            {t('viewers')}
          </th>
        </tr>
      </thead>
      <tbody>
        {modes.map((m) => (
          <tr key={m.id}>
            <th scope="row">
              <span class={`swatch mode-${m.id}`} aria-hidden="true" />
              {modeName(m.id)}
            </th>
            <td class="numeric">{figure(m.plays, 'count', l)}</td>
            <td class="numeric">{figure(m.minutes, 'minutes', l)}</td>
            <td class="numeric">{share(m.minutes, all.minutes, l)}</td>
            <td class="numeric">{figure(m.viewers, 'boxes', l)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t('allModes')}</th>
          <td class="numeric">{figure(all.plays, 'count', l)}</td>
          <td class="numeric">{figure(all.minutes, 'minutes', l)}</td>
          <td class="numeric" />
          {/* a box that watches in two modes is one box: no sum */}
          <td class="numeric" />
        </tr>
      </tfoot>
    </table>
  );
}

function modeName(id: string): string {
  const word = `mode_${id}`;
  return isWord(word) ? t(word) : id;
}
