// Numbers people type: full-width digits, spaces and dashes are accepted and made plain.

/** Full-width → half-width, without spaces and dashes. */
export function tidy(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(/[\s\u3000\-\u2010-\u2015]/g, '')
}

/** Digits only, at most `max`. */
export function digits(text: string, max = 99): string {
  return tidy(text).replace(/\D/g, '').slice(0, max)
}

/** "6200 0000 0000 0000": groups of four for reading. */
export function groups4(text: string): string {
  return text.replace(/(\d{4})(?=\d)/g, '$1 ')
}

/** Luhn check of a card number (ISO/IEC 7812-1). */
export function luhn(number: string): boolean {
  let sum = 0
  for (let i = 0; i < number.length; i++) {
    const digit = Number(number[number.length - 1 - i])
    const twice = i % 2 ? digit * 2 : digit
    sum += twice > 9 ? twice - 9 : twice
  }
  return number.length > 0 && sum % 10 === 0
}

/** A card number a bank could have made: 12 to 19 digits and the Luhn digit. */
export function isCardNumber(number: string): boolean {
  return /^\d{12,19}$/.test(number) && luhn(number)
}

/** A mainland mobile number: 11 digits, 13… to 19…. */
export function isPhone(number: string): boolean {
  return /^1[3-9]\d{9}$/.test(number)
}

/** "138 1234 5678". */
export function phoneGroups(number: string): string {
  const d = digits(number, 11)
  return [d.slice(0, 3), d.slice(3, 7), d.slice(7)].filter(Boolean).join(' ')
}

/** Letters before their form check: upper case X, plain digits. */
export function idNumber(text: string): string {
  return tidy(text).toUpperCase().replace(/[^0-9X]/g, '').slice(0, 18)
}

/** Order number for reading: "20251122 1231070001". */
export function orderGroups(number: string): string {
  const plain = number.replace(/\s/g, '')
  return plain.length > 8 ? `${plain.slice(0, 8)} ${plain.slice(8)}` : plain
}
