// The words of the pages about boxes, in both languages; they come with them.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  parts: '机顶盒', rollouts: '升级', certificates: '证书', all: '全部', reading: '正在读取…', cancel: '取消', reason: '原因（供他人查阅）', haltHint: '例如：黑屏', revokeHint: '例如：失窃',
  rolloutsHint: '代理程序的分批升级。同一台机顶盒在更大的比例中不会被换掉；回退过多时自动暂停。', noReleases: '还没有发布任何升级。', version: '版本 {version}', agent: '代理 {agent}', published: '发布于 {time}', moved: '最近调整 {time}',
  state_prepared: '未开始', state_running: '进行中', state_halted: '已暂停', state_finished: '已完成', haltedBy: '由 {who} 暂停', byItself: '系统自动', byMachine: '服务器本机',
  share: '比例', provinces: '省份', models: '型号', builds: '处理器', allProvinces: '全部省份', allModels: '签名允许的全部型号',
  offered: '下载中', downloaded: '已下载，待启动', trying: '试运行', good: '正常', rolled_back: '已回退', refused: '已拒绝', others: '另有 {n} 台尚未就此版本回报', nothingTold: '还没有机顶盒就此版本回报。', progress: '进度', toldNothing: '尚无回报', notCounted: '较早的版本不再统计。',
  why: '回退与拒绝的原因', byPlace: '按省份与型号', province: '省份', model: '型号', modelUnknown: '未上报',
  stage: '调整范围', percent: '机顶盒比例（%）', percentHint: '0 为暂不下发；更大的比例包含原先的机顶盒', save: '保存范围', staged: '版本 {version} 现对 {percent}% 的机顶盒开放', start: '开始升级', modelsHint: '逗号分隔；留空为全部',
  halt: '暂停', haltSure: '暂停版本 {version}？尚未启动的机顶盒不再启动它，已运行的继续运行。', haltYes: '确认暂停', halted: '版本 {version} 已暂停', resume: '恢复', resumeSure: '恢复版本 {version}？目前已回退的 {n} 台不再触发自动暂停。', resumeYes: '确认恢复', resumed: '版本 {version} 已恢复',
  publish: '发布升级', publishHint: '签名在持有私钥的机器上进行（aggregator update sign），此处只上传签名结果与程序。机顶盒自行验证签名。', signed: '签名文件', program: '程序文件', publishYes: '上传并发布', uploading: '正在上传…', publishedNow: '版本 {version} 已发布，下发 {percent}%', chooseBoth: '请选择签名文件和程序文件',
  running: '正在运行的代理', runningHint: '按机顶盒最近一次上报。', noRunning: '还没有机顶盒上报所运行的代理。', ofImage: '出厂程序', update: '升级 {version}', moreRows: '仅统计台数最多的行。',
  credentials: '申领凭证', credentialsHint: '写入一批镜像，机顶盒凭它首次申领证书。', noCredentials: '没有可见的凭证。', used: '已用 {n}', left: '剩余 {n}', leftAny: '不限量', listed: '绑定 {n} 个序列号', expires: '有效至 {time}', expired: '已过期', never: '长期有效', revokedClaim: '已吊销', anyProvince: '任意省份',
  boxesTitle: '持证机顶盒', search: '序列号或机顶盒 ID 的开头', find: '查找', noBoxes: '没有符合条件的机顶盒。', more: '还有更多；请缩小查找范围。', show: '显示',
  state_: '全部', state_ending: '即将到期', state_revoked: '已吊销', state_suspect: '疑似克隆', noSerial: '未上报序列号', days: '还有 {n} 天到期', ended: '已过期 {n} 天', today: '不到 1 天到期', noCertificate: '没有证书', revokedAt: '{time} 吊销', allowedNow: '可重新申领一次', renewing: '续期中', unknownProvince: '省份未知', claimed: '{time} 申领',
  revoke: '吊销', revokeSure: '吊销 {box}？几秒内断开连接，并拒绝其证书与再次申领。', revokeYes: '确认吊销', revoked: '{box} 已吊销', allow: '允许重新申领', allowSure: '允许 {box} 用新的密钥重新申领一次？最先以此序列号申领的机顶盒将获得证书。', allowYes: '确认允许', allowed: '{box} 可重新申领一次',
  clone: '疑似克隆', times: '{n} 次', last: '最近 {time}', sign_two_places: '两个地址交替连接', sign_boot_back: '开机序号倒退', sign_epoch_back: '旧存储再次出现', sign_taken: '另一把密钥申领同一机顶盒', sign_serial_taken: '序列号已属于另一台', sign_box_taken: '机顶盒 ID 已属于另一台', sign_key_taken: '密钥已属于另一台', sign_claim_revoked: '凭证已吊销', sign_claim_expired: '凭证已过期', sign_claim_full: '凭证名额用完', sign_province: '凭证属于另一省份', sign_unlisted: '序列号不在凭证名单中', sign_revoked: '机顶盒已吊销', sign_unknown: '未登记的机顶盒续期', sign_csr: '申请了不予签发的内容',
  refusals: '被拒绝的申领', refusalsHint: '最近的在前；不属于任何省份，仅管理员可见。', noRefusals: '没有被拒绝的申领。', from: '来自 {place}',
};

export type Word = keyof typeof zh;

