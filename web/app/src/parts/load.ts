// One read for a page: value, problem, and whether it is under way.
import { shallowRef, type ShallowRef } from 'vue'
import { asProblem, type Problem } from '@kit/api/problem.ts'

export interface Loaded<T> {
  value: ShallowRef<T | undefined>
  problem: ShallowRef<Problem | undefined>
  busy: ShallowRef<boolean>
  load(): Promise<void>
}

/** Starts at once; load() asks again and keeps the old value on the screen meanwhile. */
export function useLoad<T>(ask: () => Promise<T>): Loaded<T> {
  const value = shallowRef<T>()
  const problem = shallowRef<Problem>()
  const busy = shallowRef(false)
  async function load(): Promise<void> {
    busy.value = true
    try {
      value.value = await ask()
      problem.value = undefined
    } catch (thrown) {
      problem.value = asProblem(thrown)
    } finally {
      busy.value = false
    }
  }
  void load()
  return { value, problem, busy, load }
}
