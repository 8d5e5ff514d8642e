// The words of the pages about people, in both languages; they come with them.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  // my account
  signedInAs: '用户名 {name}', called: '称呼', language: '语言', asBrowser: '跟随浏览器', keep: '保存', kept: '已保存',
  yourGrants: '对您开放的数据', passwordTitle: '密码', passwordHint: '至少 10 个字符，用几个词最好。修改后其他登录会退出。', oldPassword: '现在的密码', newPassword: '新密码', setPassword: '设置密码', passwordSet: '密码已设置，其他登录已退出',
  totpTitle: '两步验证', totpOff: '未设置。设置后登录时除密码外还需验证器上的数字。', totpOn: '已设置：登录时除密码外还需验证码。', totpBegin: '设置', totpAdd: '在验证器应用中添加此密钥，再输入它显示的数字。', totpSecret: '密钥', totpLink: '在本机的验证器中打开', totpCode: '验证码', totpConfirm: '确认', totpEnd: '取消两步验证', recovery: '恢复码', recoveryHint: '手机丢失时每个可用一次。请现在抄下，之后不再显示。',
  sessions: '登录的设备', here: '本次', endSession: '退出', lastSeen: '最近 {when}', unknownPlace: '本机', onlyPeople: '令牌没有账户。',
  // people
  people: '人员', trail: '审计日志', options: '全局设置', addPerson: '添加人员', add: '添加', name: '用户名', nameHint: '小写字母与数字，如 li.wei', department: '部门', roles: '角色', state: '状态', noRole: '无角色', holds: '数据集', nobody: '还没有您管理的人员。',
  state_disabled: '已停用', state_totp: '密码与验证码', state_password: '密码', state_link: '未设密码', back: '返回列表',
  link: '生成登录链接', linkHint: '一次性链接，24 小时内有效。请发给本人；对方登录后可设置密码。', copy: '复制', copied: '已复制', disable: '停用', enable: '启用', resetTOTP: '取消其两步验证', viewAs: '以其身份查看', disableSure: '停用 {name}？其所有登录立即退出。',
  grants: '授权', grantsHint: '角色与数据集各在哪些省份。只能授予您自己可转授的。', giveRole: '角色', giveData: '数据集', in: '省份', allProvinces: '全部省份', take: '删除 {what}', give: '添加授权', by: '由 {name} 授予', gone: '已失效：{name} 不再能授予', saveGrants: '保存授权', grantsSaved: '授权已保存，对方下一次请求即生效', notManaged: '此人持有的超出您可授予的范围，您只能收回自己授予的。', matrix: '现在能看到的：省份 × 数据集', open: '开放', shut: '不开放', everywhere: '全国', none: '无',
  choose: '选择', provincesOf: '{what}的省份',
  // options
  watermark: '水印：在页面和导出文件上标注读者姓名与日期', adminTOTP: '管理员必须使用两步验证', optionsKept: '设置已保存',
  // trail
  when: '时间', who: '操作人', what: '操作', whom: '对象', from: '来源', detail: '详情', older: '更早', person: '人员', all: '全部', asWho: '{by}（以 {who} 的身份）', trailHint: '每一行都含上一行的校验值，改动、缺失、换位均可查出（aggregator audit verify）。',
  machine: '服务器本机', stranger: '未知者',
};

type Word = keyof typeof zh;

const en: Record<Word, string> = {
  signedInAs: 'Signed in as {name}', called: 'Called', language: 'Language', asBrowser: 'as the browser', keep: 'Save', kept: 'Saved',
  yourGrants: 'What is open to you', passwordTitle: 'Password', passwordHint: 'At least 10 characters; several words are best. Your other sessions end.', oldPassword: 'Password now', newPassword: 'New password', setPassword: 'Set the password', passwordSet: 'The password is set; other sessions have ended',
  totpTitle: 'Second factor', totpOff: 'Not set up. With it, signing in takes the digits of your authenticator beside the password.', totpOn: 'Set up: signing in takes a code beside the password.', totpBegin: 'Set up', totpAdd: 'Add this key to your authenticator, then give the digits that it shows.', totpSecret: 'Key', totpLink: 'Open in an authenticator here', totpCode: 'Code', totpConfirm: 'Confirm', totpEnd: 'Give the second factor up', recovery: 'Recovery codes', recoveryHint: 'Each works once if the phone is lost. Write them down now; they are not shown again.',
  sessions: 'Where you are signed in', here: 'here', endSession: 'End', lastSeen: 'last {when}', unknownPlace: 'this machine', onlyPeople: 'A token has no account.',
  people: 'People', trail: 'Audit log', options: 'For everybody', addPerson: 'Add a person', add: 'Add', name: 'Name', nameHint: 'small letters and digits, as li.wei', department: 'Department', roles: 'Roles', state: 'State', noRole: 'no role', holds: 'Data sets', nobody: 'There is nobody whom you manage yet.',
  state_disabled: 'disabled', state_totp: 'password, code', state_password: 'password', state_link: 'no password yet', back: 'Back to the list',
  link: 'Make a sign-in link', linkHint: 'A one-time link, good for 24 hours. Send it to them; once signed in they can set a password.', copy: 'Copy', copied: 'Copied', disable: 'Disable', enable: 'Enable', resetTOTP: 'Take their second factor away', viewAs: 'See as they do', disableSure: 'Disable {name}? All their sessions end at once.',
  grants: 'Grants', grantsHint: 'Roles and data sets, in which provinces. You give what is yours to pass on.', giveRole: 'Role', giveData: 'Data set', in: 'Provinces', allProvinces: 'all provinces', take: 'Remove {what}', give: 'Add a grant', by: 'given by {name}', gone: 'holds no longer: {name} may not give it any more', saveGrants: 'Save the grants', grantsSaved: 'The grants are saved; they hold with the next request', notManaged: 'This person holds more than you may give; you may only take back what you gave.', matrix: 'What is open now: provinces by data set', open: 'open', shut: 'not open', everywhere: 'everywhere', none: 'nothing',
  choose: 'Choose', provincesOf: 'Provinces of {what}',
  watermark: 'Watermark: the reader’s name and the day on every page and export', adminTOTP: 'Administrators need a second factor', optionsKept: 'Saved',
  when: 'Time', who: 'Who', what: 'What', whom: 'Whom', from: 'From', detail: 'Detail', older: 'Older', person: 'Person', all: 'everybody', asWho: '{by} (as {who})', trailHint: 'Each line carries a hash of the one before: what is changed, missing or moved is found (aggregator audit verify).',
  machine: 'on the server', stranger: 'unknown',
};

const words: Record<Lang, Record<Word, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: Word, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
