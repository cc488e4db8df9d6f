// The help articles: texts in the string tables of the kit, loaded with the help pages only.
import en from '@kit/i18n/help.en.json'
import zh from '@kit/i18n/help.zh-CN.json'
import type { Language } from '@kit/i18n/t.ts'

export interface Article {
  slug: string
  title: string
  updated: string
  /** Other words people look for. */
  words: string
  body: string[]
  steps?: string[]
  last?: string
}

export function articles(language: Language): Article[] {
  return (language === 'en' ? en : zh) as Article[]
}
