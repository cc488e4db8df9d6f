import type { Lock } from '@kit/api/types.ts'
import { when } from '@kit/format/time.ts'
import { t, type Language } from '@kit/i18n/t.ts'

/** What is locked, until when, and the number to quote. */
export function lockText(lock: Lock, language: Language): string {
  const key = lock.scope === 'pay' ? 'security.lock.pay' : 'security.lock.login'
  return t(key, { time: when(lock.until, language), case: lock.case_number })
}
