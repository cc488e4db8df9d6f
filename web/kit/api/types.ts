// The shapes of the API (spec/openapi.yaml), as far as the screens use them.
import type { Money } from '../format/money.ts'
import type { Language } from '../format/time.ts'

export type { Money }

export interface Meta {
  brand: { name: string; name_en: string; signature: string }
  environment: 'sandbox' | 'production'
  version: string
  server_time: string
  terms: { version: string; effective: string; title: string; url_text: string }
  currency: string
  sms: { resend_after_s: number; life_s: number }
  pin_digits: number
  idle_timeout_s: number
  idle_warning_s: number
  paycode: { length: number; life_s: number; renew_before_s: number }
  nopin: { limit: Money; count_day: number }
}

export interface Terms {
  version: string
  effective: string
  title: string
  summary: string[]
  sections: { title: string; body: string }[]
}

export interface Trace {
  state: string
  at: string
}

export interface Failure {
  code: string
  title: string
  detail: string
  charged?: boolean
}

export type OpenStep =
  | 'identity'
  | 'phone'
  | 'face'
  | 'password'
  | 'pin'
  | 'review'
  | 'trouble'
  | 'submitted'
  | 'opened'
  | 'refused'

export type PhotoKind = 'id_front' | 'id_back' | 'passport' | 'other'
export type DocumentKind =
  | 'resident_id'
  | 'residence_permit_hk'
  | 'residence_permit_mo'
  | 'residence_permit_tw'
  | 'travel_permit_hk_mo'
  | 'travel_permit_tw'
  | 'permanent_resident_old'
  | 'permanent_resident'
  | 'passport'
export type Policy = 'none' | 'ask' | 'require'

export interface WalletClass {
  class: 1 | 2 | 3 | 4
  needs: ('phone' | 'id' | 'card' | 'counter')[]
  open: boolean
  upgrade: boolean
  balance: Money | null
  payment: Money | null
  day: Money | null
  year: Money | null
}

export interface DocumentRule {
  document: DocumentKind
  derives: boolean
  latin_name: boolean
  validity: Policy
  long_term: boolean
  photo_policy: Policy
  photos: PhotoKind[]
}

export interface Opening {
  classes: WalletClass[]
  documents: DocumentRule[]
  self_open_age: number
  adult_age: number
}

export interface NumberAdvice {
  advice: 'good' | 'letters' | 'fifteen' | 'length' | 'birth_date' | 'places' | 'groups'
  length: number
  candidates: number
  places: number[]
  offer: string | null
}

export type TroubleKind = 'name' | 'document' | 'phone-not-linked' | 'branch'
export interface Trouble {
  kind: TroubleKind
  tries_left: number
  found_at: string
}
export interface Link {
  state: 'none' | 'sending' | 'waiting' | 'done' | 'refused' | 'closed' | 'expired'
  last4: string | null
  tries_left: number
  until: string | null
}
export type PassState = 'open' | 'used' | 'cancelled' | 'replaced' | 'expired'
export interface Ticket {
  id: string
  state: PassState
  url: string | null
  number: string
  agreed: boolean
  cause: TroubleKind | 'none'
  case_number: string
  findings: Record<string, string>
  documents: ('resident-id' | 'phone' | 'name-proof' | 'bank-card')[]
  created_at: string
  expires_at: string
}
export interface Handover {
  id: string
  state: PassState
  url: string | null
  code: string | null
  created_at: string
  expires_at: string
}
export interface Maintenance {
  state: 'none' | 'announced' | 'running'
  scope: 'none' | 'opening' | 'all'
  from: string | null
  until: string | null
  note: string | null
  reminder: { possible: boolean; waits: boolean; told_at: string | null }
}
export interface Check {
  check: 'service' | 'phone' | 'sms' | 'id-number' | 'record' | 'attempts' | 'lock'
  result: 'ok' | 'warn' | 'bad' | 'unknown'
  fact: string
  action: string | null
  at: string | null
  count: number
}
export interface Diagnosis {
  case_number: string
  step: string
  checks: Check[]
  checked_at: string
}

export type RadarAction = 'change' | 'voice' | 'again' | 'retry' | 'lift' | 'desk' | 'found' | 'remind' | 'go-on'
export type RadarCause = 'C01' | 'C02' | 'C03' | 'C04' | 'C05' | 'C06' | 'C07' | 'C08' | 'C09' | 'C10' | 'C11' | 'C12' | 'C13'
export interface Radar {
  stages: { stage: 'typed' | 'number' | 'queue' | 'accepted' | 'carrier' | 'phone'; state: 'waiting' | 'done' | 'failed' | 'unknown'; at: string | null }[]
  cause: RadarCause | null
  actions: RadarAction[]
  route: 'sms-a' | 'sms-b' | 'voice' | 'counter' | null
  switched: boolean
  voice: boolean
  cause_at: string | null
  until: string | null
  phone_class: string | null
  challenge: {
    phone_masked: string
    live: boolean
    digits: 6 | 8
    sent_at: string
    resend_at: string
    expires_at: string
    tries_left: number
    messages_left_today: number
    voice_allowed: boolean
  } | null
  server_time: string
}
/** What the segment of a number says, before anything is sent. */
export interface PhoneClass {
  class: 'ordinary' | 'mvno' | 'unknown' | 'refused' | 'no-mobile'
  cause: 'C01' | 'C02' | 'C03' | null
  sends: boolean
  voice: boolean
}

