// A short word for harmless things ("copied"). Never for money, never for errors.
import { shallowRef } from 'vue'

export const toastText = shallowRef('')
let timer: ReturnType<typeof setTimeout> | undefined

export function toast(text: string): void {
  toastText.value = text
  clearTimeout(timer)
  timer = setTimeout(() => (toastText.value = ''), 3500)
}
