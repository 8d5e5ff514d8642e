import { useState } from 'preact/hooks';

import * as api from '../api';
import { ApiError, type AlertRule, type Alerts } from '../api';
import { figure } from '../format';
import { Places } from '../boards/places';
import { Toast } from '../boards/toast';
import { t } from '../i18n';
import { useInsight } from '../insights';
import { may, names } from '../live';
import { lang } from '../prefs';
import { placeName } from '../regions';
import { Box } from './insights';
import { w } from './insightwords';

const kinds = ['anomaly', 'fall', 'rise', 'below', 'above'] as const;
const grains = ['day', 'hour'] as const;

// what a level starts with: usual thresholds
const levels: Record<(typeof kinds)[number], number> = { anomaly: 3.5, fall: 20, rise: 20, below: 0, above: 0 };

/** The reader's rules, how they stand, what they told, and where the reader is told. */
export function AlertsPanel({ place }: { place: string }) {
  const [turn, setTurn] = useState(0);
  const [failed, setFailed] = useState<ApiError | null>(null);
  const { answer, problem } = useInsight<Alerts>('alerts', turn);
  const l = lang.value;
  const after = async (doing: Promise<unknown>) => {
    try {
      await doing;
      setFailed(null);
    } catch (cause) {
      setFailed(cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause)));
    }
    setTurn((n) => n + 1);
  };
  return (
    <Box id="alerts" title={t('alerts')} hint={t('alertsHint')} problem={failed ?? problem} waiting={!answer}>
      <RuleForm place={place} onAdd={(rule) => after(api.addRule(rule))} />
      {answer && answer.rules.length === 0 && <p class="quiet">{t('noRules')}</p>}
      <ul class="rules">
        {answer?.rules.map((rule) => (
          <li key={rule.id} class="rule" data-rule={rule.id} data-firing={rule.firing.length > 0}>
            <p>
              <strong>{rule.title[l]}</strong> {words(rule)}
            </p>
            {rule.receivers.length > 0 && <p class="quiet">{w('alsoTold', { names: rule.receivers.join(l === 'zh' ? '、' : ', ') })}</p>}
            <p class={rule.firing.length > 0 ? 'rule-firing' : 'quiet'}>
              {rule.firing.length > 0 ? t('firingIn', { places: rule.firing.map((p) => placeName(p)).join(l === 'zh' ? '、' : ', ') }) : rule.judged > 0 ? t('quietIn', { n: rule.judged }) : t('notJudged')}
            </p>
            <button type="button" class="button" aria-label={t('removeRule', { name: rule.title[l] })} onClick={() => void after(api.removeRule(rule.id))}>
              {t('remove')}
            </button>
          </li>
        ))}
      </ul>
      <h3>{t('notices')}</h3>
      {answer && answer.notices.length === 0 && <p class="quiet">{t('noNotices')}</p>}
      <ul class="findings">
        {answer?.notices.map((n) => (
          <li key={n.id} class={`finding finding-${n.firing ? 'worse' : 'better'}`} data-notice={n.id}>
            <p class="finding-tags">
              <span class="finding-verdict">{n.firing ? t('noticeFiring') : t('noticeResolved')}</span>
              <span class="finding-place">{placeName(n.province)}</span>
            </p>
            <p>{n.text[l]}</p>
          </li>
        ))}
      </ul>
      <div class="reports">
        <Places onChange={() => undefined} alerts />
      </div>
      <Toast />
    </Box>
  );
}

function words(rule: AlertRule): string {
  const kind = kinds.find((k) => k === rule.kind) ?? 'anomaly';
  const level = kind === 'above' || kind === 'below' ? figure(rule.level, rule.unit, lang.value, 'full') : String(rule.level);
  const grain = rule.grain === 'hour' ? t('grain_hour') : t('grain_day');
  const places = rule.provinces.map((p) => placeName(p)).join(', ') || t('allProvinces');
  const hold = rule.hold > 1 ? ` · ${rule.hold} ${grain} ${t('ruleHold')}` : ` · ${grain}`;
  return `${t(`kind_${kind}`)} ${level}${hold} · ${places}`;
}

function RuleForm({ place, onAdd }: { place: string; onAdd: (rule: api.NewRule) => Promise<void> }) {
  const l = lang.value;
  const [indicator, setIndicator] = useState('power_ons');
  const [kind, setKind] = useState<(typeof kinds)[number]>('anomaly');
  const [level, setLevel] = useState(String(levels.anomaly));
  const [hold, setHold] = useState('1');
  const [grain, setGrain] = useState<(typeof grains)[number]>('day');
  const [to, setTo] = useState('');
  const submit = (e: Event) => {
    e.preventDefault();
    const unit = names.value?.indicators.find((i) => i.id === indicator)?.unit;
    // people write yuan, figures are in fen
    const times = unit === 'fen' && (kind === 'above' || kind === 'below') ? 100 : 1;
    void onAdd({ indicator, kind, level: Number(level) * times, hold: Number(hold), grain, provinces: place ? [place] : [], receivers: to.split(/[,，、;；\s]+/).filter(Boolean) });
  };
  return (
    <form class="rule-form" onSubmit={submit}>
      <label class="pick">
        <span>{t('chooseIndicator')}</span>
        <select data-pick="rule-indicator" value={indicator} onChange={(e) => setIndicator(e.currentTarget.value)}>
          {(names.value?.indicators ?? [])
            .filter((i) => i.dimensions.includes('province'))
            .map((i) => (
              <option key={i.id} value={i.id}>
                {i.title[l]}
              </option>
            ))}
        </select>
      </label>
      <label class="pick">
        <span>{t('ruleKind')}</span>
        <select
          data-pick="rule-kind"
          value={kind}
          onChange={(e) => {
            const next = kinds.find((k) => k === e.currentTarget.value) ?? 'anomaly';
            setKind(next);
            setLevel(String(levels[next]));
          }}
        >
          {kinds.map((k) => (
            <option key={k} value={k}>
              {t(`kind_${k}`)}
            </option>
          ))}
        </select>
      </label>
      <label class="pick">
        <span>{t('ruleLevel')}</span>
        <input type="number" step="any" required value={level} onInput={(e) => setLevel(e.currentTarget.value)} />
      </label>
      <label class="pick">
        <span>{t('ruleHold')}</span>
        <input type="number" min="1" max="30" required value={hold} onInput={(e) => setHold(e.currentTarget.value)} />
      </label>
      <label class="pick">
        <span>{t('ruleGrain')}</span>
        <select value={grain} onChange={(e) => setGrain(grains.find((g) => g === e.currentTarget.value) ?? 'day')}>
          {grains.map((g) => (
            <option key={g} value={g}>
              {t(`grain_${g}`)}
            </option>
          ))}
        </select>
      </label>
      {may('share_boards') && (
        <label class="pick" title={w('tellHint')}>
          <span>{w('tell')}</span>
          <input data-pick="rule-to" placeholder={w('tellNames')} value={to} onInput={(e) => setTo(e.currentTarget.value)} />
        </label>
      )}
      <button type="submit" class="button">
        {t('addRule')} · {place ? placeName(place) : t('allProvinces')}
      </button>
    </form>
  );
}
