// Texts of the pages about trouble: a table of their own, loaded with them, so that the first page
// stays small.
import en from '@kit/i18n/trouble.en.json'
import zh from '@kit/i18n/trouble.zh-CN.json'
import { fill, language, type Values } from '@kit/i18n/t.ts'

export type Word = keyof typeof zh
export type WordParity = typeof en extends Record<Word, string> ? true : never
const parity: WordParity = true

/** The text of a key in the language of the moment. */
export function w(key: Word, values: Values = {}): string {
  return fill((language.value === 'en' && parity ? en : zh)[key], values)
}

/** True when a key made at run time is in the table. */
export function hasWord(key: string): key is Word {
  return key in zh
}
