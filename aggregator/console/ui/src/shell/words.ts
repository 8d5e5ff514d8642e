// The words of what stands around all pages: without the network, and newer versions.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  offline: '离线', offlineFigures: '显示的是截至 {time} 的数据。网络恢复后页面会自动更新。', offlineKept: '显示的是 {time} 保存的内容。网络恢复后页面会自动更新。',
  newer: '页面有新版本。', reload: '更新', fresh: '还没有机顶盒上报。', setUp: '初始设置',
};
type Word = keyof typeof zh;
const en: Record<Word, string> = {
  offline: 'Offline', offlineFigures: 'Figures as of {time}. The page comes back by itself.', offlineKept: 'What you see was kept at {time}. The page comes back by itself.',
  newer: 'There is a newer version of the page.', reload: 'Load it', fresh: 'No box has reported yet.', setUp: 'Set the platform up',
};
const words: Record<Lang, Record<Word, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: Word, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
