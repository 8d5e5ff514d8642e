// The words of findings about accounts and products, in both languages; they come with the insights.

import type { Lang } from '../api';
import { fill } from '../i18n';
import { lang } from '../prefs';

const zh = {
  mayLeave: '可能离开的用户',
  mayLeaveHint: '按四种看得见的迹象打分，0–100 分；从未收到数据的用户单列，不算沉默。',
  riskListNote: '用户名单只给有“账户名单”授权的人：aggregator insight risk --list，每次查看都有记录。',
  risk_high: '高风险',
  risk_middle: '中风险',
  risk_low: '低风险',
  risk_unobserved: '未观测',
  riskSigns: '迹象与分数',
  riskSign: '迹象',
  riskPoints: '分数',
  riskAccounts: '户数',
  riskPlaces: '各地的风险',
  riskPlace: '地区',
  riskShare: '高风险占比',
  tooFew: '过少',
  whatPreceded: '离开之前有什么迹象',
  whatPrecededHint: '近 28 天离开的用户在离开前 28 天的迹象，与留下的用户相比；据此判断分数是否合理。',
  whoLeft: '离开者',
  whoStayed: '留下者',
  lift: '倍数',
  unsureMark: '不足以断定',
  productContent: '哪些产品的内容偏弱？',
  productHint: '收入最高的产品：订购情况，以及其产品包内容的收视；内容按各省目录的产品包，不论由谁、凭哪个产品收看。',
  product: '产品',
  productOrders: '订单',
  productRevenue: '收入',
  productViewers: '收视终端',
  productCompletion: '完成度',
  productReturn: '7 日回访率',
  productErrors: '播放错误率',
  tell: '还通知',
  tellNames: '用户名，用逗号分开',
  tellHint: '除您之外还通知谁：每人只收到自己有授权的省份，发到其自己设置的接收方式（邮件、企业微信、钉钉、飞书、JSON）',
  alsoTold: '还通知 {names}',
} as const;

export type InsightWord = keyof typeof zh;

const en: Record<InsightWord, string> = {
  mayLeave: 'Accounts that may leave',
  mayLeaveHint: 'A score of 0 to 100 out of four plain signs; accounts never heard of stand apart and are not silent.',
  riskListNote: 'Lists of accounts are for those whom they are open to: aggregator insight risk --list; each use is logged.',
  risk_high: 'High risk',
  risk_middle: 'Middle risk',
  risk_low: 'Low risk',
  risk_unobserved: 'Not observed',
  riskSigns: 'Signs and points',
  riskSign: 'Sign',
  riskPoints: 'Points',
  riskAccounts: 'Accounts',
  riskPlaces: 'Risk by place',
  riskPlace: 'Place',
  riskShare: 'Share at high risk',
  tooFew: 'too few',
  whatPreceded: 'What preceded departures',
  whatPrecededHint: 'Signs of those who left in the last 28 days, 28 days before, against those who stayed: whether the points are right.',
  whoLeft: 'Who left',
  whoStayed: 'Who stayed',
  lift: 'Times',
  unsureMark: 'not sure',
  productContent: 'Whose content is weak?',
  productHint: 'Products that earn most: what is bought, and how the content of their packages is watched, by whomever and under whatever product.',
  product: 'Product',
  productOrders: 'Orders',
  productRevenue: 'Revenue',
  productViewers: 'Viewers',
  productCompletion: 'Completion',
  productReturn: 'Come back',
  productErrors: 'Plays that fail',
  tell: 'Tell also',
  tellNames: 'names, with commas',
  tellHint: 'Who is told beside you: each of the provinces that are open to them, at the places that they set for themselves (mail, WeCom, DingTalk, Feishu, JSON)',
  alsoTold: 'Tells also {names}',
};

const words: Record<Lang, Record<InsightWord, string>> = { zh, en };

/** A word in the reader's language, {holes} filled. Reactive inside components. */
export function w(word: InsightWord, holes?: Record<string, string | number>): string {
  return fill(words[lang.value][word], holes);
}
