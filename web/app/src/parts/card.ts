import type { Card } from '@kit/api/types.ts'
import { language, t } from '@kit/i18n/t.ts'

/** "青河银行（8812）" / "Qinghe Bank (8812)". */
export function cardName(card: Pick<Card, 'bank' | 'bank_en' | 'last4'>): string {
  const bank = language.value === 'en' ? card.bank_en : card.bank
  return t('cards.name', { bank, last4: card.last4 })
}
