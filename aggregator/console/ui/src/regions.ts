// Names of places from the server's catalogue, and where a province's tile lies.

import { computed } from '@preact/signals';

import type { Lang } from './api';
import { isWord, t } from './i18n';
import { names } from './live';
import { lang } from './prefs';

/** A province on the tile map: column and row from 1, and a short name for narrow tiles. */
export interface Tile {
  code: string;
  column: number;
  row: number;
  short: string;
}

// 34 squares on 8 x 8, neighbours beside each other where a grid allows it;
// the letters are those of ISO 3166-2:CN
const layout = `
.     .     .     .     .     .     .     23:HL
.     .     .     15:NM .     .     .     22:JL
65:XJ .     64:NX 14:SX 13:HE 11:BJ 12:TJ 21:LN
63:QH 62:GS 61:SN 41:HA 37:SD .     .     .
54:XZ 51:SC 50:CQ 42:HB 34:AH 32:JS 31:SH .
.     53:YN 52:GZ 43:HN 36:JX 33:ZJ .     .
.     .     45:GX 44:GD 35:FJ .     71:TW .
.     .     46:HI 82:MO 81:HK .     .     .
`;

export const tiles: readonly Tile[] = layout
  .trim()
  .split('\n')
  .flatMap((line, row) =>
    line
      .trim()
      .split(/\s+/)
      .flatMap((cell, column) => {
        const [code, short] = cell.split(':');
        return code && short ? [{ code, short, column: column + 1, row: row + 1 }] : [];
      }),
  );

const byCode = computed(() => new Map((names.value?.regions ?? []).map((r) => [r.code, r.name])));

/** A region's name; '' is an unknown region. */
export function placeName(code: string, inLang: Lang = lang.value): string {
  const known = byCode.value.get(code);
  if (known) return known[inLang];
  return code === '' ? t('unknownRegion') : code;
}

/** What the page says of a figure. */
export interface About {
  title: string;
  /** The title where room is short. */
  short: string;
  unit: string;
  formula: string;
}

/** A figure in the reader's language; the bare id until the catalogue is there. */
export function indicator(id: string): About {
  const found = names.value?.indicators.find((i) => i.id === id);
  if (!found) return { title: id, short: id, unit: 'count', formula: '' };
  const title = found.title[lang.value];
  const short = `short_${id}`;
  return {
    title,
    short: isWord(short) ? t(short) : title,
    unit: found.unit,
    formula: found.formula[lang.value],
  };
}
