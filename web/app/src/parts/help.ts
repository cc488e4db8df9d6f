// The help articles: texts in the string tables of the kit, loaded with the help pages only.
import { shallowRef, watchEffect, type ShallowRef } from 'vue'
import { language, type Language } from '@kit/i18n/t.ts'

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

/** The articles of one language: each is a file of its own. */
export async function articles(of: Language): Promise<Article[]> {
  const file = of === 'en' ? import('@kit/i18n/help.en.json') : import('@kit/i18n/help.zh-CN.json')
  return (await file).default as Article[]
}

/** Those of the language of the moment; undefined until they are there. */
export function useArticles(): ShallowRef<Article[] | undefined> {
  const all = shallowRef<Article[]>()
  watchEffect(() => {
    const now = language.value
    void articles(now).then((found) => {
      if (now === language.value) all.value = found
    })
  })
  return all
}

/** Full-width to half-width, small letters, no spaces and punctuation. */
function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/[\s\p{P}\p{S}]+/gu, '')
}

function pairs(text: string): string[] {
  if (text.length < 2) return text ? [text] : []
  return Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2))
}

/** How much of what was typed is in a text, 0 … 1, by pairs of letters: order and slips matter little. */
function share(query: string, text: string): number {
  const wanted = pairs(query)
  return wanted.length ? wanted.filter((pair) => text.includes(pair)).length / wanted.length : 0
}

const enough = 0.7

/** The articles that fit, the best first; all of them when nothing was typed. */
export function search(all: Article[], typed: string): Article[] {
  const query = plain(typed)
  if (!query) return all
  const scored = all.map((article) => {
    const head = plain(article.title + article.words)
    const whole = plain([article.title, article.words, ...article.body, ...(article.steps ?? []), article.last ?? ''].join(''))
    const exact = (head.includes(query) ? 2 : 0) + (whole.includes(query) ? 1 : 0)
    return { article, score: exact + 2 * share(query, head) + share(query, whole), fits: exact > 0 || share(query, whole) >= enough }
  })
  return scored
    .filter((one) => one.fits)
    .sort((one, other) => other.score - one.score)
    .map((one) => one.article)
}
