// Money requests that cannot happen twice: the id is made and kept here before anything is sent,
// and dropped only when the server has said for certain what became of it.
import { call, get, moneyTimeoutMs, NoAnswer } from './client.ts'
import { asProblem, Problem } from './problem.ts'
import type { Operation } from './types.ts'

interface Attempt {
  id: string
  path: string
  digest: string
  at: number
}

const store = 'tongbao.attempts'
const dayMs = 86_400_000
/** Waits between questions while the outcome is open, in seconds (then every 5 s, for 60 s). */
export const waits = [1, 2, 3, 5, 5]
const patienceS = 60

/** A time-ordered id (RFC 9562, version 7). */
export function uuid7(nowMs = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(nowMs / 2 ** (8 * (5 - i))) % 256
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** FNV-1a, 64 bits: tells forms apart without keeping what was typed. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

/** The operation id a key becomes. */
export function operationId(key: string): string {
  return `txn_${key.replace(/-/g, '')}`
}

function read(): Attempt[] {
  try {
    const list = JSON.parse(localStorage.getItem(store) ?? '[]') as Attempt[]
    return list.filter((a) => Date.now() - a.at < dayMs)
  } catch {
    return []
  }
}

function write(list: Attempt[]): void {
  localStorage.setItem(store, JSON.stringify(list))
}

/** The id for this form: the one already under way, else a new one. */
export function attemptFor(path: string, form: unknown): string {
  const digest = fingerprint(JSON.stringify(form))
  const list = read()
  const same = list.find((a) => a.path === path && a.digest === digest)
  if (same) return same.id
  const id = uuid7()
  write([...list, { id, path, digest, at: Date.now() }])
  return id
}

/** Forgets an attempt whose outcome is certain. */
export function settle(id: string): void {
  write(read().filter((a) => a.id !== id))
}

/** True while the outcome of this operation is not known on this device. */
export function isOpen(operation: string): boolean {
  return read().some((a) => operationId(a.id) === operation)
}

const pause = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000))

/** True when a refusal says for certain that nothing moved and nothing will. */
export function certain(problem: Problem): boolean {
  if (problem instanceof NoAnswer || problem.code === 'request-running') return false
  if (problem.charged === false) return true
  return problem.status >= 400 && problem.status < 500 && problem.charged === undefined
}

/** What the server knows of this id: undefined = it has never seen it, or does not answer. */
async function look(id: string): Promise<Operation | undefined> {
  try {
    return await get<Operation>(`/operations/${operationId(id)}`)
  } catch {
    return undefined
  }
}

export interface Sent {
  id: string
  /** Absent while the outcome is still open. */
  operation?: Operation
}

/**
 * Sends a money request. The form is what the person confirmed (without secrets); a repeated press
 * or a reload with the same form uses the same id. Throws a Problem only when it is certain that
 * nothing moved; otherwise asks and repeats with the same id until the server knows.
 */
export async function sendMoney(path: string, form: object, secret: object = {}): Promise<Sent> {
  const id = attemptFor(path, form)
  const body = { ...form, ...secret }
  const until = Date.now() + patienceS * 1000
  for (let round = 0; ; round++) {
    try {
      const ask = { body, key: id, timeoutMs: moneyTimeoutMs }
      const operation = await call<Operation>('POST', path, ask)
      settle(id)
      return { id: operation.id, operation }
    } catch (thrown) {
      const problem = asProblem(thrown)
      if (certain(problem)) {
        settle(id)
        throw problem
      }
    }
    const operation = await look(id)
    if (operation) {
      settle(id)
      return { id: operation.id, operation }
    }
    if (Date.now() > until) return { id: operationId(id) }
    await pause(waits[Math.min(round, waits.length - 1)])
  }
}
