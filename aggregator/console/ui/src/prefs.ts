// What the reader has chosen, remembered in this browser.

import { effect, signal } from '@preact/signals';

import type { Lang } from './api';

export type Theme = 'auto' | 'light' | 'dark';

/** The language shown: the one chosen last, else the browser's. */
export const lang = signal<Lang>(chosenLang(stored('lang'), languages()));

/** The appearance chosen; auto follows the system. */
export const theme = signal<Theme>(chosenTheme(stored('theme')));

const systemDark = media('(prefers-color-scheme: dark)');
const systemStill = media('(prefers-reduced-motion: reduce)');

/** Whether the page is dark now. */
export const dark = signal(false);

/** Whether the reader asked for less movement. */
export const still = systemStill;

effect(() => {
  dark.value = theme.value === 'dark' || (theme.value === 'auto' && systemDark.value);
});

/** Keeps the document in step with the choices; call once. */
export function applyPrefs(): void {
  effect(() => {
    document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en';
  });
  effect(() => {
    // boot.js has done the same before the first paint
    if (theme.value === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
  });
}

/** Changes the language and remembers it. */
export function chooseLang(to: Lang): void {
  lang.value = to;
  remember('lang', to);
}

/** Changes the appearance and remembers it. */
export function chooseTheme(to: Theme): void {
  theme.value = to;
  remember('theme', to);
}

/** The language for what is remembered and what the browser asks for. */
export function chosenLang(remembered: string | null, asked: readonly string[]): Lang {
  if (remembered === 'zh' || remembered === 'en') return remembered;
  for (const tag of asked) {
    if (/^zh\b/i.test(tag)) return 'zh';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

function chosenTheme(remembered: string | null): Theme {
  return remembered === 'light' || remembered === 'dark' ? remembered : 'auto';
}

function languages(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : (navigator.languages ?? []);
}

// a browser may forbid storage; then choices last as long as the page
function stored(key: string): string | null {
  try {
    return localStorage.getItem(`console.${key}`);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`console.${key}`, value);
  } catch {
    // see stored
  }
}

function media(query: string) {
  const found = typeof matchMedia === 'undefined' ? null : matchMedia(query);
  const out = signal(found?.matches ?? false);
  found?.addEventListener('change', (e) => {
    out.value = e.matches;
  });
  return out;
}
