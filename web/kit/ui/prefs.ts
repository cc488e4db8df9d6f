// What a person chose on this device about looks; nothing secret.
import { shallowRef, watchEffect } from 'vue'

export type Theme = 'system' | 'light' | 'dark'
export const textSizes = [16, 18, 20, 22, 26, 30]

const store = 'tongbao.looks'

interface Looks {
  theme: Theme
  text: number
  fixedKeypad: boolean
  hideBalance: boolean
}

function read(): Looks {
  const first: Looks = { theme: 'system', text: 16, fixedKeypad: false, hideBalance: false }
  try {
    return { ...first, ...(JSON.parse(localStorage.getItem(store) ?? '{}') as Partial<Looks>) }
  } catch {
    return first
  }
}

const kept = read()
export const theme = shallowRef<Theme>(kept.theme)
export const textSize = shallowRef(kept.text)
export const fixedKeypad = shallowRef(kept.fixedKeypad)
export const hideBalance = shallowRef(kept.hideBalance)

const night = window.matchMedia('(prefers-color-scheme: dark)')

function paint(): void {
  const dark = theme.value === 'dark' || (theme.value === 'system' && night.matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  document.documentElement.style.fontSize = `${textSize.value}px`
  const bar = getComputedStyle(document.documentElement).getPropertyValue('--hero-to').trim()
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', bar)
}

/** Keeps the looks on this device (also after the browser's storage was cleared). */
export function saveLooks(): void {
  const looks: Looks = {
    theme: theme.value,
    text: textSize.value,
    fixedKeypad: fixedKeypad.value,
    hideBalance: hideBalance.value,
  }
  localStorage.setItem(store, JSON.stringify(looks))
}

/** Applies the looks now and whenever they change. */
export function startLooks(): void {
  night.addEventListener('change', paint)
  watchEffect(() => {
    saveLooks()
    paint()
  })
}
