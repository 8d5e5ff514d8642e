import { tiles } from '../regions';

export interface Place {
  code: string;
  name: string;
  value: number | null;
  text: string;
}

/** Steps of colour; 0 is for a figure of 0. */
export const steps = 6;

/**
 * The colour step of each value. Counts grow by the square root, so that small
 * provinces differ too; rates spread between the lowest and the highest.
 */
export function stepsOf(values: (number | null)[], rate: boolean): (number | null)[] {
  const known = values.filter((n): n is number => n !== null);
  const max = Math.max(...known, 0);
  const min = rate ? Math.min(...known) : 0;
  return values.map((n) => {
    if (n === null) return null;
    if (n <= 0) return 0;
    if (max === min) return rate ? Math.ceil(steps / 2) : steps;
    const way = (n - min) / (max - min);
    return Math.max(1, Math.ceil((rate ? way : Math.sqrt(way)) * steps));
  });
}

interface TileMapProps {
  label: string;
  /** What to write on a province without figures. */
  noData: string;
  places: Place[];
  rate: boolean;
  /** Tiles bear names in Chinese, letters else. */
  letters: boolean;
  name: (code: string) => string;
  /** What a tile says when read aloud; it must contain what is written on it. */
  aloud: (place: Place, tile: string) => string;
  open: (code: string) => void;
}

/** All provinces as squares on a grid, coloured by a figure; those with figures can be opened. */
export function TileMap({ label, noData, places, rate, letters, name, aloud, open }: TileMapProps) {
  const step = stepsOf(places.map((p) => p.value), rate);
  const found = new Map(places.map((p, i) => [p.code, { ...p, step: step[i] }]));
  return (
    <ul class="tiles" aria-label={label}>
      {tiles.map((tile) => {
        const place = found.get(tile.code);
        const at = { gridColumn: String(tile.column), gridRow: String(tile.row) };
        const short = letters ? tile.short : name(tile.code);
        if (!place) {
          return (
            <li key={tile.code} style={at}>
              <span class="tile tile-none" title={`${name(tile.code)}: ${noData}`}>
                <span class="tile-name">{short}</span>
              </span>
            </li>
          );
        }
        return (
          <li key={tile.code} style={at}>
            <button
              type="button"
              class={`tile step-${place.step ?? 'none'}`}
              data-code={tile.code}
              title={`${place.name}: ${place.text}`}
              aria-label={aloud(place, short)}
              onClick={() => open(tile.code)}
            >
              <span class="tile-name">{short}</span>{' '}
              <span class="tile-value">{place.text}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** Places without a map, such as a province's cities, as squares from the largest figure on. */
export function TileGrid({ label, places, rate }: { label: string; places: Place[]; rate: boolean }) {
  const step = stepsOf(places.map((p) => p.value), rate);
  return (
    <ul class="tiles-loose" aria-label={label}>
      {places.map((p, i) => (
        <li key={p.code}>
          <span class={`tile step-${step[i] ?? 'none'}`} data-code={p.code} title={`${p.name}: ${p.text}`}>
            <span class="tile-name">{p.name}</span>
            <span class="tile-value">{p.text}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The colour steps from low to high. */
export function TileLegend({ low, high }: { low: string; high: string }) {
  return (
    <div class="legend" aria-hidden="true">
      <span>{low}</span>
      {Array.from({ length: steps }, (_, i) => (
        <span key={i} class={`legend-step step-${i + 1}`} />
      ))}
      <span>{high}</span>
    </div>
  );
}
