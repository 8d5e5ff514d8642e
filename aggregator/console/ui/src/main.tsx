import { effect } from '@preact/signals';
import { render } from 'preact';

import { isEmpty } from './country';
import { completeness } from './format';
import { AsOther, Watermark } from './page/marks';
import { t } from './i18n';
import { aside, link, me, problem, seenCards, shown, shownTrend, start, turnTo } from './live';
import { DayPanel, TrendPanel } from './page/curves';
import { FiguresRow } from './page/figures';
import { Footer, Header } from './page/header';
import { boardsHeading, Later, laterHeading } from './page/later';
import { ModesPanel } from './page/modes';
import { PlacesPanel } from './page/places';
import { Closed, Empty, Failed, Loading, LostBanner, ProblemBanner } from './page/states';
import { QualityPage } from './page/quality';
import './parts/doing'; // see people.tsx
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
  const heading = people || boards || quality || insights ? <h1>{called()}</h1> : <Heading />;
  return (
    <>
      <Header heading={out ? null : heading} views={!out} />
      {!out && <AsOther />}
      {out ? <Later page="signin" /> : people ? <Later page={peopleWord()} /> : quality ? <QualityPage /> : boards ? <Later page="boards" /> : insights ? <Later page="insights" /> : <Country />}
      {!out && <Watermark />}
    </>
  );
}

/** What the page about people, own data or boxes is. */
function peopleWord(): 'account' | 'people' | 'data' | 'boxes' {
  const page = peopleRoute.value!.split('/')[0];
  return page === 'account' || page === 'data' || page === 'boxes' ? page : 'people';
}

/** What the page is called where the reader is. */
function called(): string {
  const { place } = route.value;
  return peopleRoute.value !== null
    ? laterHeading.value || t(peopleWord())
    : boardsRoute.value !== null
      ? boardsHeading.value || t('boards')
      : qualityRoute.value
        ? t('health')
        : insightRoute.value
          ? t('insights')
          : place
            ? t('placeNow', { place: placeName(place) })
            : t('countryNow');
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
      <h1>{called()}</h1>
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
effect(() => {
  aside.value = [peopleRoute, boardsRoute, qualityRoute, insightRoute].some((r) => r.value !== null);
});
effect(() => turnTo(route.value.place));
effect(() => {
  document.title = `${called()} · ${t('brand')}`;
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
