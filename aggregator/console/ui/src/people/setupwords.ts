// The words of a platform's first hour, in both languages; they come with its page.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  setup: '初始设置', claimTitle: '设置管理员', claimBody: '此平台还没有管理员。输入服务器启动时写入日志的设置码，证明您可以管理这台服务器。', code: '设置码', name: '用户名', called: '称呼', password: '密码', passwordHint: '至少 10 个字符，用几个词最好', claim: '成为管理员',
  claimed: '此平台已有管理员。', signIn: '去登录', intro: '按顺序完成，也可以随时离开，之后从“人员 → 初始设置”继续。', stepAdmin: '管理员', adminDone: '您的密码已设置。', adminTodo: '您是通过链接登录的，请设置密码。', toAccount: '去设置密码',
  stepProvinces: '参与的省份', provincesHint: '将为每个省份建立接收文件的目录。', keep: '保存', kept: '已保存', all: '全选',
  stepData: '数据', dataTodo: '先选择省份。', folders: '各省的业务系统把文件放入这些目录，约几秒后自动入库：', upload: '或上传一个文件', file: '文件', province: '省份', send: '上传', sent: '已放入 {name}；稍后在“数据质量”中可见结果。', files: '已收到 {n} 个文件', manyFiles: '已收到 100 个以上文件', toQuality: '查看数据质量', broker: '机顶盒连接到', boxes: '已有 {n} 台机顶盒上报',
  demo: '只想先看看？在另一个数据目录中运行演示，模拟数据不会混入正式平台：', stepMap: '地图（可选）', mapHint: '默认以方格图显示各省。如有带审图号的省级 GeoJSON（properties.adcode 或 name；顶层 approval 写审图号），上传后看板的“地图”组件使用它。', mapKept: '地图已保存：{n} 个省份', mapDrop: '删除地图', finish: '完成，打开首页', notDone: '未完成', done: '已完成',
};
export type SetupWord = keyof typeof zh;
const en: Record<SetupWord, string> = {
  setup: 'Set up', claimTitle: 'Make the administrator', claimBody: 'This platform has no administrator yet. The set-up code, which the program writes into its log at each start, shows that this server is yours.', code: 'Set-up code', name: 'User name', called: 'Called', password: 'Password', passwordHint: 'At least 10 characters; several words are best', claim: 'Become the administrator',
  claimed: 'This platform has its administrator already.', signIn: 'Sign in', intro: 'One step after the other; leave at any time and go on from People, Set up.', stepAdmin: 'Administrator', adminDone: 'Your password is set.', adminTodo: 'You came by a link; set a password.', toAccount: 'Set a password',
  stepProvinces: 'Provinces that take part', provincesHint: 'Each gets a folder for its files.', keep: 'Save', kept: 'Saved', all: 'All of them',
  stepData: 'Data', dataTodo: 'Choose provinces first.', folders: 'Business systems put the provinces’ files here; they are taken in some seconds later:', upload: 'Or upload one file', file: 'File', province: 'Province', send: 'Upload', sent: '{name} is in its folder; the page of data quality shows what becomes of it.', files: '{n} files came so far', manyFiles: 'more than 100 files came', toQuality: 'See data quality', broker: 'Boxes connect to', boxes: '{n} boxes reported so far',
  demo: 'Only looking? Run the demo in a data folder of its own, so that made-up figures never mix with yours:', stepMap: 'Map (if you have one)', mapHint: 'Provinces are tiles. With GeoJSON of your own (properties.adcode or name; the approval number as approval at its top) boards’ maps are drawn from it.', mapKept: 'The map is kept: {n} provinces', mapDrop: 'Remove the map', finish: 'Done: open the page', notDone: 'to do', done: 'done',
};
const words: Record<Lang, Record<SetupWord, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: SetupWord, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
