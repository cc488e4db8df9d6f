import { describe, expect, it } from 'vitest'
import { code128, symbols } from './code128.ts'
import { qrPath } from './qr.ts'

describe('code 128', () => {
  it('packs digit pairs in set C', () => {
    // Start C 105, 12, 34, 56; check (105 + 12 + 2·34 + 3·56) mod 103 = 44.
    expect(symbols('123456')).toEqual([105, 12, 34, 56, 44])
  })
  it('begins an odd number in set B', () => {
    expect(symbols('123').slice(0, 4)).toEqual([104, 17, 99, 23])
  })
  // REQ-073
  it('is 134 modules wide for 18 digits', () => {
    const { modules, bars } = code128('281234567890123456')
    expect(modules).toBe(134)
    expect(bars[0]).toEqual([0, 2])
    const last = bars[bars.length - 1]
    expect(last[0] + last[1]).toBe(134)
  })
  it('refuses letters', () => {
    expect(() => code128('12a4')).toThrow(RangeError)
  })
})

describe('qr', () => {
  it('keeps four modules of quiet zone on all sides', () => {
    const { size, path } = qrPath('281234567890123456')
    expect(size).toBe(21 + 8)
    const starts = [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map((m) => m.slice(1).map(Number))
    expect(Math.min(...starts.map(([x]) => x))).toBe(4)
    expect(Math.min(...starts.map(([, y]) => y))).toBe(4)
    expect(Math.max(...starts.map(([x, , w]) => x + w))).toBe(size - 4)
    expect(Math.max(...starts.map(([, y]) => y + 1))).toBe(size - 4)
  })
})
