import { card as shownCard } from '../card';
import { addsUp, type View } from '../country';
import { figure, share } from '../format';
import { t } from '../i18n';
import { seenCards } from '../live';
import { Panel } from '../parts/panel';
import { Ranking, type Ranked } from '../parts/ranking';
import { Table, type Column } from '../parts/table';
import { TileGrid, TileLegend, TileMap, type Place } from '../parts/tilemap';
import { lang } from '../prefs';
import { indicator, placeName } from '../regions';
import { go } from '../route';
import type { Region } from '../country';

/** One figure by province, or by city once a province is open: map, ranking, table. */
export function PlacesPanel({ view }: { view: View }) {
  const card = shownCard.value;
  const l = lang.value;
  const about = indicator(card);
  const rate = about.unit === 'percent';
  const open = view.place === '' ? (code: string) => go({ place: code }) : undefined;
  const whole = view.regions.reduce((sum, r) => sum + (r.figures[card] ?? 0), 0);

  const sorted = [...view.regions].sort(
    (a, b) => (b.figures[card] ?? -1) - (a.figures[card] ?? -1) || a.code.localeCompare(b.code),
  );
  const places: Place[] = sorted.map((r) => {
    const value = r.figures[card] ?? null;
    return { code: r.code, name: placeName(r.code), value, text: figure(value, about.unit, l, 'tile') };
  });
  const ranked: Ranked[] = sorted.map((r) => {
    const value = r.figures[card] ?? null;
    return {
      code: r.code,
      name: placeName(r.code),
      value,
      text: figure(value, about.unit, l),
      note: addsUp(card) ? share(value, whole, l) : '',
    };
  });

  const here = view.place && placeName(view.place);
  const title = view.place ? t('byCity', { place: here }) : t('byProvince');
  return (
    <Panel
      id="places"
      title={title}
      label={title}
      note={
        <>
          <strong>{about.title}</strong>
          {about.formula && (
            <span class="formula">
              {' '}
              {about.formula}
              {about.unit === 'fen' && ` (${t('inYuan')})`}
            </span>
          )}
        </>
      }
      table={() => <PlacesTable view={view} open={open} />}
    >
      {places.length === 0 ? (
        <p class="nothing">{t('emptyPlace', { place: here })}</p>
      ) : (
        <div class="places">
          <div class="places-map">
            {view.place ? (
              <TileGrid label={title} places={places} rate={rate} />
            ) : (
              <TileMap
                label={t('mapLabel', { figure: about.title })}
                noData={t('noData')}
                places={places}
                rate={rate}
                letters={l === 'en'}
                name={placeName}
                aloud={(p, tile) => t('openProvince', { tile, value: p.text, place: p.name, figure: about.title })}
                open={(code) => go({ place: code })}
              />
            )}
            <div class="places-foot">
              <TileLegend low={t('less')} high={t('more')} />
              {!view.place && <span class="hint">{t('mapHint')}</span>}
            </div>
          </div>
          <Ranking label={`${about.title}: ${t('ranking')}`} rows={ranked} open={open} />
        </div>
      )}
    </Panel>
  );
}

function PlacesTable({ view, open }: { view: View; open: ((code: string) => void) | undefined }) {
  const l = lang.value;
  const columns: Column<Region>[] = [
    { id: 'region', title: t('region'), value: (r) => placeName(r.code), text: (r) => placeName(r.code) },
    ...seenCards.value.map((id) => {
      const about = indicator(id);
      return {
        id,
        title: about.short,
        numeric: true,
        value: (r: Region) => r.figures[id] ?? null,
        text: (r: Region) => figure(r.figures[id], about.unit, l, 'full'),
      };
    }),
  ];
  return (
    <Table
      key={shownCard.value}
      caption={view.place ? t('byCity', { place: placeName(view.place) }) : t('byProvince')}
      columns={columns}
      rows={view.regions}
      rowKey={(r) => r.code}
      sortBy={shownCard.value}
      open={(r) => (open ? () => open(r.code) : undefined)}
    />
  );
}
