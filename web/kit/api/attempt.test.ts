import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { attemptFor, isOpen, operationId, sendMoney, settle, uuid7 } from './attempt.ts'
import { Problem } from './problem.ts'

interface Seen {
  method: string
  path: string
  key: string | null
}
const seen: Seen[] = []
let answers: (() => Response)[] = []

const json = (status: number, body: object) => () =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
const lost = () => {
  throw new TypeError('network')
}

beforeEach(() => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (k: string) => kept.get(k) ?? null,
    setItem: (k: string, v: string) => kept.set(k, v),
  })
  vi.stubGlobal('navigator', { onLine: true, language: 'zh-CN' })
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const headers = new Headers(init.headers)
    seen.push({ method: init.method ?? '', path: url, key: headers.get('idempotency-key') })
    return (answers.shift() ?? lost)()
  })
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 500 })
  seen.length = 0
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const form = { payee_id: 'p1', amount: { value: '1.00', currency: 'CNY' } }

describe('attempts', () => {
  // REQ-050 REQ-103
  it('keep one id for one form, also over a reload', () => {
    const id = attemptFor('/transfers', form)
    expect(attemptFor('/transfers', { ...form })).toBe(id)
    expect(attemptFor('/transfers', { ...form, memo: 'x' })).not.toBe(id)
    expect(isOpen(operationId(id))).toBe(true)
    settle(id)
    expect(attemptFor('/transfers', form)).not.toBe(id)
  })
  it('makes time-ordered ids of version 7', () => {
    const id = uuid7(1_700_000_000_000)
    expect(id).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(uuid7(1_700_000_000_001) > id).toBe(true)
  })
  // REQ-050
  it('repeat a lost request with the same id until the server knows it', async () => {
    answers = [lost, json(404, { code: 'not-found' }), json(201, { id: 'txn_1', state: 'succeeded' })]
    const sent = await sendMoney('/transfers', form, { pin: '1' })
    expect(sent.operation?.state).toBe('succeeded')
    const posts = seen.filter((s) => s.method === 'POST')
    expect(posts).toHaveLength(2)
    expect(posts[0].key).toBe(posts[1].key)
    expect(isOpen(operationId(posts[0].key ?? ''))).toBe(false)
  })
  // REQ-050 REQ-103
  it('find an answer that was lost on the way back', async () => {
    answers = [lost, json(200, { id: 'txn_2', state: 'succeeded' })]
    const sent = await sendMoney('/transfers', form)
    expect(sent.id).toBe('txn_2')
    expect(seen.filter((s) => s.method === 'POST')).toHaveLength(1)
  })
  // REQ-103
  it('take a refusal as certain only when nothing can have moved', async () => {
    answers = [json(409, { code: 'balance-insufficient', status: 409, charged: false })]
    await expect(sendMoney('/transfers', form)).rejects.toBeInstanceOf(Problem)
    answers = [
      json(500, { code: 'internal', status: 500 }),
      json(404, { code: 'not-found' }),
      json(201, { id: 'txn_3', state: 'succeeded' }),
    ]
    expect((await sendMoney('/transfers', form)).id).toBe('txn_3')
  })
})
