// Two string tables, six lines of look-up. zh-CN ships with the app, English loads when asked for.
import { shallowRef } from 'vue'
import type { Language } from '../format/time.ts'
import zh from './zh-CN.json'

export type { Language }
export type Key = keyof typeof zh
export type Values = Record<string, string | number>

type English = typeof import('./en.json')
/** A missing English text is a type error here. */
export type Parity = English extends Record<Key, string> ? true : never
const parity: Parity = true

const store = 'tongbao.language'
const table = shallowRef<Record<Key, string>>(zh)
/** The English texts of refusals, while English is on. */
export const errorTexts = shallowRef<Record<string, string> | null>(null)
export const language = shallowRef<Language>('zh-CN')

/** Fills {name} places of a text. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}

/** The text of a key in the language of the moment. */
export function t(key: Key, values?: Values): string {
  const text = table.value[key] ?? key
  return values ? fill(text, values) : text
}

/** Like t(), with the singular of English: the key and its twin "key.one". */
export function tn(key: Key, n: number, values?: Values): string {
  const single = `${key}.one` as Key
  const one = language.value === 'en' && n === 1 && single in table.value
  return t(one ? single : key, { n, ...values })
}

/** True when a key made at run time is in the table. */
export function has(key: string): key is Key {
  return key in table.value
}

/** Switches the language, keeps the choice on this device. */
export async function setLanguage(next: Language): Promise<void> {
  if (next === 'en' && parity) {
    const [texts, errors] = await Promise.all([import('./en.json'), import('./errors.en.ts')])
    table.value = texts.default
    errorTexts.value = errors.errorsEn
  } else {
    table.value = zh
    errorTexts.value = null
  }
  language.value = next
  document.documentElement.lang = next
  localStorage.setItem(store, next)
}

/** The language kept on this device, else the browser's, else Chinese. */
export function firstLanguage(): Language {
  const kept = localStorage.getItem(store)
  if (kept === 'en' || kept === 'zh-CN') return kept
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh-CN'
}
