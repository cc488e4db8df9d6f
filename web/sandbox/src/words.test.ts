import { describe, expect, it } from 'vitest'
import en from './words/en.json'
import zh from './words/zh-CN.json'

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()
const english = en as Record<string, string>

describe('words of the sandbox', () => {
  it('are in both languages, with the same places to fill', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    for (const [key, text] of Object.entries(zh)) {
      expect(places(english[key]), key).toEqual(places(text))
    }
  })
  it('use full-width punctuation in Chinese', () => {
    for (const [key, text] of Object.entries(zh)) {
      expect(/[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]/.test(text), key).toBe(false)
    }
  })
})
