// The resident ID number (GB 11643): 6 digits of place, 8 of birth, 3 of order, 1 check.

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const checks = '10X98765432'

/** The check character of the first 17 digits (ISO 7064 MOD 11-2). */
export function checkOf(first17: string): string {
  const sum = weights.reduce((total, w, i) => total + w * Number(first17[i]), 0)
  return checks[sum % 11]
}

function realDate(text: string): boolean {
  const [y, m, d] = [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)].map(Number)
  const date = new Date(Date.UTC(y, m - 1, d))
  return y >= 1900 && date.getUTCMonth() === m - 1 && date.getUTCDate() === d
}

/** Form, date of birth and check character. */
export function isIdNumber(text: string): boolean {
  if (!/^[1-8]\d{16}[\dX]$/.test(text)) return false
  return realDate(text.slice(6, 14)) && checkOf(text) === text[17]
}

/** Place of the one wrong digit when exactly one single change makes the number right. */
export function doubtfulPlace(text: string): number | undefined {
  if (!/^\d{17}[\dX]$/.test(text)) return undefined
  const repairs: number[] = []
  for (let i = 0; i < 18; i++) {
    for (const c of i === 17 ? '0123456789X' : '0123456789') {
      const other = text.slice(0, i) + c + text.slice(i + 1)
      if (c !== text[i] && isIdNumber(other)) repairs.push(i)
    }
  }
  return repairs.length === 1 ? repairs[0] : undefined
}
