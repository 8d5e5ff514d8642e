// Numbers as people read them: 万 and 亿 in Chinese, k, M and B in English.
// Money comes in fen and is shown in yuan. What is missing is a dash, never 0.

import type { Lang } from './api';

export const missing = '–';

interface Step {
  from: number;
  suffix: string;
}

const steps: Record<Lang, Step[]> = {
  zh: [
    { from: 1e8, suffix: '亿' },
    { from: 1e4, suffix: '万' },
  ],
  en: [
    { from: 1e9, suffix: 'B' },
    { from: 1e6, suffix: 'M' },
    { from: 1e3, suffix: 'k' },
  ],
};

const locale: Record<Lang, string> = { zh: 'zh-CN', en: 'en-GB' };

// Intl formatters are dear to make and the page needs a dozen of them
const formatters = new Map<string, Intl.NumberFormat>();

function decimal(lang: Lang, min: number, max: number): Intl.NumberFormat {
  const key = `${lang}|${min}|${max}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.NumberFormat(locale[lang], { minimumFractionDigits: min, maximumFractionDigits: max });
    formatters.set(key, found);
  }
  return found;
}

/** Every digit: 1,234,567. */
export function exact(value: number, lang: Lang, digits = 0): string {
  return decimal(lang, 0, digits).format(value);
}

/**
 * About as many digits as are telling: 12.3万, 1.23M. Values below whole stay as
 * they are.
 */
export function compact(value: number, lang: Lang, whole = 1e4, telling = 3): string {
  const size = Math.abs(value);
  if (size < whole) {
    return decimal(lang, 0, size < 10 && !Number.isInteger(value) ? 1 : 0).format(value);
  }
  for (const step of steps[lang]) {
    const scaled = value / step.from;
    // 999,999 reads 1M, not 1000k
    if (Math.abs(scaled) < 0.9995) continue;
    const before = String(Math.round(Math.abs(scaled))).length;
    const digits = Math.max(0, telling - before);
    return decimal(lang, 0, digits).format(scaled) + step.suffix;
  }
  return decimal(lang, 0, 0).format(value);
}

/**
 * How a value is written: in full, with enough digits to be seen moving, short,
 * for an axis, or for a tile, which has no room for a currency sign.
 */
export type Length = 'full' | 'card' | 'short' | 'axis' | 'tile';

/** Writes a value of one of the catalogue's units, without the unit's word. */
export function figure(value: number | null | undefined, unit: string, lang: Lang, length: Length = 'short'): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return missing;
  const narrow = length === 'tile' || length === 'axis';
  switch (unit) {
    case 'fen': {
      const yuan = value / 100;
      if (length === 'full') return sign(yuan, `¥${decimal(lang, 2, 2).format(Math.abs(yuan))}`);
      return sign(yuan, (length === 'tile' ? '' : '¥') + written(Math.abs(narrow ? yuan : Math.round(yuan)), lang, length));
    }
    case 'percent':
      return `${(narrow ? decimal(lang, 0, 0) : decimal(lang, 1, length === 'full' ? 2 : 1)).format(value)}%`;
    case 'ratio':
      return decimal(lang, 2, length === 'full' ? 3 : 2).format(value);
    case 'minutes':
      return length === 'full' ? exact(value, lang) : written(Math.round(value), lang, length);
    default:
      return length === 'full' ? exact(value, lang) : written(value, lang, length);
  }
}

function written(value: number, lang: Lang, length: Length): string {
  // there is room for 999,999, on a tile only for five characters
  if (length === 'tile' || length === 'axis') return compact(value, lang, lang === 'zh' ? 1e4 : 1e3);
  return compact(value, lang, 1e6, length === 'card' ? 5 : 3);
}

function sign(value: number, text: string): string {
  return value < 0 ? `−${text}` : text;
}

/** A change in percent, with its sign: +3.2%, −0.4%. */
export function change(now: number, before: number, lang: Lang): string {
  if (!(before > 0) || !Number.isFinite(now)) return missing;
  return signed((100 * (now - before)) / before, lang) + '%';
}

/** A signed number with one digit, or none from 100 on. */
export function signed(value: number, lang: Lang): string {
  const digits = Math.abs(value) >= 99.95 ? 0 : 1;
  const text = decimal(lang, digits, digits).format(Math.abs(value));
  if (Number(text) === 0) return `±${text}`;
  return (value > 0 ? '+' : '−') + text;
}

/** 100 x part / whole as text. */
export function share(part: number | null, whole: number, lang: Lang): string {
  if (part === null || !(whole > 0)) return missing;
  return `${decimal(lang, 1, 1).format((100 * part) / whole)}%`;
}

/** Completeness, 0 to 1, never rounded up to 100 %. */
export function completeness(value: number | null, lang: Lang): string {
  if (value === null) return missing;
  const cut = Math.floor(value * 1e5) / 1e3;
  return `${exact(cut, lang, 3)}%`;
}

const dayFormats: Record<Lang, Intl.DateTimeFormat> = {
  zh: new Intl.DateTimeFormat('zh-CN', { month: 'long', day: 'numeric', timeZone: 'UTC' }),
  en: new Intl.DateTimeFormat('en-GB', { month: 'short', day: 'numeric', timeZone: 'UTC' }),
};

const longDayFormats: Record<Lang, Intl.DateTimeFormat> = {
  zh: new Intl.DateTimeFormat('zh-CN', { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long', timeZone: 'UTC' }),
  en: new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }),
};

/** 11月22日, 22 Nov. */
export function dayName(day: string, lang: Lang): string {
  return dayFormats[lang].format(new Date(`${day}T00:00:00Z`));
}

/** 2026年11月22日星期日, Sunday 22 November 2026. */
export function longDay(day: string, lang: Lang): string {
  return longDayFormats[lang].format(new Date(`${day}T00:00:00Z`));
}
