import { card } from '../card';
import { sameTimeYesterday, yesterdayOf, type Card, type Trend, type View } from '../country';
import { change, figure, signed } from '../format';
import { t } from '../i18n';
import { FigureCard } from '../parts/figurecard';
import { seenCards } from '../live';
import { lang } from '../prefs';
import { indicator } from '../regions';
import { go } from '../route';

/** The figures of today, each with its day so far and what yesterday said. */
export function FiguresRow({ view, trend }: { view: View; trend: Trend | null }) {
  return (
    <div class="figures" role="group" aria-label={t('chooseFigure')}>
      {seenCards.value.map((id) => {
        const about = indicator(id);
        return (
          <FigureCard
            key={id}
            id={id}
            title={about.short}
            hint={about.formula}
            unit={about.unit}
            lang={lang.value}
            value={view.total[id] ?? null}
            note={noteOf(id, view, trend)}
            today={view.hours[id].today.map((n, h) => (h < view.now.hour ? n : null))}
            yesterday={view.hours[id].yesterday}
            chosen={card.value === id}
            onChoose={() => go({ card: id })}
          />
        );
      })}
    </div>
  );
}

function noteOf(id: Card, view: View, trend: Trend | null) {
  const l = lang.value;
  const now = view.total[id] ?? null;
  if (id === 'active_boxes') {
    const rate = view.total['activity_rate'] ?? null;
    return t('rateNow', { name: indicator('activity_rate').title, value: figure(rate, 'percent', l) });
  }
  if (id === 'click_to_play') {
    const before = yesterdayOf(trend, id);
    if (now === null || before === null) return t('noYesterday');
    return <Delta text={`${signed(now - before, l)} ${t('points')}`} against={t('vsYesterday')} />;
  }
  const before = sameTimeYesterday(view, id);
  if (now === null || before === null || before <= 0) return t('noYesterday');
  return <Delta text={change(now, before, l)} against={t('vsSameTime')} />;
}

// arrows, not colours: red means growth to some readers and loss to others
function Delta({ text, against }: { text: string; against: string }) {
  return (
    <>
      <span class="delta">
        <span aria-hidden="true">{text.startsWith('+') ? '▲ ' : text.startsWith('−') ? '▼ ' : ''}</span>
        {text}
      </span>{' '}
      <span class="against">{against}</span>
    </>
  );
}
