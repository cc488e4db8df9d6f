import { describe, expect, it } from 'vitest'
import { checkOf, doubtfulPlace, isIdNumber } from './idcard.ts'
import { amountValue, fromMinor, plain, signed, sum, toMinor, typeAmount, yuan } from './money.ts'
import { digits, groups4, idNumber, isCardNumber, isPhone, luhn, orderGroups, tidy } from './text.ts'
import { clock, countdown, dayKey, dayTitle, monthShift, stamp, when } from './time.ts'

describe('money', () => {
  it('reads and writes minor units exactly', () => {
    for (const [text, minor] of [
      ['0.01', 1n],
      ['12680.35', 1268035n],
      ['7', 700n],
      ['-5.5', -550n],
      ['900719925474099.31', 90071992547409931n],
    ] as const) {
      expect(toMinor(text)).toBe(minor)
    }
    expect(fromMinor(-550n)).toBe('-5.50')
    expect(fromMinor(1n)).toBe('0.01')
  })
  it('refuses what is no amount', () => {
    for (const text of ['', '.', '1.', '1.234', '1e3', 'NaN', '1,000', ' 1']) {
      expect(toMinor(text)).toBeUndefined()
    }
  })
  it('shows amounts as people read them', () => {
    expect(yuan('1000')).toBe('¥1,000.00')
    expect(yuan({ value: '12680.35', currency: 'CNY' })).toBe('¥12,680.35')
    expect(yuan(undefined)).toBe('—')
    expect(plain('1234567.8')).toBe('1,234,567.80')
    expect(signed({ value: '19.9', currency: 'CNY' }, 'out')).toBe('\u221219.90')
    expect(signed({ value: '200', currency: 'CNY' }, 'in')).toBe('+200.00')
    expect(sum([{ value: '0.10', currency: 'CNY' }, { value: '0.20', currency: 'CNY' }])).toBe(30n)
  })
  it('types an amount key by key', () => {
    const type = (keys: string) => [...keys].reduce(typeAmount, '')
    expect(type('00')).toBe('0')
    expect(type('.5')).toBe('0.5')
    expect(type('1.2.3')).toBe('1.23')
    expect(type('1.234')).toBe('1.23')
    expect(type('1234567890')).toBe('123456789')
    expect(typeAmount('12', 'delete')).toBe('1')
    expect(amountValue('200.')).toBe('200.00')
    expect(amountValue('0.00')).toBeUndefined()
    expect(amountValue('')).toBeUndefined()
  })
})

describe('time in Shanghai', () => {
  const now = new Date('2026-11-22T04:31:07Z')
  it('names the day', () => {
    expect(when('2026-11-22T01:12:00Z', 'zh-CN', now)).toBe('今天 09:12')
    expect(when('2026-11-21T15:59:00Z', 'zh-CN', now)).toBe('11月21日 23:59')
    expect(when('2025-11-22T04:31:00Z', 'en', now)).toBe('22 Nov 2025 12:31')
    expect(stamp('2026-11-21T16:00:00Z')).toBe('2026-11-22 00:00:00')
    expect(clock('2026-11-21T16:05:00Z')).toBe('00:05')
    expect(dayKey('2026-12-31T16:00:00Z')).toBe('2027-01-01')
    expect(dayTitle('2026-11-22', 'zh-CN', now)).toBe('今天')
    expect(dayTitle('2026-11-21', 'en', now)).toBe('Yesterday')
    expect(dayTitle('2026-11-20', 'zh-CN', now)).toBe('11月20日 周五')
    expect(monthShift('2026-01', -1)).toBe('2025-12')
    expect(countdown(-3)).toBe('00:00')
    expect(countdown(61.2)).toBe('01:02')
  })
})

describe('numbers people type', () => {
  it('are made plain', () => {
    expect(tidy('１３８－１２３４ 5678')).toBe('13812345678')
    expect(digits('138-1234-5678 9', 11)).toBe('13812345678')
    expect(idNumber('11010519491231002x ')).toBe('11010519491231002X')
    expect(groups4('6200010000000004')).toBe('6200 0100 0000 0004')
    expect(orderGroups('20251122 1231070001')).toBe('20251122 1231070001')
  })
  it('are checked', () => {
    expect(luhn('4111111111111111')).toBe(true)
    expect(isCardNumber('4111111111111112')).toBe(false)
    expect(isPhone('13812345678')).toBe(true)
    expect(isPhone('12812345678')).toBe(false)
  })
})

describe('resident ID number', () => {
  // The example of GB 11643.
  const good = '11010519491231002X'
  // REQ-024 REQ-044
  it('has a date and a check character', () => {
    expect(checkOf(good)).toBe('X')
    expect(isIdNumber(good)).toBe(true)
    expect(isIdNumber('110105194912310021')).toBe(false)
    expect(isIdNumber('11010519490230002X')).toBe(false)
  })
  // REQ-044
  it('names a place only when one repair exists', () => {
    for (let i = 0; i < 17; i++) {
      const broken = good.slice(0, i) + ((Number(good[i]) + 1) % 10) + good.slice(i + 1)
      const place = doubtfulPlace(broken)
      expect(place === undefined || place === i || isIdNumber(broken)).toBe(true)
    }
    expect(doubtfulPlace(good.slice(0, 9))).toBeUndefined()
  })
})
