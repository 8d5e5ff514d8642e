import { effect } from '@preact/signals';
import { render } from 'preact';

import { isEmpty } from './country';
import { completeness } from './format';
import { AsOther, Watermark } from './page/marks';
import { SignIn } from './page/signin';
import { t } from './i18n';
import { link, me, problem, seenCards, shown, shownTrend, start, turnTo } from './live';
import { DayPanel, TrendPanel } from './page/curves';
import { FiguresRow } from './page/figures';
import { Footer, Header } from './page/header';
import { boardsHeading, Later, laterHeading } from './page/later';
import { ModesPanel } from './page/modes';
import { PlacesPanel } from './page/places';
import { Closed, Empty, Failed, Loading, LostBanner, ProblemBanner } from './page/states';
import { QualityPage } from './page/quality';
import { applyPrefs, lang } from './prefs';
import { watchQuality } from './quality';
import { placeName } from './regions';
import { boardsRoute, go, goQuality, insightRoute, peopleRoute, qualityRoute, route } from './route';

function Page() {
  const out = link.value === 'signedout';
  const quality = qualityRoute.value !== null;
  const insights = insightRoute.value !== null;
  const boards = boardsRoute.value !== null;
  const people = peopleRoute.value !== null;
  const heading = people ? <h1>{laterHeading.value || t(peopleRoute.value === 'account' ? 'account' : 'people')}</h1> : boards ? <h1>{boardsHeading.value || t('boards')}</h1> : quality ? <h1>{t('health')}</h1> : insights ? <h1>{t('insights')}</h1> : <Heading />;
  return (
    <>
      <Header heading={out ? null : heading} views={!out} />
      {!out && <AsOther />}
      {out ? <SignIn /> : people ? <Later page="people" /> : quality ? <QualityPage /> : boards ? <Later page="boards" /> : insights ? <Later page="insights" /> : <Country />}
      {!out && <Watermark />}
    </>
  );
}

function Heading() {
  const { place } = route.value;
  return (
    <div class="heading">
      {place && (
        <button type="button" class="button back" onClick={() => go({ place: '' })}>
          <span aria-hidden="true">←</span> {t('back')}
        </button>
      )}
      <h1>{place ? t('placeNow', { place: placeName(place) }) : t('countryNow')}</h1>
    </div>
  );
}

function Country() {
  const view = shown.value;
  const trend = shownTrend.value;
  const { place } = route.value;
  const empty = view && view.place === '' && isEmpty(view);
  // figures of the place left are shown, paled, until the new ones are there
  const waiting = view !== null && view.place !== place;
  return (
    <main id="figures" tabIndex={-1} class={[waiting && 'waiting', link.value === 'lost' && 'stale'].filter(Boolean).join(' ')}>
      <LostBanner />
      <ProblemBanner />
      {me.value && seenCards.value.length === 0 && <Closed />}
      {!view && !(me.value && seenCards.value.length === 0) && (problem.value ? <Failed /> : <Loading />)}
      {view && empty && <Empty />}
      {view && !empty && (
        <>
          <FiguresRow view={view} trend={trend && trend.place === view.place ? trend : null} />
          <div class="panels">
            <PlacesPanel view={view} />
            {view.modes.length > 0 && <ModesPanel view={view} />}
            <DayPanel view={view} />
            {trend && <TrendPanel trend={trend} />}
          </div>
        </>
      )}
      <Footer completeness={completeness(view?.completeness ?? null, lang.value)} />
    </main>
  );
}

applyPrefs();
effect(() => turnTo(route.value.place));
effect(() => {
  const { place } = route.value;
  const page = peopleRoute.value !== null ? laterHeading.value || t('people') : boardsRoute.value !== null ? boardsHeading.value || t('boards') : qualityRoute.value ? t('health') : insightRoute.value ? t('insights') : place ? t('placeNow', { place: placeName(place) }) : t('countryNow');
  document.title = `${page} · ${t('brand')}`;
});
document.addEventListener('keydown', (e) => {
  if (e.key !== 'Escape' || e.defaultPrevented) return;
  const q = qualityRoute.value;
  if (q?.file) goQuality({ ...q, file: '' });
  else if (q?.day) goQuality();
  else if (!q && !insightRoute.value && boardsRoute.value === null && peopleRoute.value === null && route.value.place) go({ place: '' });
});
watchQuality();
start();
render(<Page />, document.getElementById('page')!);
