// The words of the pages about own data sources, in both languages; they come with them.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  sources: '自有数据源', sourcesHint: '上传的文件，以及定时读取的数据库和接口。它们的度量可与平台指标放在同一个组件里，按省份授权。', noSources: '还没有数据源。', addSource: '新增数据源', back: '返回列表',
  title: '名称', titleZH: '名称（中文）', titleEN: '名称（英文）', name: '标识', nameHint: '小写字母、数字、下划线，如 shop_sales；以后不能改', kind: '来源', state: '状态', rows: '行数', age: '数据时间', next: '下次读取', owner: '建立者', machine: '服务器本机',
  kind_upload: '上传文件', kind_http: 'HTTP 接口（JSON）', kind_postgres: 'PostgreSQL', kind_mysql: 'MySQL', kind_clickhouse: 'ClickHouse', kind_sqlite: 'SQLite 文件',
  good: '正常', failing: '读取失败，沿用之前的数据', never: '尚未读取', byHand: '手动', ageNow: '刚刚', ageMinutes: '{n} 分钟前', ageHours: '{n} 小时前', ageDays: '{n} 天前',
  drop: '把 CSV 或 XLSX 文件拖到这里，或选择文件', dropAgain: '把新文件拖到这里，或选择文件', fileLimits: '最大 100 MB、100 万行、200 列。编码自动识别（UTF-8、GBK、UTF-16）。', reading: '正在读取…',
  address: '地址', addressURL: 'URL', addressHost: '主机:端口', addressFile: '文件名', database: '数据库', user: '用户', secret: '密码或令牌', secretKept: '已保存；留空则不变', tls: '使用 TLS', query: '查询（一条 SELECT）', path: '记录所在路径', pathHint: '如 data.items；留空为最外层列表',
  look: '查看前几行', columns: '列', columnsHint: '类型是猜测的，请核对。有省份列时按省份授权；没有省份列的数据源只对拥有全国授权的人可见。有日期列时随时间筛选和对比；没有日期列的在各时段相同。', field: '字段', type: '类型', unit: '单位', figureName: '指标标识', firstRows: '前几行',
  type_skip: '不读取', type_number: '数值', type_yuan: '金额（元）', type_fen: '金额（分）', type_text: '文本', type_date: '日期', type_province: '省份', type_city: '地市', type_product: '产品编码', type_provider: '内容提供商（CP）',
  every: '定时读取', everyNever: '不定时', everyMinutes: '每 {n} 分钟', everyHours: '每 {n} 小时', everyDay: '每天', save: '保存并读取', added: '已建立，读取 {rows} 行', changed: '已保存，读取 {rows} 行',
  refresh: '立即读取', refreshed: '已读取 {rows} 行', remove: '删除', removeSure: '删除“{title}”？它的全部版本和授权一并失效，标识不能再用。', removeYes: '确认删除', removed: '已删除', cancel: '取消',
  versions: '版本', version: '版本', by: '读取者', size: '大小', rejected: '拒收行', holds: '使用中', use: '改用此版本', used: '已改用第 {n} 版',
  faults: '拒收的行', faultsOfFailed: '最近一次读取失败：{fault}', row: '行', column: '列', value: '内容', why: '原因', moreFaults: '共 {n} 行，显示前 {shown} 行', noFaults: '没有拒收的行。',
  figures: '看板中的度量', edit: '修改', grantHint: '在“人员”中授予数据集“{title}”后，其他人才能看到。', scopeAll: '您可见：全国', scopeSome: '您可见：{provinces}', scopeNone: '您没有查看其数据的授权', problem: '出错：',
};

type Word = keyof typeof zh;

const en: Record<Word, string> = {
  sources: 'Own data sources', sourcesHint: 'Files that were uploaded, and databases and services that are read by schedule. Their measures stand beside the platform’s figures in one widget and are granted by province.', noSources: 'There is no data source yet.', addSource: 'Add a data source', back: 'Back to the list',
  title: 'Title', titleZH: 'Title (Chinese)', titleEN: 'Title (English)', name: 'Name', nameHint: 'small letters, digits, underscores, as shop_sales; it stays', kind: 'From', state: 'State', rows: 'Rows', age: 'Read', next: 'Next', owner: 'Made by', machine: 'on the server',
  kind_upload: 'Uploaded file', kind_http: 'HTTP service (JSON)', kind_postgres: 'PostgreSQL', kind_mysql: 'MySQL', kind_clickhouse: 'ClickHouse', kind_sqlite: 'SQLite file',
  good: 'in order', failing: 'could not be read; the rows of before stand', never: 'not read yet', byHand: 'by hand', ageNow: 'just now', ageMinutes: '{n} min ago', ageHours: '{n} h ago', ageDays: '{n} days ago',
  drop: 'Drop a CSV or XLSX file here, or choose one', dropAgain: 'Drop the new file here, or choose one', fileLimits: 'At most 100 MB, a million rows, 200 columns. UTF-8, GBK and UTF-16 are told apart.', reading: 'Reading…',
  address: 'Address', addressURL: 'URL', addressHost: 'host:port', addressFile: 'name of the file', database: 'Database', user: 'User', secret: 'Password or token', secretKept: 'kept; leave empty to keep it', tls: 'Use TLS', query: 'Query (one SELECT)', path: 'Where the records are', pathHint: 'as data.items; empty: the outermost list',
  look: 'Look at the first rows', columns: 'Columns', columnsHint: 'The types are guesses; check them. With a column of provinces rows are granted by province; without one the source is for readers of all provinces alone. With a column of days it follows periods and comparisons; without one it is the same at all times.', field: 'Field', type: 'Type', unit: 'Unit', figureName: 'Name in figures', firstRows: 'The first rows',
  type_skip: 'not read', type_number: 'number', type_yuan: 'money in yuan', type_fen: 'money in fen', type_text: 'text', type_date: 'date', type_province: 'province', type_city: 'city', type_product: 'code of a product', type_provider: 'content provider (CP)',
  every: 'Read again', everyNever: 'by hand alone', everyMinutes: 'every {n} minutes', everyHours: 'every {n} hours', everyDay: 'every day', save: 'Save and read', added: 'Added; {rows} rows were read', changed: 'Saved; {rows} rows were read',
  refresh: 'Read now', refreshed: '{rows} rows were read', remove: 'Remove', removeSure: 'Remove “{title}”? All its versions go, grants of it open nothing, and its name is not given again.', removeYes: 'Remove it', removed: 'Removed', cancel: 'Cancel',
  versions: 'Versions', version: 'Version', by: 'Read by', size: 'Size', rejected: 'Refused rows', holds: 'in use', use: 'Go back to it', used: 'Version {n} is in use',
  faults: 'Refused rows', faultsOfFailed: 'The latest reading failed: {fault}', row: 'Row', column: 'Column', value: 'Content', why: 'Why', moreFaults: '{n} rows, the first {shown} are shown', noFaults: 'No row was refused.',
  figures: 'Measures on boards', edit: 'Change', grantHint: 'Others see it once the data set “{title}” is granted to them, under People.', scopeAll: 'You see: all provinces', scopeSome: 'You see: {provinces}', scopeNone: 'Its rows are not granted to you', problem: 'It failed:',
};

const words: Record<Lang, Record<Word, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function t(word: Word, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
