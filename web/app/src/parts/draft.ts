// What was typed survives a reload or a new login of this tab; never a PIN, password or code.
import { watch, type Ref } from 'vue'

interface Kept {
  at: number
  values: string[]
}

/** Keeps these fields under a name; returns the way to forget them. */
export function useDraft(name: string, fields: Ref<string>[]): () => void {
  const key = `tongbao.draft.${name}`
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept | null
    if (kept && Date.now() - kept.at < 86_400_000) {
      fields.forEach((field, i) => (field.value = kept.values[i] ?? field.value))
    }
  } catch {
    sessionStorage.removeItem(key)
  }
  const stop = watch(fields, (values) => {
    sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), values }))
  })
  return () => {
    stop()
    sessionStorage.removeItem(key)
  }
}
