// The words of what leaves a board: files, print, reports.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  excel: 'Excel', excelHint: '整个看板，每个组件一张表，按您的授权和当前筛选', making: '正在生成…', print: '打印', printHint: '打印或存为 PDF：A4 横向',
  printedFor: '读者 {name}', printedAt: '打印于 {time}',
  reports: '报表', reportsTitle: '报表：{title}', reportsHint: '定时把这个看板发给平台用户；每个人收到的是自己授权范围内的数据。', noReports: '这个看板还没有报表。',
  newReport: '新建报表', name: '名称', to: '接收人', toHint: '用户名，用逗号分开；留空为自己', form: '形式', form_xlsx: 'Excel 附件', form_html: '邮件正文', form_csv: 'CSV 附件', language: '语言', eachTheirs: '按接收人',
  every: '周期', every_day: '每天', every_week: '每周', every_month: '每月', weekday: '星期', day: '日', dayHint: '短月按最后一天', at: '时间', wait: '最多等待（分钟）', waitHint: '等前一天的数据汇总完毕；超时则照发并注明', withFilters: '带上当前筛选',
  weekday_1: '周一', weekday_2: '周二', weekday_3: '周三', weekday_4: '周四', weekday_5: '周五', weekday_6: '周六', weekday_7: '周日', dayOf: '{day} 日',
  add: '添加', next: '下次 {time}', paused: '已暂停', pause: '暂停', resume: '恢复', sendNow: '立即发送', sending: '“{name}”已开始发送', preview: '预览', previewHint: '按您自己的授权范围', remove: '删除', removeThis: '删除“{name}”', sureRemove: '删除“{name}”？', byOther: '{name} 的报表',
  log: '发送记录', logHint: '每个接收方式一行，最近的在前。', noLog: '还没有发送过。', due: '应发', title: '内容', receiver: '接收人', way: '方式', state: '状态', reason: '原因', tries: '{n} 次',
  state_waiting: '等待', state_handing: '正在发送', state_sent: '已发送', state_refused: '不予发送', state_failed: '失败', state_unsure: '不确定是否送达', state_missed: '停机错过', late: '数据不完整',
  places: '我的接收方式', placesHint: '报表和告警发到这里；只有您自己能设置。', noPlaces: '还没有接收方式：您收不到报表和告警。', kind: '类型', kind_mail: '邮件', kind_wecom: '企业微信', kind_dingtalk: '钉钉', kind_feishu: '飞书', kind_json: 'JSON', address: '地址', addressMail: 'wang@example.cn', addressHook: '机器人的 Webhook 地址', secret: '签名密钥', secretHint: '钉钉、飞书、JSON 可填', label: '备注', forReports: '报表', forAlerts: '告警', test: '测试', tested: '测试消息已发送', notTested: '测试消息未发出：{why}', signed: '已签名',
  why_no_place: '接收人没有接收方式', why_no_person: '没有这个用户或已停用', why_not_granted: '接收人没有授权', why_not_found: '看板对其不可见', why_forbidden: '接收人没有导出权限', why_removed: '报表已删除', why_interrupted: '发送时服务中断', why_compose: '数据未能算出', why_too_large: '内容过大', why_no_smtp: '未配置邮件服务器', why_smtp_connect: '邮件服务器连不上', why_smtp_tls: '邮件服务器加密失败', why_smtp_auth: '邮件服务器登录失败', why_smtp_refused: '邮件被拒收', why_smtp_later: '邮件服务器暂时不收', why_smtp_unsure: '邮件服务器没有回应', why_mail_domain: '不允许的邮箱', why_bad_way: '地址不可用', why_hook_address: '不允许的地址', why_hook_connect: 'Webhook 连不上', why_hook_unsure: 'Webhook 没有回应', why_hook_status: 'Webhook 出错', why_hook_refused: 'Webhook 拒收',
} as const;

export type OutWord = keyof typeof zh;

