import { beforeEach, describe, expect, it, vi } from 'vitest'
import { NoAnswer } from '@kit/api/client.ts'
import { operationId } from '@kit/api/attempt.ts'
import { Problem } from '@kit/api/problem.ts'
import type { Charge, MerchantApi, Order } from './api.ts'
import { makeTill, payCode } from './till.ts'

const kept = new Map<string, string>()
vi.stubGlobal('sessionStorage', {
  getItem: (k: string) => kept.get(k) ?? null,
  setItem: (k: string, v: string) => kept.set(k, v),
  removeItem: (k: string) => kept.delete(k),
})
const pause = () => Promise.resolve()
const code = '286012345678901234'

const charge = (id: string, state: Charge['state']): Charge => ({
  id,
  state,
  amount: { value: '8.00', currency: 'CNY' },
  order_text: '',
  created_at: '2026-01-02T03:04:05Z',
  expires_at: null,
  finished_at: null,
  failure: null,
})
const missing = () => Promise.reject(new Problem({ code: 'not-found', status: 404 }))
const never = () => Promise.reject(new Error('not asked in this test'))

function shop(over: Partial<MerchantApi>): MerchantApi {
  return { charge: never, findCharge: never, cancel: never, order: never, findOrder: never, ...over }
}

beforeEach(() => kept.clear())

describe('a charge', () => {
  it('is sent once with an id kept before', async () => {
    const keys: string[] = []
    const api = shop({
      charge: async (key) => {
        expect(kept.get('tongbao.till')).toContain(key)
        keys.push(key)
        return charge(operationId(key), 'succeeded')
      },
    })
    const till = makeTill(api, pause)
    await till.start('charge', '8.00', code)
    expect(keys).toHaveLength(1)
    expect(till.charge.value?.state).toBe('succeeded')
    expect(till.lines.value).toHaveLength(1)
    expect(kept.has('tongbao.till')).toBe(false)
  })

  it('waits for the customer', async () => {
    const states: Charge['state'][] = ['awaiting_user', 'succeeded']
    const api = shop({
      charge: async (key) => charge(operationId(key), 'awaiting_user'),
      findCharge: async (id) => charge(id, states.shift() ?? 'failed'),
    })
    const till = makeTill(api, pause)
    await till.start('charge', '800.00', code)
    expect(till.charge.value?.state).toBe('succeeded')
    expect(till.lines.value).toHaveLength(1)
  })

  it('without an answer is repeated under the same id only when the server has never seen it', async () => {
    const keys: string[] = []
    const api = shop({
      charge: async (key) => {
        keys.push(key)
        if (keys.length === 1) throw new NoAnswer()
        return charge(operationId(key), 'succeeded')
      },
      findCharge: missing,
    })
    const till = makeTill(api, pause)
    await till.start('charge', '8.00', code)
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBe(keys[1])
    const lost = shop({
      charge: () => Promise.reject(new NoAnswer()),
      findCharge: async (id) => charge(id, 'succeeded'),
    })
    const other = makeTill(lost, pause)
    await other.start('charge', '8.00', code)
    expect(other.charge.value?.state).toBe('succeeded')
  })

  it('goes on after a reload without a second request', async () => {
    const first = makeTill(shop({ charge: () => new Promise(() => undefined) }), pause)
    void first.start('charge', '8.00', code)
    const second = makeTill(shop({ findCharge: async (id) => charge(id, 'succeeded') }), pause)
    expect(second.held.value?.key).toBe(first.held.value?.key)
    await second.resume()
    expect(second.charge.value?.id).toBe(operationId(first.held.value?.key ?? ''))
  })

  it('that is refused ends with the reason', async () => {
    const refusal = new Problem({ code: 'code-expired', status: 410, charged: false })
    const till = makeTill(shop({ charge: () => Promise.reject(refusal) }), pause)
    await till.start('charge', '8.00', code)
    expect(till.problem.value?.code).toBe('code-expired')
    expect(till.lines.value[0].state).toBe('failed')
    expect(till.held.value).toBeUndefined()
    expect(kept.has('tongbao.till')).toBe(false)
  })
})

describe('an order', () => {
  it('is shown until it is paid', async () => {
    const order = (id: string, state: Order['state']): Order => ({
      id,
      state,
      amount: { value: '8.00', currency: 'CNY' },
      order_text: '',
      qr_text: 'x',
      created_at: '2026-01-02T03:04:05Z',
      expires_at: '2026-01-02T03:19:05Z',
      paid_by: null,
    })
    const states: Order['state'][] = ['open', 'paid']
    const api = shop({
      order: async (key) => order(operationId(key).replace('txn', 'ord'), 'open'),
      findOrder: async (id) => order(id, states.shift() ?? 'closed'),
    })
    const till = makeTill(api, pause)
    await till.start('order', '8.00')
    expect(till.order.value?.state).toBe('paid')
    expect(till.lines.value[0].state).toBe('succeeded')
  })
})

describe('the list', () => {
  it('asks for what nobody waits for any more', async () => {
    let paid = false
    const api = shop({
      charge: async (key) => charge(operationId(key), 'awaiting_user'),
      findCharge: async (id) => charge(id, paid ? 'succeeded' : 'awaiting_user'),
    })
    const till = makeTill(api, () => new Promise(() => undefined))
    void till.start('charge', '8.00', code)
    await vi.waitFor(() => expect(till.lines.value).toHaveLength(1))
    await till.refresh()
    till.clear()
    paid = true
    await till.refresh()
    expect(till.lines.value.map((l) => l.state)).toEqual(['succeeded'])
  })
})

describe('a pay code', () => {
  it('is digits, however they are typed', () => {
    expect(payCode(' 2860 1234 5678 9012 34\n')).toBe(code)
    expect(payCode('2860-1234-5678-9012-34')).toBe(code)
    expect(payCode('http://localhost/q/abc')).toBeUndefined()
    expect(payCode('1234')).toBeUndefined()
  })
})
