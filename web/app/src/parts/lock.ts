import type { Lock } from '@kit/api/types.ts'
import { when } from '@kit/format/time.ts'
import { t, type Key, type Language } from '@kit/i18n/t.ts'

/** The short title of a lock. */
export function lockTitle(lock: Pick<Lock, 'code'>): string {
  return t(`lock.title.${lock.code}` as Key)
}

/** What is locked, until when, and the number to quote. */
export function lockText(lock: Lock, language: Language): string {
  const what = t(`lock.scope.${lock.scope}` as Key)
  if (!lock.until) return t('lock.line.open', { what, case: lock.case_number })
  return t('lock.line', { what, time: when(lock.until, language), case: lock.case_number })
}
