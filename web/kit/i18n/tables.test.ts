import { describe, expect, it } from 'vitest'
import enApp from './en.json'
import { errors } from './errors.ts'
import { errorsEn } from './errors.en.ts'
import helpEn from './help.en.json'
import helpZh from './help.zh-CN.json'
import enTrouble from './trouble.en.json'
import zhTrouble from './trouble.zh-CN.json'
import zhApp from './zh-CN.json'

const zh = { ...zhApp, ...zhTrouble }
const en = { ...enApp, ...enTrouble }

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()
const pairs = Object.entries(zh).map(
  ([key, text]) => [key, text, (en as Record<string, string>)[key]] as const,
)

describe('string tables', () => {
  it('name no text twice', () => {
    expect(Object.keys(zhApp).filter((key) => key in zhTrouble)).toEqual([])
  })
  it('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    expect(Object.keys(errorsEn).sort()).toEqual(Object.keys(errors).sort())
  })
  it('have the same places to fill', () => {
    for (const [key, chinese, english] of pairs) {
      const some = key.endsWith('.one') || `${key}.one` in zh ? places(chinese) : places(english)
      expect(new Set(places(chinese)), key).toEqual(new Set(some))
    }
  })
  it('use full-width punctuation in Chinese', () => {
    for (const [key, chinese] of pairs) {
      expect(/[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]/.test(chinese), key).toBe(false)
    }
  })
  // REQ-042
  it('avoid forbidden words', () => {
    const never = /系统异常|未知错误|操作失败|请联系管理员|！|!|Oops|\bOK\b/
    for (const [key, chinese, english] of pairs) {
      expect(never.test(chinese + english), key).toBe(false)
    }
  })
})

describe('help', () => {
  // REQ-117
  it('has every article in both languages, with the same steps and date', () => {
    expect(helpEn.map((a) => [a.slug, a.updated, a.steps?.length])).toEqual(
      helpZh.map((a) => [a.slug, a.updated, a.steps?.length]),
    )
  })
})
