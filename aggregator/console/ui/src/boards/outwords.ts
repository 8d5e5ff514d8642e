// The words of what leaves a board: files, print, reports.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  excel: 'Excel', excelHint: '整个看板，每个组件一张表，按您的授权和当前筛选', making: '正在生成…', print: '打印', printHint: '打印或存为 PDF：A4 横向',
} as const;

export type OutWord = keyof typeof zh;

const en: Record<OutWord, string> = {
  excel: 'Excel', excelHint: 'The whole board, a sheet a widget, in your scope and with these filters', making: 'Making…', print: 'Print', printHint: 'Print or save as PDF: A4 across',
};

const words: Record<Lang, Record<OutWord, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function o(word: OutWord, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
