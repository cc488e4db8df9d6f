// What the app knows about the person at the moment; all of it comes from the server.
import { shallowRef } from 'vue'
import { afterAnswer, get, NoAnswer, onLoginLost, post, remove } from '@kit/api/client.ts'
import { disconnect, reconnect } from '@kit/api/events.ts'
import { asProblem, type Problem } from '@kit/api/problem.ts'
import type { Application, Me, Meta, Session } from '@kit/api/types.ts'
import { language, setLanguage } from '@kit/i18n/t.ts'
import { saveLooks } from '@kit/ui/prefs.ts'

export const meta = shallowRef<Meta | null>(null)
export const me = shallowRef<Me | null>(null)
export const application = shallowRef<Application | null>(null)
/** When the server will end the session for want of use, on this device's clock (ms). */
export const idleUntil = shallowRef(0)
/** Why the login page is shown again. */
export const loginReason = shallowRef<'lost' | 'idle' | null>(null)

const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('tongbao') : null
const number = 'tongbao.number'

function setIdle(iso: string, tell = true): void {
  idleUntil.value = Date.now() + afterAnswer(iso)
  if (tell) tabs?.postMessage({ idle: idleUntil.value })
}

tabs?.addEventListener('message', (event: MessageEvent<{ idle?: number; out?: boolean }>) => {
  if (event.data.idle && me.value) idleUntil.value = event.data.idle
  if (event.data.out && me.value) {
    leave()
    location.replace('/welcome')
  }
})

/** The public facts of this wallet; kept after the first answer. */
export async function loadMeta(): Promise<Meta | null> {
  try {
    meta.value ??= await get<Meta>('/meta')
  } catch {
    // Screens do without; the next one asks again.
  }
  return meta.value
}

/** Who is logged in: null = nobody. Throws when there is no network. */
export async function loadMe(): Promise<Me | null> {
  try {
    const first = !me.value
    me.value = await get<Me>('/me', { quiet: true })
    setIdle(me.value.idle_expires_at, false)
    if (first) reconnect()
  } catch (thrown) {
    const problem = asProblem(thrown)
    if (problem instanceof NoAnswer || problem.status !== 401) throw problem
    me.value = null
  }
  return me.value
}

/** The unfinished application of this browser: null = none. */
export async function loadApplication(): Promise<Application | null> {
  try {
    application.value = await get<Application>('/applications/current', { quiet: true })
  } catch (thrown) {
    const problem = asProblem(thrown)
    if (problem instanceof NoAnswer || problem.status >= 500) throw problem
    application.value = null
  }
  return application.value
}

/** Begins a session that the server has just opened. */
export async function entered(session: Session): Promise<void> {
  setIdle(session.idle_expires_at)
  loginReason.value = null
  application.value = null
  await loadMe()
  reconnect()
}

/** Forgets the person in this tab. */
export function leave(): void {
  me.value = null
  idleUntil.value = 0
  disconnect()
}

/** Ends the session; what the browser kept is cleared, the looks are put back. */
export async function logOut(): Promise<Problem | null> {
  const kept = rememberedNumber()
  try {
    await remove('/sessions/current')
  } catch (thrown) {
    const problem = asProblem(thrown)
    if (problem.status !== 401) return problem
  }
  leave()
  tabs?.postMessage({ out: true })
  sessionStorage.clear()
  saveLooks()
  rememberNumber(kept)
  await setLanguage(language.value)
  return null
}

/** Tells the server that the person is here. */
export async function keepSession(): Promise<void> {
  const session = await post<Session>('/sessions/current/keep')
  setIdle(session.idle_expires_at)
}

/** Seconds until the session ends for want of use. */
export function idleLeft(): number {
  return (idleUntil.value - Date.now()) / 1000
}

export function rememberedNumber(): string {
  return localStorage.getItem(number) ?? ''
}

export function rememberNumber(value: string): void {
  if (value) localStorage.setItem(number, value)
  else localStorage.removeItem(number)
}

onLoginLost(() => {
  if (!me.value) return
  leave()
  loginReason.value ??= 'lost'
})
