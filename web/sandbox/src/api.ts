// What the sandbox pages ask: the play world behind /sandbox/api, and the merchant API with the
// play shop's key.
import { call, get, moneyTimeoutMs } from '@kit/api/client.ts'
import type { Failure, Money, OperationState } from '@kit/api/types.ts'

const root = '/sandbox/api'

export interface PlayCard {
  card_number: string
  bank: string
  balance: Money
}
export interface Person {
  name: string
  id_number: string
  phone: string
  password: string
  pin: string
  wallet_number: string | null
  opened: boolean
  cards: PlayCard[]
}
export interface Shop {
  name: string
  name_en: string
  merchant_key: string
  static_qr_text: string
}
export interface Sms {
  from: string
  text: string
  at: string
}
export interface Account extends PlayCard {
  name: string
  phone: string
}
export interface BankRequest {
  request_id: string
  operation: string
  card_number: string
  state: 'pending' | 'done' | 'refused' | 'reversed'
  code: string
  amount: Money | null
  at: string
}
export const operations = ['debit', 'credit', 'verify'] as const
export type PlayOperation = (typeof operations)[number]
export const faults = ['none', 'refuse', 'timeout_before', 'timeout_after', 'late_success']
  .concat(['late_fail', 'down', 'slow', 'wrong_amount', 'mismatch'])
export const faces = ['pass', 'fail', 'slow', 'down'] as const
export const smsModes = ['deliver', 'drop', 'delay'] as const

export interface PlayState {
  faults: { operation: PlayOperation; fault: string; once: boolean }[]
  face: (typeof faces)[number]
  sms: (typeof smsModes)[number]
  face_rules: { id_number: string; decision: string }[]
}

export const people = async () => (await get<{ data: Person[] }>('/people', { root })).data
export const shop = () => get<Shop>('/shop', { root })
export const messages = async (phone: string) =>
  (await get<{ messages: Sms[] }>(`/messages?phone=${phone}`, { root })).messages
export const bank = () => get<{ accounts: Account[]; requests: BankRequest[] }>('/bank', { root })
export const playState = () => get<PlayState>('/state', { root })
export const setFault = (operation: string, fault: string, once: boolean) =>
  call<PlayState>('PUT', '/bank/faults', { root, body: { operation, fault, once } })
export const setFace = (decision: string, id_number?: string) =>
  call<PlayState>('PUT', '/face', { root, body: { decision, id_number } })
export const setSms = (mode: string) => call<PlayState>('PUT', '/sms', { root, body: { mode } })
export const reset = () => call<PlayState>('POST', '/reset', { root })

/** Does that fault mean anything for that operation? */
export function fits(operation: PlayOperation, fault: string): boolean {
  if (fault === 'wrong_amount') return operation !== 'verify'
  return fault !== 'mismatch' || operation === 'verify'
}

// --- merchant API ---

export interface Charge {
  id: string
  state: OperationState
  amount: Money
  order_text: string
  created_at: string
  expires_at: string | null
  finished_at: string | null
  failure: Failure | null
}
export interface Order {
  id: string
  state: 'open' | 'paid' | 'closed'
  amount: Money
  order_text: string
  qr_text: string
  created_at: string
  expires_at: string
  paid_by: string | null
}

/** The merchant API with a shop's key. */
export function merchantApi(bearer: string) {
  return {
    charge: (key: string, form: object) =>
      call<Charge>('POST', '/merchant/charges', {
        bearer,
        key,
        body: form,
        timeoutMs: moneyTimeoutMs,
      }),
    findCharge: (id: string) => get<Charge>(`/merchant/charges/${id}`, { bearer }),
    cancel: (id: string) => call<Charge>('POST', `/merchant/charges/${id}/cancel`, { bearer, body: {} }),
    order: (key: string, form: object) =>
      call<Order>('POST', '/merchant/orders', { bearer, key, body: form }),
    findOrder: (id: string) => get<Order>(`/merchant/orders/${id}`, { bearer }),
  }
}
export type MerchantApi = ReturnType<typeof merchantApi>
