// Times in Asia/Shanghai (no summer time), as people read them.

export type Language = 'zh-CN' | 'en'

interface Parts {
  y: number
  m: number
  d: number
  hh: string
  mm: string
  ss: string
}

const two = (n: number) => String(n).padStart(2, '0')
const offsetMs = 8 * 3600_000
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun']
  .concat(['Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'])

function parts(at: Date): Parts {
  const local = new Date(at.getTime() + offsetMs)
  return {
    y: local.getUTCFullYear(),
    m: local.getUTCMonth() + 1,
    d: local.getUTCDate(),
    hh: two(local.getUTCHours()),
    mm: two(local.getUTCMinutes()),
    ss: two(local.getUTCSeconds()),
  }
}

/** "今天 12:31" / "11月22日 12:31" / "2025年11月22日 12:31" and the English twin. */
export function when(iso: string, lang: Language, now = new Date()): string {
  const p = parts(new Date(iso))
  const n = parts(now)
  const clock = `${p.hh}:${p.mm}`
  if (p.y === n.y && p.m === n.m && p.d === n.d) {
    return lang === 'en' ? `Today ${clock}` : `今天 ${clock}`
  }
  const year = p.y !== n.y
  if (lang === 'en') return `${p.d} ${months[p.m - 1]}${year ? ` ${p.y}` : ''} ${clock}`
  return `${year ? `${p.y}年` : ''}${p.m}月${p.d}日 ${clock}`
}

/** "2025-11-22 12:31:07", for receipts. */
export function stamp(iso: string): string {
  const p = parts(new Date(iso))
  return `${p.y}-${two(p.m)}-${two(p.d)} ${p.hh}:${p.mm}:${p.ss}`
}

/** "12:31". */
export function clock(iso: string): string {
  const p = parts(new Date(iso))
  return `${p.hh}:${p.mm}`
}

/** "2025-11-22": the day in Shanghai, for grouping. */
export function dayKey(iso: string): string {
  const p = parts(new Date(iso))
  return `${p.y}-${two(p.m)}-${two(p.d)}`
}

/** The month now: "2026-11". */
export function monthNow(now = new Date()): string {
  const p = parts(now)
  return `${p.y}-${two(p.m)}`
}

/** Heading of one day of bills: "今天", "昨天", "11月22日 周六". */
export function dayTitle(key: string, lang: Language, now = new Date()): string {
  const [y, m, d] = key.split('-').map(Number)
  const today = parts(now)
  const day = Date.UTC(y, m - 1, d) / 86_400_000
  const gap = Date.UTC(today.y, today.m - 1, today.d) / 86_400_000 - day
  if (gap === 0) return lang === 'en' ? 'Today' : '今天'
  if (gap === 1) return lang === 'en' ? 'Yesterday' : '昨天'
  const week = new Date(Date.UTC(y, m - 1, d)).getUTCDay()
  const year = y !== today.y
  if (lang === 'en') {
    const name = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][week]
    return `${name}, ${d} ${months[m - 1]}${year ? ` ${y}` : ''}`
  }
  return `${year ? `${y}年` : ''}${m}月${d}日 周${'日一二三四五六'[week]}`
}

/** "2026年11月" / "Nov 2026". */
export function monthTitle(key: string, lang: Language): string {
  const [y, m] = key.split('-').map(Number)
  return lang === 'en' ? `${months[m - 1]} ${y}` : `${y}年${m}月`
}

/** Moves a month key by n months. */
export function monthShift(key: string, n: number): string {
  const [y, m] = key.split('-').map(Number)
  const at = new Date(Date.UTC(y, m - 1 + n, 1))
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}`
}

/** Date without time: "1996年1月6日" / "6 Jan 1996". */
export function dateOnly(date: string, lang: Language): string {
  const [y, m, d] = date.split('-').map(Number)
  return lang === 'en' ? `${d} ${months[m - 1]} ${y}` : `${y}年${m}月${d}日`
}

/** "00:42"; never below zero. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds))
  return `${two(Math.floor(left / 60))}:${two(left % 60)}`
}
