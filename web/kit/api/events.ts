// The event stream: one per tab, resumed where it broke, with back-off; when it is down for good
// the screens that wait ask by themselves (watch).
import { shallowRef } from 'vue'
import { base, get } from './client.ts'
import type { Operation, OperationState } from './types.ts'

export type EventKind = 'code' | 'operation' | 'application' | 'card' | 'message' | 'session' | 'wallet'
type Handler = (data: Record<string, unknown>) => void

const backoffS = [1, 2, 5, 10, 30]
const silenceMs = 45_000
const handlers = new Map<EventKind, Set<Handler>>()
/** True while the stream is open. */
export const live = shallowRef(false)
let stop: AbortController | undefined
let lastId = ''

/** Listens to one kind of event; returns the way to stop. */
export function on(kind: EventKind, handler: Handler): () => void {
  const set = handlers.get(kind) ?? new Set()
  handlers.set(kind, set.add(handler))
  return () => set.delete(handler)
}

function tell(kind: string, text: string): void {
  let data: Record<string, unknown>
  try {
    data = JSON.parse(text) as Record<string, unknown>
  } catch {
    return
  }
  for (const handler of handlers.get(kind as EventKind) ?? []) handler(data)
}

/** One block of the stream (lines up to an empty one), as in the HTML standard. */
function block(text: string): void {
  let kind = 'message'
  const data: string[] = []
  for (const line of text.split('\n')) {
    const [, field, value] = /^([a-z]*):? ?(.*)$/.exec(line) ?? []
    if (field === 'event') kind = value
    else if (field === 'data') data.push(value)
    else if (field === 'id') lastId = value
  }
  if (data.length) tell(kind, data.join('\n'))
}

async function readAll(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
  const reader = body.getReader()
  const text = new TextDecoder()
  let rest = ''
  for (;;) {
    const quiet = setTimeout(() => abort.abort(), silenceMs)
    const { done, value } = await reader.read().finally(() => clearTimeout(quiet))
    if (done) return
    rest += text.decode(value, { stream: true }).replace(/\r\n?/g, '\n')
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    blocks.forEach(block)
  }
}

async function once(own: AbortController): Promise<boolean> {
  const inner = new AbortController()
  const chain = () => inner.abort()
  own.signal.addEventListener('abort', chain)
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (lastId) headers['Last-Event-ID'] = lastId
  try {
    const answer = await fetch(`${base}/events`, { headers, signal: inner.signal })
    if (!answer.ok || !answer.body) return answer.status === 401
    live.value = true
    await readAll(answer.body, inner)
  } catch {
    // A broken stream is ordinary: the loop opens it again.
  } finally {
    own.signal.removeEventListener('abort', chain)
    if (stop === own || stop === undefined) live.value = false
  }
  return false
}

/** Opens the stream and keeps it open until disconnect(). */
export async function connect(): Promise<void> {
  if (stop) return
  const own = new AbortController()
  stop = own
  for (let round = 0; !own.signal.aborted; round++) {
    const began = Date.now()
    const refused = await once(own)
    if (refused) break
    if (Date.now() - began > 20_000) round = 0
    const wait = backoffS[Math.min(round, backoffS.length - 1)] * 1000
    await new Promise((done) => setTimeout(done, wait))
  }
  if (stop === own) stop = undefined
}

/** Closes the stream; `forget` also forgets the place in it (another person may log in). */
export function disconnect(forget = true): void {
  stop?.abort()
  stop = undefined
  live.value = false
  if (forget) lastId = ''
}

/** Opens the stream again with the cookie of the moment. */
export function reconnect(): void {
  disconnect()
  void connect()
}

/** Asks again and again until `done`: events hurry it, silence does not stop it. */
export function watch<T>(
  kinds: EventKind[],
  ask: () => Promise<T>,
  seen: (value: T) => boolean,
): () => void {
  const waits = [1, 2, 3, 5]
  let round = 0
  let ended = false
  let busy = false
  let again = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const offs = kinds.map((kind) => on(kind, () => void look()))
  const end = () => {
    ended = true
    clearTimeout(timer)
    offs.forEach((off) => off())
  }
  async function look(): Promise<void> {
    if (ended) return
    if (busy) {
      again = true
      return
    }
    busy = true
    clearTimeout(timer)
    try {
      if (seen(await ask())) return end()
    } catch {
      // The next question may be answered.
    } finally {
      busy = false
    }
    if (ended) return
    if (again) {
      again = false
      return look()
    }
    const wait = live.value ? 10 : waits[Math.min(round++, waits.length - 1)]
    timer = setTimeout(() => void look(), wait * 1000)
  }
  void look()
  return end
}

const finals: OperationState[] = ['succeeded', 'failed', 'closed', 'refunded', 'partially_refunded']

/** True when nothing more will happen to the operation by itself. */
export function isFinal(state: OperationState): boolean {
  return finals.includes(state)
}

/** Follows one operation until it is final. */
export function watchOperation(id: string, seen: (operation: Operation) => void): () => void {
  return watch(
    ['operation'],
    () => get<Operation>(`/operations/${id}`),
    (operation) => {
      seen(operation)
      return isFinal(operation.state)
    },
  )
}
