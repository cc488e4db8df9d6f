// Which article answers which question: every requirement about opening, its trouble, passwords and
// locks has one, in both languages.
import { describe, expect, it } from 'vitest'
import { search, type Article } from '../../app/src/parts/help.ts'
import en from './help.en.json'
import zh from './help.zh-CN.json'

/** slug -> numbers of requirements. */
const covers: Record<string, number[]> = {
  official: [16, 17, 18, 19],
  prepare: [15, 22, 23, 35, 36, 37, 38, 39, 40, 41],
  open: [14, 20, 21, 24, 31],
  review: [32, 33, 34],
  typo: [42, 44, 45],
  mismatch: [43, 46, 47, 48],
  network: [49, 50, 60, 61, 62],
  maintenance: [51, 52],
  ticket: [53],
  branch: [53, 107],
  code: [25, 26, 54, 55, 56, 57, 58, 59, 62],
  face: [27, 28],
  strong: [29, 30, 91, 92],
  contact: [63, 98],
  password: [86, 87, 88, 89, 90],
  twofactor: [94, 95],
  wifi: [93, 96],
  checkup: [97, 110],
  fraud: [98, 99, 111],
  logout: [100],
  terms: [101, 102],
  mistake: [103],
  lock: [104, 105, 106, 107, 108, 109],
  device: [50],
  pin: [105],
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('help centre', () => {
  // REQ-123
  it('answers every question of opening, trouble, passwords and locks', () => {
    const answered = new Set(Object.values(covers).flat())
    expect([...range(15, 63), ...range(86, 111)].filter((n) => !answered.has(n))).toEqual([])
    const slugs = new Set(zh.map((a) => a.slug))
    expect(Object.keys(covers).filter((slug) => !slugs.has(slug))).toEqual([])
  })
  it('is written in both languages, dated, in its own punctuation', () => {
    for (const article of zh) {
      const text = [article.title, ...article.body, ...(article.steps ?? []), article.last ?? ''].join('\n')
      expect(/[\u4e00-\u9fff][,;:?!()]/.test(text), article.slug).toBe(false)
      expect(article.updated, article.slug).toMatch(/^2026-\d\d-\d\d$/)
    }
    for (const article of en) expect(/[\u4e00-\u9fff]/.test(JSON.stringify(article)), article.slug).toBe(false)
  })
  it('is found by what people type: part of it, other words, a slip', () => {
    const first = (query: string, language: 'zh-CN' | 'en') => search((language === 'en' ? en : zh) as Article[], query)[0]?.slug
    expect(first('收不到验证码', 'zh-CN')).toBe('code')
    expect(first('验证码收不到', 'zh-CN')).toBe('code')
    expect(first('ＷＩＦＩ', 'zh-CN')).toBe('wifi')
    expect(first('手机号未关联', 'zh-CN')).toBe('mismatch')
    expect(first('branch tickt', 'en')).toBe('ticket')
    expect(first('Maintenence', 'en')).toBe('maintenance')
    expect(search(en as Article[], 'zzzzqqq')).toEqual([])
    expect(search(zh as Article[], '').length).toBe(zh.length)
  })
})