const en: Record<Word, string> = {
  parts: 'Boxes', rollouts: 'Roll-outs', certificates: 'Certificates', all: 'All', reading: 'Reading…', cancel: 'Cancel', reason: 'Reason (others will ask)', haltHint: 'as: black screens', revokeHint: 'as: stolen',
  rolloutsHint: 'New agents, a part of the boxes at a time. The same boxes are in every larger share; too many that go back halt a version by itself.', noReleases: 'No update is published yet.', version: 'Version {version}', agent: 'agent {agent}', published: 'published {time}', moved: 'changed {time}',
  state_prepared: 'not begun', state_running: 'running', state_halted: 'halted', state_finished: 'finished', haltedBy: 'Halted by {who}', byItself: 'itself', byMachine: 'somebody on the server',
  share: 'Share', provinces: 'Provinces', models: 'Models', builds: 'Processors', allProvinces: 'all provinces', allModels: 'all that it was signed for',
  offered: 'Fetching', downloaded: 'Fetched, to be started', trying: 'Trying', good: 'Good', rolled_back: 'Gone back', refused: 'Refused', others: '{n} more have told nothing of it yet', nothingTold: 'No box has told anything of it yet.', progress: 'Progress', toldNothing: 'Told nothing yet', notCounted: 'Older versions are not counted any more.',
  why: 'Why boxes went back or refused', byPlace: 'By province and model', province: 'Province', model: 'Model', modelUnknown: 'not told',
  stage: 'Change for whom it is', percent: 'Share of the boxes, %', percentHint: '0: to nobody yet; a larger share holds the boxes of the smaller', save: 'Save', staged: 'Version {version} is now for {percent}% of the boxes', start: 'Start the roll-out', modelsHint: 'with commas; empty: all',
  halt: 'Halt', haltSure: 'Halt version {version}? Boxes that have not started it will not; those that run it go on.', haltYes: 'Halt it', halted: 'Version {version} is halted', resume: 'Resume', resumeSure: 'Resume version {version}? The {n} boxes that went back so far do not halt it again.', resumeYes: 'Resume it', resumed: 'Version {version} is offered again',
  publish: 'Publish an update', publishHint: 'It is signed where the private key is (aggregator update sign); only the signed file and the program come here. Boxes check the signature themselves.', signed: 'Signed file', program: 'Program', publishYes: 'Upload and publish', uploading: 'Uploading…', publishedNow: 'Version {version} is published, for {percent}%', chooseBoth: 'Choose the signed file and the program',
  running: 'Agents that run', runningHint: 'By what boxes told last.', noRunning: 'No box has told yet which agent it runs.', ofImage: 'of the image', update: 'update {version}', moreRows: 'Of the rows of most boxes alone.',
  credentials: 'Claim credentials', credentialsHint: 'Part of the images of a batch: by it a box claims its first certificate.', noCredentials: 'There is no credential that you may see.', used: '{n} used', left: '{n} left', leftAny: 'any number', listed: 'bound to {n} serials', expires: 'until {time}', expired: 'expired', never: 'without end', revokedClaim: 'revoked', anyProvince: 'any province',
  boxesTitle: 'Boxes with a certificate', search: 'How a serial or a box id begins', find: 'Find', noBoxes: 'There is no such box.', more: 'There are more; narrow the search.', show: 'Show',
  state_: 'All', state_ending: 'End soon', state_revoked: 'Revoked', state_suspect: 'Clones?', noSerial: 'serial not told', days: 'ends in {n} days', ended: 'ended {n} days ago', today: 'ends within a day', noCertificate: 'no certificate', revokedAt: 'revoked {time}', allowedNow: 'may claim once more', renewing: 'being renewed', unknownProvince: 'province not known', claimed: 'claimed {time}',
  revoke: 'Revoke', revokeSure: 'Revoke {box}? It is cut off within seconds; its certificate and claims of it are refused.', revokeYes: 'Revoke it', revoked: '{box} is revoked', allow: 'Allow a claim', allowSure: 'Let {box} claim once more, with another key? Whichever box asks first with this serial has the certificate.', allowYes: 'Allow it', allowed: '{box} may claim once more',
  clone: 'There may be two', times: '{n}×', last: 'last {time}', sign_two_places: 'two addresses take turns', sign_boot_back: 'counts its boots anew', sign_epoch_back: 'a store that was replaced came back', sign_taken: 'another key claims the same box', sign_serial_taken: 'the serial is another box’s', sign_box_taken: 'the box id is another serial’s', sign_key_taken: 'the key is another box’s', sign_claim_revoked: 'the credential is revoked', sign_claim_expired: 'the credential has expired', sign_claim_full: 'the credential is used up', sign_province: 'the credential is of another province', sign_unlisted: 'the serial is not on the credential’s list', sign_revoked: 'the box is revoked', sign_unknown: 'a renewal of a box that is not known', sign_csr: 'asks for what is not given',
  refusals: 'Refused claims', refusalsHint: 'The latest first; they are of no province, so administrators alone see them.', noRefusals: 'No claim was refused.', from: 'from {place}',
};

const words: Record<Lang, Record<Word, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: Word, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}

/** What a sign of a clone, or the reason of a refusal, is called; the bare word of one that is not known here. */
export function signWord(sign: string): string {
  const word = `sign_${sign}`;
  return word in zh ? t(word as Word) : sign;
}
