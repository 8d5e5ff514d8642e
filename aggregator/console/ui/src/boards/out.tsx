// What leaves a board as a file.

import { useState } from 'preact/hooks';

import { ApiError, request, type Lang } from '../api';
import { lang } from '../prefs';
import type { Filters } from './model';
import { o } from './outwords';
import { tell } from './widget';

/** The whole board as a file, made by the server in the reader's scope. */
export async function download(board: string, revision: number, filters: Filters, format: string, language: Lang): Promise<void> {
  const asked = new URLSearchParams({ format, lang: language });
  if (Object.keys(filters).length > 0) asked.set('filters', JSON.stringify(filters));
  if (revision > 0) asked.set('revision', String(revision));
  const response = await request(`/api/v1/boards/${encodeURIComponent(board)}/export?${asked}`, {});
  const a = document.createElement('a');
  a.href = URL.createObjectURL(await response.blob());
  const named = /filename\*=utf-8''([^;]+)/i.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
  const plain = /filename="?([^";]+)"?/i.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
  a.download = named ? decodeURIComponent(named) : (plain ?? `board.${format}`);
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

/** The whole board as a workbook, saved where it is opened; one at a time. */
export function useExcel(board: string, revision: number, filters: Filters): { making: boolean; make: () => void } {
  const [making, setMaking] = useState(false);
  const make = async () => {
    setMaking(true);
    tell(o('making'));
    try {
      await download(board, revision, filters, 'xlsx', lang.value);
    } catch (cause) {
      tell(cause instanceof ApiError ? cause.message : String(cause));
    } finally {
      setMaking(false);
    }
  };
  return { making, make: () => void make() };
}
