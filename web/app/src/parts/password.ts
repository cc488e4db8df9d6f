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
