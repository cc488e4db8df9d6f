// Code 128 (ISO/IEC 15417): digits to bar widths, set C for pairs, set B for an odd first digit.

const patterns =
  '212222222122222221121223121322131222122213122312132212221213221312231212112232122132' +
  '122231113222123122123221223211221132221231213212223112312131311222321122321221312212' +
  '322112322211212123212321232121111323131123131321112313132113132311211313231113231311' +
  '112133112331132131113123113321133121313121211331231131213113213311213131311123311321' +
  '331121312113312311332111314111221411431111111224111422121124121421141122141221112214' +
  '112412122114122411142112142211241211221114413111241112134111111242121142121241114212' +
  '124112124211411212421112421211212141214121412121111143111341131141114113114311411113' +
  '411311113141114131311141411131211412211214211232'
const stop = '2331112'
const startB = 104
const startC = 105
const toC = 99

/** Symbol values of a string of digits, with start, check and without stop. */
export function symbols(digits: string): number[] {
  if (!/^\d{2,40}$/.test(digits)) throw new RangeError('code128: digits only')
  const odd = digits.length % 2 === 1
  const out = odd ? [startB, Number(digits[0]) + 16, toC] : [startC]
  for (let i = odd ? 1 : 0; i < digits.length; i += 2) out.push(Number(digits.slice(i, i + 2)))
  const sum = out.reduce((total, value, i) => total + value * Math.max(i, 1), 0)
  return [...out, sum % 103]
}

export interface Bars {
  /** Width of the whole symbol in modules, without quiet zones. */
  modules: number
  /** Dark bars as [first module, width]. */
  bars: [number, number][]
}

/** Bars of a string of digits, in modules. */
export function code128(digits: string): Bars {
  const widths = symbols(digits)
    .map((v) => patterns.slice(v * 6, v * 6 + 6))
    .concat(stop)
    .join('')
  const bars: [number, number][] = []
  let x = 0
  for (let i = 0; i < widths.length; i++) {
    const width = Number(widths[i])
    if (i % 2 === 0) bars.push([x, width])
    x += width
  }
  return { modules: x, bars }
}