export interface Application {
  id: string
  case_number: string
  step: OpenStep
  state: 'draft' | 'submitted' | 'checking' | 'opened' | 'refused'
  language: Language
  terms_version: string
  consent_face: boolean
  wallet_class: 3 | 4
  upgrade: boolean
  photos: { asked: PhotoKind[]; have: PhotoKind[]; missing: boolean }
  review: 'none' | 'waiting' | 'approved' | 'refused'
  review_due_at: string | null
  identity: {
    name_masked: string
    id_masked: string
    sex: 'male' | 'female'
    birth_date: string
    document: DocumentKind
    valid_until: string | null
  } | null
  phone: {
    phone_masked: string
    verified: boolean
    class: 'ordinary' | 'mvno' | 'unknown'
    notice: 'phone-may-delay' | null
  } | null
  challenge: {
    sent_at: string
    resend_at: string
    expires_at: string
    tries_left: number
    codes_left_today: number
    digits: 6 | 8
  } | null
  face: { state: 'none' | 'checking' | 'passed' | 'failed'; tries_left: number } | null
  has_password: boolean
  has_pin: boolean
  timeline: Trace[]
  trouble: Trouble | null
  refusal: Failure | null
  expires_at: string
}

export interface Session {
  id: string
  user: { name_masked: string; phone_masked: string; wallet_number: string }
  created_at: string
  idle_expires_at: string
  expires_at: string
}

export interface SessionRow {
  id: string
  current: boolean
  device: string
  address_masked: string
  created_at: string
  last_used_at: string
}

export interface LockStatement {
  case_number: string
  code: string
  tries: number
  until: string | null
  at: string
  signature: string
}

/** A lock in force: its passport. */
export interface Lock {
  code: string
  case_number: string
  scope: string
  cause: string
  evidence: string
  basis: string
  decides: string
  four_eyes: boolean
  automatic: boolean
  working_days: number
  tries: number
  from: string
  until: string | null
  asked_at: string | null
  ended_at: string | null
  in_force: boolean
  outcome: string
  exits: string[]
  authority: string | null
  number: string | null
  trace: string | null
  statement: LockStatement
}

export interface Signin {
  id: string
  at: string
  result: 'ok' | 'wrong' | 'locked' | 'unconfirmed' | 'refused'
  device: string
  address_masked: string
  current: boolean
}

export interface Checkup {
  due: boolean
  case_number: string
  done_at: string | null
  done: string[]
  payees: { name_masked: string; added_at: string }[]
}

export interface Nopin {
  enabled: boolean
  limit: Money
  left_today: number
}

export interface Me {
  name_masked: string
  phone_masked: string
  wallet_number: string
  wallet_class: number
  language: Language
  opened_at: string
  idle_expires_at: string
  frozen: boolean
  locks: Lock[]
  nopin: Nopin
  unread: number
}

export interface Wallet {
  wallet_number: string
  state: 'active' | 'frozen'
  balances: { currency: string; available: Money; pending_in: Money; pending_out: Money }[]
}

export interface Meter {
  rule: string
  limit: Money | null
  used: Money | null
  left: Money | null
  count_limit?: number
  count_left?: number
  frees_at: string | null
}

export interface Limits {
  profile: { name: string; edition: string; source: string; effective: string }
  class: number | string
  meters: Meter[]
}

export interface Message {
  id: string
  group: 'money' | 'security' | 'service'
  kind: string
  title: string
  body: string
  at: string
  read: boolean
  link: string | null
}

export interface Page<T> {
  data: T[]
  next_cursor: string | null
}

export interface Card {
  id: string
  state: 'verifying' | 'awaiting_code' | 'confirming' | 'bound' | 'failed' | 'removed'
  bank: string
  bank_en: string
  last4: string
  type: string
  phone_masked: string
  tries_left: number
  failure: Failure | null
  created_at: string
}

export type OperationKind =
  | 'payment'
  | 'transfer'
  | 'topup'
  | 'withdrawal'
  | 'refund'
  | 'correction'

export type OperationState =
  | 'created'
  | 'awaiting_user'
  | 'processing'
  | 'unknown'
  | 'succeeded'
  | 'failed'
  | 'closed'
  | 'refunded'
  | 'partially_refunded'

export interface Operation {
  id: string
  kind: OperationKind
  direction: 'in' | 'out'
  state: OperationState
  amount: Money
  fee: Money
  counterparty: { name: string; kind: 'merchant' | 'person' | 'bank'; detail: string }
  source: { kind: 'balance' | 'card'; name: string }
  memo: string | null
  order_number: string
  created_at: string
  finished_at: string | null
  timeline: Trace[]
  failure: Failure | null
  method: string
  receipt_code: string
  balance_after?: Money
  expires_at?: string
  related: string[]
}

export type BillRow = Pick<
  Operation,
  | 'id'
  | 'kind'
  | 'direction'
  | 'state'
  | 'amount'
  | 'counterparty'
  | 'memo'
  | 'created_at'
  | 'finished_at'
>

export interface BillSummary {
  month: string
  in: Money
  out: Money
  days: { date: string; in: Money; out: Money }[]
  partial: boolean
}

export interface Paycode {
  digits: string
  expires_at: string
  renew_at: string
  life_s: number
  nopin: Nopin
}

export interface Scan {
  kind:
    | 'merchant_static'
    | 'merchant_order'
    | 'receive'
    | 'paycode'
    | 'foreign'
    | 'card'
    | 'url'
    | 'text'
  issuer?: 'wechat' | 'alipay' | 'unionpay' | 'emv'
  merchant?: { id: string; name: string; verified: boolean }
  payee?: {
    payee_id?: string
    name_masked: string
    phone_masked: string
    wallet_number: string
  }
  token?: string
  amount?: Money
  order_text?: string
  expires_at?: string
  host?: string
}

export interface Payee {
  payee_id: string
  name_masked: string
  phone_masked: string
  wallet_number_masked: string
  first_time: boolean
  self: boolean
}

export interface Contact {
  payee_id: string
  name_masked: string
  phone_masked: string
  last_at: string
  last_amount: Money
}
