// Money as the server sends it: text in, text out. Sums in BigInt minor units, never a float.

export interface Money {
  value: string
  currency: string
}

const scale = 2
const form = /^-?\d{1,15}(\.\d{1,2})?$/

/** "12680.35" → 1268035n; undefined when it is not an amount. */
export function toMinor(text: string): bigint | undefined {
  if (!form.test(text)) return undefined
  const negative = text.startsWith('-')
  const [whole, part = ''] = text.replace('-', '').split('.')
  const minor = BigInt(whole + part.padEnd(scale, '0'))
  return negative ? -minor : minor
}

/** 1268035n → "12680.35". */
export function fromMinor(minor: bigint): string {
  const negative = minor < 0n
  const digits = (negative ? -minor : minor).toString().padStart(scale + 1, '0')
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Groups of three, two decimals, no sign of currency: "12,680.35". */
export function plain(text: string): string {
  const minor = toMinor(text)
  if (minor === undefined) return '—'
  const [whole, part] = fromMinor(minor < 0n ? -minor : minor).split('.')
  return `${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')}.${part}`
}

/** "¥12,680.35"; a dash when the amount is not known. */
export function yuan(money: Money | string | null | undefined): string {
  if (money === null || money === undefined) return '—'
  const text = typeof money === 'string' ? money : money.value
  const minor = toMinor(text)
  if (minor === undefined) return '—'
  return `${minor < 0n ? '\u2212' : ''}¥${plain(text)}`
}

/** "+200.00" or "−19.90" (U+2212), for lists. */
export function signed(money: Money, direction: 'in' | 'out'): string {
  return `${direction === 'in' ? '+' : '\u2212'}${plain(money.value)}`
}

/** Sum for display. */
export function sum(list: Money[]): bigint {
  return list.reduce((total, item) => total + (toMinor(item.value) ?? 0n), 0n)
}

/** One key press on an amount: returns the new text; refuses what would not be an amount. */
export function typeAmount(now: string, key: string): string {
  if (key === 'delete') return now.slice(0, -1)
  if (key === 'clear') return ''
  if (key === '.') return now.includes('.') ? now : `${now || '0'}.`
  const next = now === '0' ? key : now + key
  const [whole, part = ''] = next.split('.')
  return whole.length > 9 || part.length > scale ? now : next
}

/** "200." → "200.00": the amount as the server wants it; undefined when it is not above zero. */
export function amountValue(typed: string): string | undefined {
  const minor = toMinor(typed.endsWith('.') ? typed.slice(0, -1) : typed)
  return minor === undefined || minor <= 0n ? undefined : fromMinor(minor)
}
