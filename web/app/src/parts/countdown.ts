// Whole seconds until a moment of the server's clock.
import { computed, onBeforeUnmount, shallowRef, watch, type ComputedRef } from 'vue'
import { serverNow } from '@kit/api/client.ts'

/** Seconds left, renewed twice a second; 0 when over or when there is no moment. */
export function useSeconds(until: () => string | null | undefined): ComputedRef<number> {
  const now = shallowRef(serverNow())
  const timer = setInterval(() => (now.value = serverNow()), 500)
  // A new moment is counted from now, not from the last tick: 60 s never begin as 61.
  watch(until, () => (now.value = serverNow()), { flush: 'sync' })
  onBeforeUnmount(() => clearInterval(timer))
  return computed(() => {
    const at = Date.parse(until() ?? '')
    return Number.isNaN(at) ? 0 : Math.max(0, Math.ceil((at - now.value) / 1000))
  })
}
