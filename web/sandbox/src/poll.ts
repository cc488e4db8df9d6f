// Asking again and again while the page is looked at.
import { onBeforeUnmount, onMounted, shallowRef, type ShallowRef } from 'vue'
import { asProblem, type Problem } from '@kit/api/problem.ts'

export interface Polled {
  problem: ShallowRef<Problem | undefined>
  now(): Promise<void>
}

/** Runs `ask` at once and then every `everyMs` after its end; a hidden page asks nothing. */
export function usePoll(ask: () => Promise<void>, everyMs = 2000): Polled {
  const problem = shallowRef<Problem>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false

  async function now(): Promise<void> {
    clearTimeout(timer)
    try {
      await ask()
      problem.value = undefined
    } catch (thrown) {
      problem.value = asProblem(thrown)
    }
    plan()
  }
  function plan(): void {
    clearTimeout(timer)
    if (!over && document.visibilityState === 'visible') timer = setTimeout(now, everyMs)
  }
  const seen = () => document.visibilityState === 'visible' && void now()

  onMounted(() => {
    document.addEventListener('visibilitychange', seen)
    void now()
  })
  onBeforeUnmount(() => {
    over = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', seen)
  })
  return { problem, now }
}
