// The words of tokens, keys and roles, in both languages.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  tokens: 'API 令牌', tokensHint: '供程序以您的身份读取数据，不能修改任何内容。所开放的不会超出您自己的授权，授权收回即随之收窄。', allTokens: '全部 API 令牌', noTokens: '还没有令牌。',
  makeToken: '新建令牌', label: '名称', lasts: '有效期（天）', onlySome: '仅开放部分数据', dataSets: '数据集', provinces: '省份', make: '生成',
  secretOnce: '请现在复制，之后不再显示。使用时写作 Authorization: Bearer 令牌。', secret: '令牌', copy: '复制', copied: '已复制', revoke: '撤销', revokeSure: '撤销 {name}？使用它的程序将立即失效。', revoked: '已撤销',
  opens: '开放：{what}', opensNothing: '目前不开放任何数据', until: '到 {when}', forever: '长期有效', ended: '已过期', lastUsed: '最近使用 {when}', neverUsed: '未使用过', usedTimes: '使用 {n} 次', onMachine: '服务器本机', ofWhom: '属于 {name}', everywhere: '全国', administers: '管理权限',
  roles: '角色', rolesHint: '角色是数据集与权限的组合，在哪些省份由授予时决定。内置角色不可修改，可另建。修改后持有者随即变化。', builtIn: '内置', makeRole: '新建角色', editRole: '修改', removeRole: '删除', keepRole: '保存', roleName: '代号（小写字母与数字）', titleZH: '中文名称', titleEN: '英文名称', powers: '权限', editing: '修改“{name}”', roleKept: '已保存', roleGone: '已删除', removeRoleSure: '删除角色“{name}”？持有者将失去由它得到的一切。',
  may_see_boards: '查看看板', may_make_boards: '制作看板', may_share_boards: '共享看板', may_share_links: '生成分享链接', may_export: '导出', may_people: '管理人员', may_administer: '管理平台',
  signOnBy: '用{name}登录', signOn: '统一认证', signOnHint: '绑定后可用统一认证登录此账户；绑定的是其中的身份，不是用户名或邮箱。', bindTo: '绑定{name}', unbind: '解除绑定', bySignOn: '来自统一认证，登录时更新', unbindPerson: '解除其统一认证绑定',
  allLinks: '全部分享链接', allLinksHint: '所有人生成的看板链接：有链接的人无需账户即可查看。', pastLinks: '包括已撤销和已过期的', noLinks: '没有有效的链接。', withPassword: '有密码', revokeLinkSure: '撤销这个链接？持有者将立即无法查看。',
  embedKeys: '嵌入密钥', embedHint: '合作方的服务器用密钥签发短期令牌，将看板嵌入其页面。只有列出的页面可以嵌入，所见不超出您的授权。', makeKey: '新建密钥', origins: '可嵌入的页面来源，每行一个', boards: '看板', embedNoBoards: '您还没有看板可供嵌入。', keyOnce: '请现在复制密钥，之后不再显示。', keyUse: '合作方服务器每次显示页面时签发一个 JWT（HS256），exp 至多一小时：',
};

export type DoorWord = keyof typeof zh;

const en: Record<DoorWord, string> = {
  tokens: 'API tokens', tokensHint: 'For programs that read in your name and change nothing. A token never opens more than you hold, and narrows with you.', allTokens: 'All API tokens', noTokens: 'There are no tokens yet.',
  makeToken: 'Make a token', label: 'Name', lasts: 'Lives, in days', onlySome: 'Only a part of what is open to me', dataSets: 'Data sets', provinces: 'Provinces', make: 'Make',
  secretOnce: 'Copy it now; it is not shown again. Send it as Authorization: Bearer TOKEN.', secret: 'Token', copy: 'Copy', copied: 'Copied', revoke: 'Revoke', revokeSure: 'Revoke {name}? Programs that use it stop at once.', revoked: 'Revoked',
  opens: 'Opens {what}', opensNothing: 'Opens nothing now', until: 'until {when}', forever: 'for good', ended: 'ended', lastUsed: 'last used {when}', neverUsed: 'not used yet', usedTimes: 'used {n} times', onMachine: 'the server', ofWhom: 'of {name}', everywhere: 'everywhere', administers: 'administers',
  roles: 'Roles', rolesHint: 'A role bundles data sets and powers; in which provinces is said where it is given. Built-in ones stay as they are; make others beside them. Who has a role has what it says from then on.', builtIn: 'built in', makeRole: 'Make a role', editRole: 'Change', removeRole: 'Remove', keepRole: 'Save', roleName: 'Name (small letters and digits)', titleZH: 'Title in Chinese', titleEN: 'Title in English', powers: 'Powers', editing: 'Change “{name}”', roleKept: 'Saved', roleGone: 'Removed', removeRoleSure: 'Remove the role “{name}”? Whoever has it loses all that came by it.',
  may_see_boards: 'see boards', may_make_boards: 'make boards', may_share_boards: 'share boards', may_share_links: 'make share links', may_export: 'export', may_people: 'manage people', may_administer: 'administer',
  signOnBy: 'Sign in with {name}', signOn: 'Sign-on provider', signOnHint: 'Once bound, you sign in to this account by the provider. Bound is who you are there, not a name or an address of mail.', bindTo: 'Bind to {name}', unbind: 'End the binding', bySignOn: 'from the sign-on provider, renewed at each sign-in', unbindPerson: 'End their binding to the sign-on provider',
  allLinks: 'All share links', allLinksHint: 'Links to boards that anybody made: whoever has one sees the board without an account.', pastLinks: 'Also those that were revoked or have ended', noLinks: 'No link is open.', withPassword: 'with a password', revokeLinkSure: 'Revoke this link? Whoever has it sees nothing from then on.',
  embedKeys: 'Embedding', embedHint: 'A partner’s server signs a short-lived token with a key, and its pages show a board. Only the pages named may frame it, and it shows no more than you hold.', makeKey: 'Make a key', origins: 'Pages that may frame it, an origin a line', boards: 'Boards', embedNoBoards: 'You have no board of your own to be embedded.', keyOnce: 'Copy the secret now; it is not shown again.', keyUse: 'The partner’s server signs a JWT (HS256) each time it shows the page, with exp at most an hour ahead:',
};

const words: Record<Lang, Record<DoorWord, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: DoorWord, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
