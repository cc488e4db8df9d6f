// The rules a password is checked against while it is typed; the server has the last word.
import { problemReason, problemText, type Problem } from '@kit/api/problem.ts'
import { has, t, type Key } from '@kit/i18n/t.ts'

/** How many of letters, digits and other characters are in it. */
function classes(text: string): number {
  return [/[A-Za-z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(text)).length
}

/** Each rule that the browser can check, and whether it is met. */
export function passwordRules(text: string): { key: Key; done: boolean }[] {
  const length = [...text].length
  return [
    { key: 'password.rule.length', done: length >= 8 && length <= 64 },
    { key: 'password.rule.classes', done: classes(text) >= 2 },
  ]
}

/** True when the server can be asked. */
export function passwordReady(text: string): boolean {
  return passwordRules(text).every((rule) => rule.done)
}

/** Why a password or PIN was refused: the named rule, else the catalogue's sentence. */
export function weakText(problem: Problem): string {
  const [area, rule] = problemReason(problem).split('.')
  const key = area === 'pin' ? `pin.reason.${rule}` : `password.reason.${rule}`
  return has(key) ? t(key) : problemText(problem)
}
