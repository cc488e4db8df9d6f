// Is there a network at all, as far as the browser knows?
import { shallowRef } from 'vue'

export const online = shallowRef(navigator.onLine)
addEventListener('online', () => (online.value = true))
addEventListener('offline', () => (online.value = false))
