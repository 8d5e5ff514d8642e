import { useMemo } from 'preact/hooks';

import { weekday } from '../calendar';
import { card as shownCard } from '../card';
import type { Trend, View } from '../country';
import { dayName, figure } from '../format';
import { t } from '../i18n';
import { dayBars, dayCurve, palette } from '../options';
import { Chart } from '../parts/chart';
import { Panel } from '../parts/panel';
import { Table } from '../parts/table';
import { dark, lang, still } from '../prefs';
import { indicator } from '../regions';

function font(): string {
  return getComputedStyle(document.body).fontFamily;
}

function highest(values: (number | null)[]): { value: number; index: number } | null {
  let found: { value: number; index: number } | null = null;
  values.forEach((value, index) => {
    if (value !== null && (!found || value > found.value)) found = { value, index };
  });
  return found;
}

function hourName(h: number): string {
  return `${String(h).padStart(2, '0')}:00`;
}

/** The hours of today against yesterday's. */
export function DayPanel({ view }: { view: View }) {
  const card = shownCard.value;
  const l = lang.value;
  const about = indicator(card);
  const { today, yesterday } = view.hours[card];
  const isDark = dark.value;
  const isStill = still.value;

  const option = useMemo(
    () =>
      dayCurve({
        palette: palette(),
        still: isStill,
        font: font(),
        hours: today.map((_, h) => hourName(h)),
        today,
        yesterday,
        running: view.now.hour,
        axis: (n) => figure(n, about.unit, l, 'axis'),
        tip: (i) => ({
          title: `${hourName(i)}–${hourName(i + 1)}`,
          rows: [
            {
              name: t('today') + (i === view.now.hour ? ` (${t('runningHour')})` : ''),
              value: figure(today[i], about.unit, l, 'full'),
              mark: 'now',
            },
            { name: t('yesterday'), value: figure(yesterday[i], about.unit, l, 'full'), mark: 'before' },
          ],
        }),
      }),
    [view, card, l, about.unit, isDark, isStill],
  );

  const top = highest(today);
  const label = top
    ? t('curveSummary', { figure: about.title, max: figure(top.value, about.unit, l), at: top.index })
    : t('curveSummaryNone', { figure: about.title });
  return (
    <Panel
      id="day"
      title={t('dayCurve')}
      label={t('dayCurve')}
      note={
        <>
          <strong>{about.title}</strong>
          <span class="keys">
            <span class="key key-now">{t('today')}</span>
            <span class="key key-before">{t('yesterday')}</span>
          </span>
        </>
      }
      table={() => (
        <Table
          caption={`${about.title}: ${t('dayCurve')}`}
          columns={[
            { id: 'hour', title: t('hour'), value: (h: number) => h, text: (h) => hourName(h) + (h === view.now.hour ? ` (${t('runningHour')})` : '') },
            { id: 'today', title: t('today'), numeric: true, value: (h) => today[h] ?? null, text: (h) => figure(today[h], about.unit, l, 'full') },
            { id: 'yesterday', title: t('yesterday'), numeric: true, value: (h) => yesterday[h] ?? null, text: (h) => figure(yesterday[h], about.unit, l, 'full') },
          ]}
          rows={today.map((_, h) => h)}
          rowKey={String}
        />
      )}
    >
      <Chart option={option} label={label} />
    </Panel>
  );
}

/** The last thirty days, one bar each. */
export function TrendPanel({ trend }: { trend: Trend }) {
  const card = shownCard.value;
  const l = lang.value;
  const about = indicator(card);
  const values = trend.values[card];
  const isDark = dark.value;
  const isStill = still.value;
  const last = trend.days.length - 1;
  const name = (i: number) => {
    const day = trend.days[i] ?? '';
    return i === last ? `${dayName(day, l)} (${t('todaySoFar')})` : dayName(day, l);
  };

  const option = useMemo(
    () =>
      dayBars({
        palette: palette(),
        still: isStill,
        font: font(),
        days: trend.days.map((d) => dayName(d, l)),
        values,
        axis: (n) => figure(n, about.unit, l, 'axis'),
        tip: (i) => ({
          title: `${dayName(trend.days[i] ?? '', l)} ${weekdayName(trend.days[i] ?? '', l)}`,
          rows: [
            {
              name: i === last ? t('todaySoFar') : about.title,
              value: figure(values[i], about.unit, l, 'full'),
              mark: 'now',
            },
          ],
        }),
      }),
    [trend, card, l, about.unit, about.title, isDark, isStill],
  );

  const top = highest(values);
  const label = top
    ? t('trendSummary', { figure: about.title, max: figure(top.value, about.unit, l), at: name(top.index) })
    : t('trendSummaryNone', { figure: about.title });
  return (
    <Panel
      id="trend"
      title={t('last30')}
      label={t('last30')}
      note={<strong>{about.title}</strong>}
      table={() => (
        <Table
          caption={`${about.title}: ${t('last30')}`}
          columns={[
            { id: 'day', title: t('day'), value: (i: number) => i, text: name },
            { id: 'value', title: about.title, numeric: true, value: (i) => values[i] ?? null, text: (i) => figure(values[i], about.unit, l, 'full') },
          ]}
          rows={trend.days.map((_, i) => last - i)}
          rowKey={String}
        />
      )}
    >
      <Chart option={option} label={label} />
    </Panel>
  );
}

const weekdays = {
  zh: ['周日', '周一', '周二', '周三', '周四', '周五', '周六'],
  en: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
};

function weekdayName(day: string, l: 'zh' | 'en'): string {
  return day ? (weekdays[l][weekday(day)] ?? '') : '';
}
