// The service worker keeps the shell only. A new version waits until the person agrees.
import { shallowRef } from 'vue'

interface PolicyFactory {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string }
}

/** True when a new version waits. */
export const updateReady = shallowRef(false)
let waiting: ServiceWorker | null = null

function scriptUrl(): string {
  const factory = (window as unknown as { trustedTypes?: PolicyFactory }).trustedTypes
  if (!factory) return '/sw.js'
  const policy = factory.createPolicy('tongbao-sw', {
    createScriptURL: (url) => {
      if (url !== '/sw.js') throw new TypeError('only /sw.js')
      return url
    },
  })
  return policy.createScriptURL('/sw.js')
}

function follow(registration: ServiceWorkerRegistration): void {
  const note = () => {
    if (!registration.waiting || !navigator.serviceWorker.controller) return
    waiting = registration.waiting
    updateReady.value = true
  }
  note()
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', note)
  })
}

/** Registers the worker; silently does without where there is none. */
export async function registerWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  try {
    follow(await navigator.serviceWorker.register(scriptUrl(), { scope: '/' }))
  } catch {
    // The app works without it.
  }
}

/** Takes the new version now. */
export function takeUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload())
  waiting?.postMessage('take-over')
}