const en: Record<OutWord, string> = {
  excel: 'Excel', excelHint: 'The whole board, a sheet a widget, in your scope and with these filters', making: 'Making…', print: 'Print', printHint: 'Print or save as PDF: A4 across',
  printedFor: 'Reader {name}', printedAt: 'Printed {time}',
  reports: 'Reports', reportsTitle: 'Reports: {title}', reportsHint: 'Sends this board by schedule to people of the platform; each gets the figures of their own scope.', noReports: 'This board has no reports yet.',
  newReport: 'New report', name: 'Name', to: 'To', toHint: 'names with commas between them; empty: yourself', form: 'Form', form_xlsx: 'Excel attached', form_html: 'in the mail', form_csv: 'CSV attached', language: 'Language', eachTheirs: 'each receiver’s',
  every: 'How often', every_day: 'daily', every_week: 'weekly', every_month: 'monthly', weekday: 'Weekday', day: 'Day', dayHint: 'in shorter months the last', at: 'At', wait: 'Wait at most (minutes)', waitHint: 'until the day before is complete; then it goes and says so', withFilters: 'With the filters of now',
  weekday_1: 'Monday', weekday_2: 'Tuesday', weekday_3: 'Wednesday', weekday_4: 'Thursday', weekday_5: 'Friday', weekday_6: 'Saturday', weekday_7: 'Sunday', dayOf: 'day {day}',
  add: 'Add', next: 'next {time}', paused: 'paused', pause: 'Pause', resume: 'Resume', sendNow: 'Send now', sending: '“{name}” is being sent', preview: 'Preview', previewHint: 'in your own scope', remove: 'Remove', removeThis: 'Remove “{name}”', sureRemove: 'Remove “{name}”?', byOther: '{name}’s report',
  log: 'What was sent', logHint: 'A line for each place, the newest first.', noLog: 'Nothing was sent yet.', due: 'Due', title: 'What', receiver: 'To', way: 'Way', state: 'State', reason: 'Reason', tries: '{n} tries',
  state_waiting: 'waiting', state_handing: 'being sent', state_sent: 'sent', state_refused: 'not to be sent', state_failed: 'failed', state_unsure: 'may have arrived', state_missed: 'server was down', late: 'not complete',
  places: 'Where I get things', placesHint: 'Reports and alerts come here; nobody but you sets it.', noPlaces: 'There is no place yet: reports and alerts do not reach you.', kind: 'Kind', kind_mail: 'Mail', kind_wecom: 'WeCom', kind_dingtalk: 'DingTalk', kind_feishu: 'Feishu', kind_json: 'JSON', address: 'Address', addressMail: 'wang@example.cn', addressHook: 'the robot’s webhook', secret: 'Secret', secretHint: 'signs DingTalk, Feishu and JSON', label: 'Note', forReports: 'Reports', forAlerts: 'Alerts', test: 'Test', tested: 'The test message was sent', notTested: 'The test message was not sent: {why}', signed: 'signed',
  why_no_place: 'the receiver has no place', why_no_person: 'there is no such person, or they are disabled', why_not_granted: 'not open to the receiver', why_not_found: 'the board is not open', why_forbidden: 'the receiver may take nothing out', why_removed: 'the report was removed', why_interrupted: 'the server stopped meanwhile', why_compose: 'the figures could not be computed', why_too_large: 'too large', why_no_smtp: 'no mail server is set', why_smtp_connect: 'the mail server does not answer', why_smtp_tls: 'no encryption with the mail server', why_smtp_auth: 'the mail server lets nobody in', why_smtp_refused: 'the mail was refused', why_smtp_later: 'the mail server takes nothing now', why_smtp_unsure: 'the mail server said nothing', why_mail_domain: 'an address that is not allowed', why_bad_way: 'the address cannot be used', why_hook_address: 'an address that is not allowed', why_hook_connect: 'the webhook does not answer', why_hook_unsure: 'the webhook said nothing', why_hook_status: 'the webhook failed', why_hook_refused: 'the webhook refused it',
};

const words: Record<Lang, Record<OutWord, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function o(word: OutWord, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}

/** Why something was not sent, in words where there are some. */
export function reason(code: string, detail: string): string {
  const word = `why_${code}`;
  const text = word in zh ? o(word as OutWord) : code;
  return detail && !['not_granted', 'not_found', 'forbidden'].includes(code) ? `${text} (${detail})` : text;
}
