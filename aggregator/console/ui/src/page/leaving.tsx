import type { Departures, Lift, Risk } from '../api';
import { exact, figure, missing } from '../format';
import { t } from '../i18n';
import { days, useInsight, within } from '../insights';
import { lang } from '../prefs';
import { Box } from './insights';

/** For how many days departures are looked at: of a week there are too few. */
const departureDays = 28;

/** Accounts that may leave: how many, by which signs, where; and what preceded departures. */
export function Leaving({ place, last }: { place: string; last: string }) {
  const l = lang.value;
  const risk = useInsight<Risk>(`risk?day=${last}${within(place)}`);
  const gone = useInsight<Departures>(`departures?${days(last, departureDays)}${within(place)}`);
  const a = risk.answer;
  const d = gone.answer;
  return (
    <div class="insight-grid">
      <Box id="risk" title={t('mayLeave')} hint={t('mayLeaveHint')} says={a?.text[l]} problem={risk.problem} waiting={!a}>
        {a && a.accounts > 0 && (
          <>
            <Classes risk={a} />
            <Signs risk={a} />
            <RiskPlaces risk={a} />
            <p class="quiet">{t('riskListNote')}</p>
          </>
        )}
        {a && a.suppressed > 0 && <p class="quiet">{t('suppressedNote', { n: a.suppressed })}</p>}
      </Box>
      <Box id="departures" title={t('whatPreceded')} hint={t('whatPrecededHint')} says={d?.text[l]} problem={gone.problem} waiting={!d}>
        {d && d.rows.length > 0 && <Lifts rows={d.rows} />}
        {d && d.suppressed > 0 && <p class="quiet">{t('suppressedNote', { n: d.suppressed })}</p>}
      </Box>
    </div>
  );
}

const accounts = (n: number | null) => (n === null ? t('tooFew') : figure(n, 'count', lang.value));

// the page's policy forbids style attributes; the CSSOM is free
function grow(e: HTMLElement | null, share: number | null): void {
  if (e) e.style.flexGrow = String(share ?? 0);
}

/** The classes as parts of one bar, with their numbers below. */
function Classes({ risk }: { risk: Risk }) {
  const l = lang.value;
  return (
    <>
      <div class="risk-bar" aria-hidden="true">
        {risk.classes.map((c) => (
          <span key={c.class} class={`risk-${c.class}`} ref={(e) => grow(e, c.share)} />
        ))}
      </div>
      <ul class="risk-classes">
        {risk.classes.map((c) => (
          <li key={c.class} data-class={c.class}>
            <span class={`risk-key risk-${c.class}`} aria-hidden="true" />
            <span>{t(`risk_${c.class}`)}</span> <b>{accounts(c.accounts)}</b> {c.share !== null && <small>{exact(c.share, l, 1)}%</small>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Which signs how many accounts show, with the points of each step. */
function Signs({ risk }: { risk: Risk }) {
  const l = lang.value;
  return (
    <div class="table-frame" role="region" aria-label={t('riskSigns')} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('riskSign')}</th>
            <th scope="col" class="numeric">
              {t('riskPoints')}
            </th>
            <th scope="col" class="numeric">
              {t('riskAccounts')}
            </th>
          </tr>
        </thead>
        <tbody>
          {risk.signs.flatMap((s) =>
            s.steps.map((step) => (
              <tr key={s.sign + step.from} data-sign={s.sign}>
                <th scope="row">{step.title[l]}</th>
                <td class="numeric">{step.points}</td>
                <td class="numeric">{accounts(step.accounts)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}

// the places with the greatest share; the others are in the API
const placesShown = 10;

function RiskPlaces({ risk }: { risk: Risk }) {
  const l = lang.value;
  if (risk.rows.length < 2) return null;
  return (
    <div class="table-frame" role="region" aria-label={t('riskPlaces')} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('riskPlace')}</th>
            <th scope="col" class="numeric">
              {t('risk_high')}
            </th>
            <th scope="col" class="numeric">
              {t('risk_middle')}
            </th>
            <th scope="col" class="numeric">
              {t('riskShare')}
            </th>
          </tr>
        </thead>
        <tbody>
          {risk.rows.slice(0, placesShown).map((r) => (
            <tr key={r.place.code}>
              <th scope="row">{r.place.name[l]}</th>
              <td class="numeric">{accounts(r.high)}</td>
              <td class="numeric">{accounts(r.middle)}</td>
              <td class="numeric">{r.share === null ? missing : `${exact(r.share, l, 1)}%`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How much more frequent signs were before departures. */
function Lifts({ rows }: { rows: Lift[] }) {
  const l = lang.value;
  return (
    <div class="table-frame" role="region" aria-label={t('whatPreceded')} tabIndex={0}>
      <table class="lifts">
        <thead>
          <tr>
            <th scope="col">{t('riskSign')}</th>
            <th scope="col" class="numeric">
              {t('whoLeft')}
            </th>
            <th scope="col" class="numeric">
              {t('whoStayed')}
            </th>
            <th scope="col" class="numeric">
              {t('lift')}
            </th>
            <th scope="col" class="numeric">
              {t('riskPoints')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.sign + r.step} class={r.step === 0 ? 'lift-sign' : 'lift-step'} data-lift={r.verdict} title={r.text[l]}>
              <th scope="row">{r.title[l]}</th>
              <td class="numeric">{exact(r.share, l, 1)}%</td>
              <td class="numeric">{exact(r.base, l, 1)}%</td>
              <td class="numeric">
                {r.lift === null ? missing : `${exact(r.lift, l, 1)}×`}
                {r.low !== null && r.high !== null && (
                  <small>
                    {exact(r.low, l, 1)}–{exact(r.high, l, 1)}
                  </small>
                )}
                {r.verdict === 'unsure' && <small>{t('unsureMark')}</small>}
              </td>
              <td class="numeric">{r.points ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
