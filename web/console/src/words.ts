// The texts of the console: two tables of their own, the language of the kit.
import { fill, language, type Values } from '@kit/i18n/t.ts'
import en from './words/en.json'
import zh from './words/zh-CN.json'

export type Word = keyof typeof zh
/** A missing English text is a type error here. */
const english: Record<Word, string> = en

export function t(key: Word, values?: Values): string {
  const text = (language.value === 'en' ? english : zh)[key] ?? key
  return values ? fill(text, values) : text
}

/** The text of a key made at run time; the bare name when there is none. */
export function named(group: string, name: string): string {
  const key = `${group}.${name}`
  return key in zh ? t(key as Word) : name
}
