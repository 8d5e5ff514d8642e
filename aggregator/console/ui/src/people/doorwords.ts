// The words of tokens, keys and roles, in both languages.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  tokens: 'API 令牌', tokensHint: '供程序以您的身份读取数据，不能修改任何内容。所开放的不会超出您自己的授权，授权收回即随之收窄。', allTokens: '全部 API 令牌', noTokens: '还没有令牌。',
  makeToken: '新建令牌', label: '名称', lasts: '有效期（天）', onlySome: '仅开放部分数据', dataSets: '数据集', provinces: '省份', make: '生成',
  secretOnce: '请现在复制，之后不再显示。使用时写作 Authorization: Bearer 令牌。', secret: '令牌', copy: '复制', copied: '已复制', revoke: '撤销', revokeSure: '撤销 {name}？使用它的程序将立即失效。', revoked: '已撤销',
  opens: '开放：{what}', opensNothing: '目前不开放任何数据', until: '到 {when}', forever: '长期有效', ended: '已过期', lastUsed: '最近使用 {when}', neverUsed: '未使用过', usedTimes: '使用 {n} 次', onMachine: '服务器本机', ofWhom: '属于 {name}', everywhere: '全国', administers: '管理权限',
  embedKeys: '嵌入密钥', embedHint: '合作方的服务器用密钥签发短期令牌，将看板嵌入其页面。只有列出的页面可以嵌入，所见不超出您的授权。', makeKey: '新建密钥', origins: '可嵌入的页面来源，每行一个', boards: '看板', embedNoBoards: '您还没有看板可供嵌入。', keyOnce: '请现在复制密钥，之后不再显示。', keyUse: '合作方服务器每次显示页面时签发一个 JWT（HS256），exp 至多一小时：',
};

type Word = keyof typeof zh;

const en: Record<Word, string> = {
  tokens: 'API tokens', tokensHint: 'For programs that read in your name and change nothing. A token never opens more than you hold, and narrows with you.', allTokens: 'All API tokens', noTokens: 'There are no tokens yet.',
  makeToken: 'Make a token', label: 'Name', lasts: 'Lives, in days', onlySome: 'Only a part of what is open to me', dataSets: 'Data sets', provinces: 'Provinces', make: 'Make',
  secretOnce: 'Copy it now; it is not shown again. Send it as Authorization: Bearer TOKEN.', secret: 'Token', copy: 'Copy', copied: 'Copied', revoke: 'Revoke', revokeSure: 'Revoke {name}? Programs that use it stop at once.', revoked: 'Revoked',
  opens: 'Opens {what}', opensNothing: 'Opens nothing now', until: 'until {when}', forever: 'for good', ended: 'ended', lastUsed: 'last used {when}', neverUsed: 'not used yet', usedTimes: 'used {n} times', onMachine: 'the server', ofWhom: 'of {name}', everywhere: 'everywhere', administers: 'administers',
  embedKeys: 'Embedding', embedHint: 'A partner’s server signs a short-lived token with a key, and its pages show a board. Only the pages named may frame it, and it shows no more than you hold.', makeKey: 'Make a key', origins: 'Pages that may frame it, an origin a line', boards: 'Boards', embedNoBoards: 'You have no board of your own to be embedded.', keyOnce: 'Copy the secret now; it is not shown again.', keyUse: 'The partner’s server signs a JWT (HS256) each time it shows the page, with exp at most an hour ahead:',
};

const words: Record<Lang, Record<Word, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: Word, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
