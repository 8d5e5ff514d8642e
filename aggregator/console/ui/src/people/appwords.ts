// The words of the page of apps, in both languages; they come with it.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  apps: '手机应用', appsHint: '每个应用有自己的名称、图标、颜色和起始看板；可从网址安装，或制作 Android 安装包与 iOS 工程。', none: '还没有应用。', add: '新建应用', name: '网址中的名称', nameHint: '小写字母、数字与 -，如 boards',
  zh: '中文名称', en: '英文名称', server: '手机访问的服务器地址', serverHint: '如 https://data.example；制作安装包时写入', theme: '主题色', background: '启动底色', icon: '图标', iconHint: '正方形 PNG，192 至 2048 像素，最大 1 MB',
  starts: '起始看板', startsHint: '按角色选择打开后的第一个看板', everybody: '所有人', board: '看板', addStart: '添加起始看板', take: '删除 {what}', keep: '保存', kept: '已保存', back: '返回列表', open: '打开应用页面', revision: '版本 {n}',
  make: '制作', android: '制作 Android 安装包', ios: '制作 iOS 工程', builds: '已制作（每种保留最近 5 个）', noBuilds: '尚未制作。', doing: '正在制作：{doing}（{step}/{steps}）', done: '已完成：{file}', failed: '制作失败：{why}',
  missing: '此服务器缺少制作 Android 安装包的程序，请安装：', installHint: '在手机浏览器中打开此地址，选择“添加到主屏幕”即可安装。iOS 上仅有此方式不需要 Mac。', key: '导出签名密钥', keyHint: '更新已安装的应用必须使用同一密钥，请另行保存。', remove: '删除应用', removeSure: '删除应用 {name} 及其安装包？',
  step_sources: '准备文件', step_assemble: '编译', step_package: '打包', step_align: '对齐', step_sign: '签名', step_verify: '校验',
};
export type AppWord = keyof typeof zh;
const en: Record<AppWord, string> = {
  apps: 'Apps for phones', appsHint: 'An app has a name, an icon, colours and boards to begin with. It is installed from its address, as an Android package or from an Xcode project.', none: 'There is no app yet.', add: 'New app', name: 'Name in its address', nameHint: 'small letters, digits and -, as boards',
  zh: 'Title in Chinese', en: 'Title in English', server: 'The server as phones reach it', serverHint: 'as https://data.example; packages carry it', theme: 'Colour of bars', background: 'Colour while it starts', icon: 'Icon', iconHint: 'A square PNG of 192 to 2048 pixels, at most 1 MB',
  starts: 'First board', startsHint: 'Which board opens first, by role', everybody: 'everybody', board: 'Board', addStart: 'Add a first board', take: 'Remove {what}', keep: 'Save', kept: 'Saved', back: 'Back to the list', open: 'Open the app’s page', revision: 'revision {n}',
  make: 'Make', android: 'Make an Android package', ios: 'Make an Xcode project', builds: 'Made so far (the last 5 of each kind are kept)', noBuilds: 'Nothing yet.', doing: 'Being made: {doing} ({step}/{steps})', done: 'Done: {file}', failed: 'It failed: {why}',
  missing: 'This server lacks programs that make Android packages. Install them:', installHint: 'Open this address in the phone’s browser and choose “Add to Home Screen”. On iOS it is the only way without a Mac.', key: 'Take out the signing key', keyHint: 'Installed apps are updated with the same key only; keep it elsewhere.', remove: 'Remove the app', removeSure: 'Remove the app {name} and its packages?',
  step_sources: 'files', step_assemble: 'assembling', step_package: 'packing', step_align: 'aligning', step_sign: 'signing', step_verify: 'checking',
};
const words: Record<Lang, Record<AppWord, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: AppWord, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
