// The rules a password is checked against while it is typed; the server has the last word.
import { problemText, type Problem } from '@kit/api/problem.ts'
import { has, language, t, type Key } from '@kit/i18n/t.ts'

/** Each rule that the browser can check, and whether it is met. */
export function passwordRules(text: string): { key: Key; done: boolean }[] {
  const length = [...text].length
  const mixed = /\p{L}/u.test(text) && /\d/.test(text)
  return [
    { key: 'password.rule.length', done: length >= 10 && length <= 64 },
    { key: 'password.rule.classes', done: mixed || length >= 15 },
  ]
}

export interface Strength {
  /** 0 nothing typed, 1 not enough, 2 usable, 3 good, 4 strong. */
  level: 0 | 1 | 2 | 3 | 4
  word: Key
  /** What would make it better; never a condition. */
  advice?: Key
}

/** An estimate that advises: kinds of characters and length. What the rules accept it never blocks. */
export function passwordStrength(text: string): Strength {
  const characters = [...text.normalize('NFKC')]
  const different = new Set(characters).size
  const kinds = [/\p{Lu}/u, /\p{Ll}/u, /\p{Lo}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(text)).length
  if (!characters.length) return { level: 0, word: 'password.meter.none' }
  if (!passwordReady(text)) return { level: 1, word: 'password.meter.low' }
  const points = (characters.length - 10) / 2 + (kinds - 2) * 1.5 + (different < 6 ? -4 : 0)
  const advice: Key | undefined =
    different < 6 || characters.length < 12
      ? 'password.advice.length'
      : !/[^\p{L}\d]/u.test(text)
        ? 'password.advice.sign'
        : kinds < 3
          ? 'password.advice.case'
          : undefined
  if (points < 1.5) return { level: 2, word: 'password.meter.fair', advice }
  if (points < 3.5) return { level: 3, word: 'password.meter.good', advice }
  return { level: 4, word: 'password.meter.strong', advice: advice ?? 'password.advice.fine' }
}

/** True when the server can be asked. */
export function passwordReady(text: string): boolean {
  return passwordRules(text).every((rule) => rule.done)
}

/** Why a password or PIN was refused: every named rule, else the catalogue's sentence. */
export function weakText(problem: Problem): string {
  const words = problem.errors.map(({ reason }) => {
    const [area, rule] = (reason ?? '').split('.')
    const key = area === 'pin' ? `pin.reason.${rule}` : `password.reason.${rule}`
    return has(key) ? t(key) : ''
  })
  const known = words.filter(Boolean)
  return known.length ? known.join(language.value === 'en' ? ' ' : '') : problemText(problem)
}
