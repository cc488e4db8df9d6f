// One small fetch for the whole app: JSON in, JSON out, refusals thrown as Problem.
import { language } from '../i18n/t.ts'
import { ownProblem, Problem, type ProblemBody } from './problem.ts'

export const base = '/api/v1'
const readTimeoutMs = 10_000
export const moneyTimeoutMs = 15_000

/** Thrown when no answer came: for money this means "unknown", never "failed". */
export class NoAnswer extends Problem {
  constructor() {
    super({ code: 'offline', status: 0 })
  }
}

export interface Ask {
  body?: unknown
  key?: string
  timeoutMs?: number
  /** A refusal for want of a login is then not announced to the app. */
  quiet?: boolean
  /** A key instead of the session, as shops have. */
  bearer?: string
  /** Where the path begins, when not at the API. */
  root?: string
}

type Listener = () => void
let loginLost: Listener = () => undefined
let clockOffsetMs = 0
let clockNoted = false
let answeredAt = 0

/** Called whenever the server says that the session is over. */
export function onLoginLost(listener: Listener): void {
  loginLost = listener
}

/** The server's clock, in ms since 1970; the phone's own clock may be wrong. */
export function serverNow(): number {
  return Date.now() + clockOffsetMs
}

function noteClock(answer: Response): void {
  const date = Date.parse(answer.headers.get('date') ?? '')
  if (!Number.isNaN(date)) answeredAt = date
  // Once for a page: from then on this phone's clock runs as fast as any.
  if (Number.isNaN(date) || clockNoted) return
  clockNoted = true
  // The header has whole seconds: small differences say nothing.
  const offset = date + 500 - Date.now()
  clockOffsetMs = Math.abs(offset) > 3000 ? offset : 0
}

/** How long after the server's last answer a moment is, in ms: free of this phone's clock. */
export function afterAnswer(iso: string): number {
  return Date.parse(iso) - (answeredAt || serverNow())
}

/** How far this phone's clock is off, in seconds. */
export function clockError(): number {
  return Math.abs(clockOffsetMs) / 1000
}

async function fetchIt(method: string, path: string, ask: Ask): Promise<Response> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), ask.timeoutMs ?? readTimeoutMs)
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Language': language.value,
  }
  if (method !== 'GET') headers['Content-Type'] = 'application/json'
  if (ask.key) headers['Idempotency-Key'] = ask.key
  if (ask.bearer) headers.Authorization = `Bearer ${ask.bearer}`
  const body = method === 'GET' || ask.body === undefined ? undefined : JSON.stringify(ask.body)
  try {
    return await fetch((ask.root ?? base) + path, {
      method,
      headers,
      body,
      signal: stop.signal,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
    })
  } catch {
    throw new NoAnswer()
  } finally {
    clearTimeout(timer)
  }
}

async function readBody(answer: Response): Promise<unknown> {
  if (answer.status === 204) return undefined
  try {
    return await answer.json()
  } catch {
    if (answer.ok) throw new NoAnswer()
    return { code: 'internal', status: answer.status }
  }
}

/** Sends one request; throws Problem on any refusal and NoAnswer when nothing came back. */
export async function call<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
  if (navigator.onLine === false) throw ownProblem('offline')
  const answer = await fetchIt(method, path, ask)
  noteClock(answer)
  const body = await readBody(answer)
  if (answer.ok) return body as T
  const spoken = (answer.headers.get('content-language') ?? language.value).trim()
  const problem = new Problem(body as Partial<ProblemBody>, spoken)
  if (problem.code === 'login-required' && !ask.quiet) loginLost()
  throw problem
}

export const get = <T>(path: string, ask?: Ask) => call<T>('GET', path, ask)
/** Steps of an opening go by a key of their own and are sent again until an answer comes. */
const step = /^\/applications\/current\/(identity|phone|phone\/verify|face|password|pin|name|submit)$/
const sent = async <T>(method: string, path: string, ask: Ask): Promise<T> =>
  step.test(path) ? (await import('./step.ts')).sendStep<T>(method, path, ask) : call<T>(method, path, ask)
export const post = <T>(path: string, body: unknown = {}, ask?: Ask) =>
  sent<T>('POST', path, { ...ask, body })
export const put = <T>(path: string, body: unknown, ask?: Ask) =>
  sent<T>('PUT', path, { ...ask, body })
export const remove = <T>(path: string, ask?: Ask) => call<T>('DELETE', path, ask)
