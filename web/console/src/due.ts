// Deadlines as operators read them: how long is left, or how long over.
import { shallowRef } from 'vue'
import { serverNow } from '@kit/api/client.ts'
import type { Case } from './api.ts'
import { t } from './words.ts'

/** Ticks every half minute while a page is open. */
export const now = shallowRef(serverNow())
setInterval(() => (now.value = serverNow()), 30_000)

function span(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / 60_000)
  const h = Math.floor(minutes / 60)
  if (h >= 24) return t('time.days', { n: Math.floor(h / 24), h: h % 24 })
  return h > 0 ? t('time.hours', { h, m: minutes % 60 }) : t('time.minutes', { m: minutes })
}

export function dueText(c: Case): string {
  const left = Date.parse(c.due_at) - now.value
  return t(left >= 0 ? 'due.left' : 'due.over', { time: span(left) })
}

/** ok, warn (less than four hours), bad (over). */
export function dueTone(c: Case): 'ok' | 'warn' | 'bad' {
  const left = Date.parse(c.due_at) - now.value
  if (left < 0) return 'bad'
  return left < 4 * 3600_000 ? 'warn' : 'ok'
}
