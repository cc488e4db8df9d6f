// One payment at the till. What is under way is kept in the tab with its id before it is sent:
// after a reload in the middle the same request goes on, never a second one.
import { shallowRef } from 'vue'
import { certain, operationId, uuid7 } from '@kit/api/attempt.ts'
import { asProblem, Problem, problemText } from '@kit/api/problem.ts'
import type { OperationState } from '@kit/api/types.ts'
import type { Charge, MerchantApi, Order } from './api.ts'

export interface Held {
  kind: 'charge' | 'order'
  /** Idempotency key, made here. */
  key: string
  amount: string
  paycode: string
}
export interface Line {
  id: string
  kind: 'charge' | 'order'
  amount: string
  state: OperationState
  text: string
  at: string
}

const store = 'tongbao.till'
const listStore = 'tongbao.till.list'
const listMax = 20
const everyMs = 1500
const final: OperationState[] = ['succeeded', 'failed', 'closed']

function read<T>(name: string, otherwise: T): T {
  try {
    return (JSON.parse(sessionStorage.getItem(name) ?? 'null') as T) ?? otherwise
  } catch {
    return otherwise
  }
}

/** An order's states in the words of a charge. */
export function orderState(order: Order): OperationState {
  return { open: 'awaiting_user', paid: 'succeeded', closed: 'closed' }[order.state] as OperationState
}

/** The till of one shop: `pause` waits, for tests. */
export function makeTill(api: MerchantApi, pause: (ms: number) => Promise<void>) {
  const held = shallowRef<Held | undefined>(read<Held | undefined>(store, undefined))
  const charge = shallowRef<Charge>()
  const order = shallowRef<Order>()
  const problem = shallowRef<Problem>()
  /** True while the server does not answer: nobody knows yet. */
  const silent = shallowRef(false)
  const lines = shallowRef<Line[]>(read<Line[]>(listStore, []))

  function keep(next: Held | undefined): void {
    held.value = next
    if (next) sessionStorage.setItem(store, JSON.stringify(next))
    else sessionStorage.removeItem(store)
  }
  function note(line: Line): void {
    const known = lines.value.some((l) => l.id === line.id)
    const next = lines.value.map((l) => (l.id === line.id ? line : l))
    lines.value = (known ? next : [line, ...next]).slice(0, listMax)
    sessionStorage.setItem(listStore, JSON.stringify(lines.value))
  }
  function chargeLine(c: Charge): Line {
    const text = c.failure?.detail || c.failure?.title || ''
    return { id: c.id, kind: 'charge', amount: c.amount.value, state: c.state, text, at: c.created_at }
  }
  function orderLine(o: Order): Line {
    const state = orderState(o)
    return { id: o.id, kind: 'order', amount: o.amount.value, state, text: '', at: o.created_at }
  }
  function noteCharge(c: Charge): void {
    charge.value = c
    note(chargeLine(c))
  }
  function noteOrder(o: Order): void {
    order.value = o
    note(orderLine(o))
  }

  /** Sends until the server has said something certain; undefined when it refused. */
  async function settle<T>(mine: Held, send: () => Promise<T>, find: () => Promise<T>, first: boolean) {
    for (let round = 0; held.value === mine; round++) {
      try {
        const found = round > 0 || !first ? await find().catch(unlessMissing) : undefined
        const answer = found ?? (await send())
        silent.value = false
        return answer
      } catch (thrown) {
        const refusal = asProblem(thrown)
        silent.value = !certain(refusal)
        if (!silent.value) {
          problem.value = refusal
          const { kind, amount } = mine
          const at = new Date().toISOString()
          note({ id: mine.key, kind, amount, state: 'failed', text: problemText(refusal), at })
          keep(undefined)
          return undefined
        }
      }
      await pause(everyMs)
    }
    return undefined
  }

  /** Asks until the state is final. */
  async function follow<T>(mine: Held, ask: () => Promise<T>, use: (value: T) => boolean) {
    while (held.value === mine) {
      await pause(everyMs)
      if (held.value !== mine) return
      try {
        const ended = use(await ask())
        silent.value = false
        if (ended) return
      } catch {
        silent.value = true
      }
    }
  }

  async function runCharge(mine: Held, first: boolean): Promise<void> {
    const id = operationId(mine.key)
    const amount = { value: mine.amount, currency: 'CNY' }
    const form = { paycode: mine.paycode, amount }
    const send = () => api.charge(mine.key, form)
    const found = await settle(mine, send, () => api.findCharge(id), first)
    if (!found) return
    const use = (c: Charge) => {
      noteCharge(c)
      const ended = final.includes(c.state)
      if (ended && held.value === mine) keep(undefined)
      return ended
    }
    if (!use(found)) await follow(mine, () => api.findCharge(id), use)
  }

  async function runOrder(mine: Held, first: boolean): Promise<void> {
    const id = operationId(mine.key).replace('txn_', 'ord_')
    const send = () => api.order(mine.key, { amount: { value: mine.amount, currency: 'CNY' } })
    const found = await settle(mine, send, () => api.findOrder(id), first)
    if (!found) return
    const use = (o: Order) => {
      noteOrder(o)
      const ended = o.state !== 'open'
      if (ended && held.value === mine) keep(undefined)
      return ended
    }
    if (!use(found)) await follow(mine, () => api.findOrder(id), use)
  }

  function run(mine: Held, first: boolean): Promise<void> {
    return mine.kind === 'charge' ? runCharge(mine, first) : runOrder(mine, first)
  }

  /** Forgets what is shown; the line in the list stays. */
  function clear(): void {
    keep(undefined)
    charge.value = undefined
    order.value = undefined
    problem.value = undefined
    silent.value = false
  }

  function start(kind: Held['kind'], amount: string, paycode = ''): Promise<void> {
    clear()
    const mine: Held = { kind, key: uuid7(), amount, paycode }
    keep(mine)
    return run(mine, true)
  }

  /** Takes up what a reload interrupted. */
  function resume(): Promise<void> {
    return held.value ? run(held.value, false) : Promise.resolve()
  }

  /** Takes back a charge that waits for its customer. */
  async function cancel(): Promise<void> {
    const open = charge.value
    if (!open) return
    try {
      noteCharge(await api.cancel(open.id))
      if (final.includes(charge.value?.state ?? 'created')) keep(undefined)
    } catch (thrown) {
      problem.value = asProblem(thrown)
    }
  }

  /** Asks what became of lines that nobody waits for any more. */
  async function refresh(): Promise<void> {
    const mine = held.value && operationId(held.value.key).slice(4)
    const open = lines.value.filter((l) => !final.includes(l.state) && l.id.slice(4) !== mine)
    for (const { id, kind } of open) {
      const ask = kind === 'charge' ? api.findCharge(id).then(chargeLine) : api.findOrder(id).then(orderLine)
      note(await ask)
    }
  }

  /** The page goes: what is held stays in the tab and is taken up again. */
  function leave(): void {
    held.value = undefined
  }

  return { held, charge, order, problem, silent, lines, start, resume, cancel, refresh, clear, leave }
}

function unlessMissing(thrown: unknown): undefined {
  if (thrown instanceof Problem && thrown.code === 'not-found') return undefined
  throw thrown
}

export type Till = ReturnType<typeof makeTill>

/** The digits of a pay code in what was scanned or typed; undefined when there are none. */
export function payCode(text: string): string | undefined {
  const digits = text.replace(/[\s\u3000-]/g, '')
  return /^\d{16,24}$/.test(digits) ? digits : undefined
}
