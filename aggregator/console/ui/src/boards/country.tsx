// The operator's map of the provinces, if there is one: shapes that can be reached by Tab
// and opened, as tiles are.

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { call } from '../api';
import { stepsOf, type Place } from '../parts/tilemap';
import { strange } from './asking';

interface CountryMap {
  width: number;
  height: number;
  approval: string;
  shapes: { province: string; path: string }[];
}

/** The map; null while it was not asked for, or could not be had. */
export const country = signal<CountryMap | null>(null);

let asked = false;

/** Asks for the map, once a page. */
export function useCountry(): CountryMap | null {
  useEffect(() => {
    if (asked) return;
    asked = true;
    call<CountryMap>(strange.value ? '/api/v1/shared/map' : '/api/v1/map', {})
      .then((m) => (country.value = m))
      .catch(() => (asked = false)); // tiles meanwhile; the next widget asks again
  }, []);
  return country.value && country.value.shapes.length > 0 ? country.value : null;
}

interface ShapesProps {
  map: CountryMap;
  label: string;
  noData: string;
  places: Place[];
  rate: boolean;
  name: (code: string) => string;
  open: (code: string) => void;
}

export function Shapes({ map, label, noData, places, rate, name, open }: ShapesProps) {
  const step = stepsOf(places.map((p) => p.value), rate);
  const found = new Map(places.map((p, i) => [p.code, { ...p, step: step[i] }]));
  return (
    <figure class="country">
      <svg viewBox={`-4 -4 ${map.width + 8} ${map.height + 8}`} role="group" aria-label={label}>
        {map.shapes.map(({ province, path }) => {
          const place = found.get(province);
          if (!place) {
            return (
              <path key={province} d={path} class="shape shape-none">
                <title>{`${name(province)}: ${noData}`}</title>
              </path>
            );
          }
          const says = `${place.name}: ${place.text}`;
          return (
            <path
              key={province}
              d={path}
              class={`shape shape-${place.step ?? 'none'}`}
              data-code={province}
              role="button"
              tabindex={0}
              aria-label={`${says}, ${label}`}
              onClick={() => open(province)}
              onKeyDown={(e) => {
                if (e.key !== 'Enter' && e.key !== ' ') return;
                e.preventDefault();
                open(province);
              }}
            >
              <title>{says}</title>
            </path>
          );
        })}
      </svg>
      {map.approval && <figcaption class="quiet">{map.approval}</figcaption>}
    </figure>
  );
}
