// How a board lies on paper: A4 across, no widget cut in two, each tab on pages of its own.
// The widgets are put onto pages here, as a browser breaks a page wherever its end falls;
// what every page says at its edge stands in the sheet's own margins.

import { tile } from '../mark';
import type { Place } from './model';

/** Rows of the grid on a page, below the first one's head. */
export const rowsOfPage = 15;
const rowsOfHead = 1;

/** Where a widget lies on paper: rows from the top of all pages, and whether a page begins with it. */
export interface Printed {
  row: number;
  height: number;
  begins: boolean;
}

/** Widgets that share rows stay together; bands too high for a page are made to fit. */
export function pagesOf(places: Place[]): { places: Printed[]; pages: number } {
  const order = places.map((p, i) => ({ p, i })).sort((a, b) => a.p.y - b.p.y);
  const out: Printed[] = places.map(() => ({ row: 0, height: 0, begins: false }));
  let row = 0; // the next free one, of all pages
  let left = rowsOfPage - rowsOfHead; // on this page
  let pages = places.length > 0 ? 1 : 0;
  for (let n = 0; n < order.length; ) {
    const top = order[n]!.p.y;
    let end = top;
    let last = n;
    while (last < order.length && (last === n || order[last]!.p.y < end)) {
      end = Math.max(end, order[last]!.p.y + order[last]!.p.h);
      last++;
    }
    const band = order.slice(n, last);
    const most = rowsOfPage - rowsOfHead;
    const scale = Math.min(1, most / (end - top));
    const high = Math.min(end - top, most);
    const begins = high > left;
    if (begins) {
      pages++;
      left = rowsOfPage;
    }
    for (const { p, i } of band) {
      const from = Math.floor((p.y - top) * scale);
      const to = Math.max(from + 1, Math.floor((p.y + p.h - top) * scale));
      // one is enough to end the page, but the first of them is not the same in every browser
      out[i] = { row: row + from, height: to - from, begins: begins && from === 0 };
    }
    row += high;
    left -= high;
    n = last;
  }
  return { places: out, pages };
}

/** A text as CSS writes it. */
export function cssText(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[\n\r\f]+/g, ' ')}"`;
}

export interface Edge {
  head: string;
  under: string;
  reader: string;
  at: string;
}

/** The style of the sheet, with what stands at its edges. */
export function sheetStyle(edge: Edge): string {
  const box = (place: string, content: string) => `@${place} { content: ${content}; font: 11px system-ui, sans-serif; color: #5a6775; vertical-align: middle; white-space: pre; }`;
  return `@page { size: 297mm 210mm; margin: 14mm 10mm 12mm;
    ${box('top-left', cssText(edge.head))} ${box('top-right', cssText(edge.under))}
    ${box('bottom-left', cssText(edge.reader))} ${box('bottom-center', cssText(edge.at))} ${box('bottom-right', 'counter(page) " / " counter(pages)')} }`;
}

/** The first row of each page, and the row after the last. */
export function startsOf(places: Printed[]): number[] {
  const starts = new Set([0, ...places.filter((p) => p.begins).map((p) => p.row)]);
  return [...starts, Math.max(0, ...places.map((p) => p.row + p.height))].sort((a, b) => a - b);
}

// what is fixed stands on the first page alone, if it is a canvas: each page gets its own
function markPages(text: string, places: Printed[], grid: Element): HTMLElement[] {
  if (!text) return [];
  const starts = startsOf(places);
  return starts.slice(1).map((end, i) => {
    const start = starts[i]!;
    const canvas = document.createElement('canvas');
    canvas.className = 'print-mark';
    canvas.dataset['mark'] = text;
    canvas.width = 1040;
    canvas.height = Math.max(1, end - start) * 44;
    canvas.style.setProperty('--pr', String(start + 1));
    canvas.style.setProperty('--ph', String(Math.max(1, end - start)));
    const ink = canvas.getContext('2d');
    if (ink) tile(ink, text, canvas.width, canvas.height, 'rgb(128 128 128 / 22%)');
    grid.append(canvas);
    return canvas;
  });
}

/** Puts the widgets of a tab onto pages. */
function layTab(grid: Element, mark: string): HTMLElement[] {
  const items = [...grid.querySelectorAll<HTMLElement>(':scope > .board-item')];
  const number = (e: HTMLElement, name: string) => Number(e.style.getPropertyValue(name));
  const laid = pagesOf(items.map((e) => ({ x: number(e, '--x'), y: number(e, '--y') - 1, w: number(e, '--w'), h: number(e, '--h') })));
  items.forEach((e, i) => {
    const p = laid.places[i]!;
    e.style.setProperty('--pr', String(p.row + 1));
    e.style.setProperty('--ph', String(p.height));
    e.classList.toggle('print-first', p.begins);
  });
  return markPages(mark, laid.places, grid);
}

// figures that do not come must not keep the rest from being printed
const printPatience = 60_000;

/** Waits until all widgets of all tabs show what they have, and charts are drawn. */
export async function drawnWhole(within: Element): Promise<void> {
  const end = performance.now() + printPatience;
  const frame = () => new Promise((go) => requestAnimationFrame(go));
  const ready = () => !within.querySelector('[data-state="waiting"]') && [...within.querySelectorAll('.chart')].every((c) => c.querySelector('canvas') || c.matches('.chart-message'));
  await frame();
  while (!ready() && performance.now() < end) await frame();
  // charts move for a moment as they appear
  const still = performance.now() + 700;
  while (performance.now() < still) await frame();
}

/** Makes the open board ready for paper whenever it is printed, by whatever way; returns how to stop that. */
export function printable(edge: () => Edge, mark: () => string, told: () => void): () => void {
  let sheet: CSSStyleSheet | null = null;
  let marks: HTMLElement[] = [];
  const before = () => {
    marks.forEach((m) => m.remove());
    marks = [...document.querySelectorAll('.board-grid')].flatMap((grid) => layTab(grid, mark()));
    sheet ??= new CSSStyleSheet();
    sheet.replaceSync(sheetStyle(edge()));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets.filter((s) => s !== sheet), sheet];
    document.documentElement.classList.add('printing');
    dispatchEvent(new Event('boardprint')); // charts take their new size at once
    told();
  };
  const after = () => {
    marks.forEach((m) => m.remove());
    marks = [];
    document.documentElement.classList.remove('printing');
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== sheet);
    dispatchEvent(new Event('boardprint'));
  };
  addEventListener('beforeprint', before);
  addEventListener('afterprint', after);
  return () => {
    removeEventListener('beforeprint', before);
    removeEventListener('afterprint', after);
    after();
  };
}
