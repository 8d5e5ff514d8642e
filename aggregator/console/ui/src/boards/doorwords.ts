// The words of share links and of the page that they open, in both languages.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  // making links
  links: '分享链接', linksHint: '持有链接者无需登录即可查看此看板，筛选固定为现在的样子。所见数据不超出您现在的授权，您的授权收回后随之减少。', linksForbidden: '本平台已关闭分享链接。', noLinks: '还没有分享链接。',
  linkName: '备注（仅自己可见）', days: '有效期（天）', linkPassword: '访问密码（可不填，至少 6 个字符）', linkPasswordMust: '访问密码（必填，至少 6 个字符）', linkProvinces: '仅限这些省份', makeLink: '生成链接',
  copyLink: '复制链接', copied: '已复制', revoke: '撤销', revokeSure: '撤销此链接？持有者将立即无法查看。', revoked: '已撤销', ended: '已过期', until: '到 {when}', uses: '打开 {n} 次', lastUsed: '最近 {when}', withPassword: '有密码', opensNothing: '目前不显示任何数据', byWhom: '由 {name} 生成',
  // the page that a link opens
  opening: '正在打开…', passwordTitle: '请输入访问密码', password: '密码', open: '打开', fixed: '固定筛选：{filters}', again: '重试', shared: '分享的看板',
  link_needs_password: '此链接需要密码，请向发送者索取。', link_password_refused: '密码不正确。', too_many_tries: '尝试过于频繁，请稍候再试。',
  bad_link: '链接不完整或已被改动，请完整复制，或向发送者索取。', link_expired: '此链接已过期，请向发送者索取新链接。', link_revoked: '此链接已被撤销，请向发送者索取新链接。', link_dead: '分享者已不能再显示此内容：其账户、授权或看板有变动。', links_forbidden: '本平台已关闭分享链接。',
  bad_ticket: '此次查看已结束，请重新打开链接或刷新页面。', embed_token_expired: '此次查看已结束，请刷新所在页面。', embed_token_used: '此令牌已使用过，请刷新所在页面。', bad_embed_token: '嵌入令牌无效：{why}', otherwise: '无法打开：{why}',
  not_shared: '此部分未分享。',
};

export type DoorWord = keyof typeof zh;

const en: Record<DoorWord, string> = {
  links: 'Share links', linksHint: 'Whoever has a link sees this board without signing in, with the filters as they are now. It shows no more than you hold now, and less when you hold less.', linksForbidden: 'Share links are switched off on this platform.', noLinks: 'There are no share links yet.',
  linkName: 'Note (for you alone)', days: 'Lives, in days', linkPassword: 'Password (if you like; at least 6 letters)', linkPasswordMust: 'Password (needed; at least 6 letters)', linkProvinces: 'Only these provinces', makeLink: 'Make a link',
  copyLink: 'Copy the link', copied: 'Copied', revoke: 'Revoke', revokeSure: 'Revoke this link? Whoever has it sees nothing from now on.', revoked: 'revoked', ended: 'ended', until: 'until {when}', uses: 'opened {n} times', lastUsed: 'last {when}', withPassword: 'password', opensNothing: 'shows nothing now', byWhom: 'made by {name}',
  opening: 'Opening…', passwordTitle: 'The password, please', password: 'Password', open: 'Open', fixed: 'Filtered: {filters}', again: 'Again', shared: 'A shared board',
  link_needs_password: 'This link needs a password; who sent it knows it.', link_password_refused: 'This is not the password.', too_many_tries: 'Too many tries; wait a little.',
  bad_link: 'This link is not whole, or was changed: copy all of it, or ask who sent it.', link_expired: 'This link has ended; ask who sent it for another.', link_revoked: 'This link was revoked; ask who sent it for another.', link_dead: 'Whoever shared this may no longer show it: their account, what they hold or the board has changed.', links_forbidden: 'Share links are switched off on this platform.',
  bad_ticket: 'This view has ended; open the link again, or load the page anew.', embed_token_expired: 'This view has ended; load the page anew.', embed_token_used: 'This token was used before; load the page anew.', bad_embed_token: 'The token of embedding is not good: {why}', otherwise: 'This cannot be opened: {why}',
  not_shared: 'This part was not shared.',
};

const words: Record<Lang, Record<DoorWord, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: DoorWord, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}

/** A refusal in the reader's language, else in the server's words. */
export function refusal(code: string, why: string): string {
  return code in zh ? t(code as DoorWord, { why }) : t('otherwise', { why });
}
