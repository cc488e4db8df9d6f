// The way through the opening of a wallet: the server says which step is next.
import { nextTick } from 'vue'
import { useRouter, type Router } from 'vue-router'
import type { Application, OpenStep } from '@kit/api/types.ts'
import { application, loadApplication } from '../store.ts'

export const steps: OpenStep[] = ['identity', 'phone', 'face', 'password', 'pin', 'review']

/** The page of the step an application is at. */
export function stepPath(app: Application | null): string {
  if (!app) return '/open/terms'
  return steps.includes(app.step) ? `/open/${app.step}` : '/open/status'
}

/** Takes the server's answer and goes on; an edit of an earlier step returns to where it came from. */
export async function goOn(router: Router, next: Application): Promise<void> {
  application.value = next
  await router.push(stepPath(next))
}

/**
 * For the pages of the steps: loads the application, sends away who may not be here yet.
 * Earlier steps stay open for edits until the application was submitted.
 */
export function useStep(step: OpenStep, ready: (app: Application) => void = () => undefined) {
  const router = useRouter()
  async function start(): Promise<void> {
    // The page must be set up before it is told what the draft holds.
    await nextTick()
    const app = application.value ?? (await loadApplication())
    // What a decision found leaves every step open to be mended.
    const at = app?.step === 'trouble' ? steps.length : app ? steps.indexOf(app.step) : -1
    if (!app || at < steps.indexOf(step)) {
      await router.replace(stepPath(app))
      return
    }
    ready(app)
  }
  start().catch(() => router.replace({ name: 'offline', query: { to: `/open/${step}` } }))
  return { router, go: (next: Application) => goOn(router, next) }
}
