// What the console asks: /api/v1/console with the operator's own session.
import { shallowRef } from 'vue'
import { call } from '@kit/api/client.ts'
import { Problem } from '@kit/api/problem.ts'

export interface Person {
  id: number
  name: string
}
export interface Me extends Person {
  login: string
  roles: string[]
  rights: string[]
  reveals_left: number
  idle_expires_at: string
  expires_at: string
}
export interface Case {
  number: string
  kind: 'review' | 'unlock' | 'ticket'
  topic: string
  state: 'open' | 'taken' | 'approval' | 'done'
  level: string
  four_eyes: boolean
  opened_at: string
  due_at: string
  exact: boolean
  overdue: boolean
  taken_by: Person | null
  decided_at: string | null
  outcome: string | null
}
export interface Detail {
  case: Case
  may_decide: boolean
  mine: boolean
  subject: {
    name_masked: string | null
    phone_masked: string | null
    id_number_masked: string | null
    wallet_number_masked: string | null
    birth_year: number
  } | null
  application: {
    state: string
    face: string
    face_tries_left: number
    phone_verified: boolean
    seen: string | null
    timeline: { what: string; at: string }[]
  } | null
  history: { at: string; operator: Person | null; action: string; reason: string | null; note: string | null }[]
}
export interface Page<T> {
  data: T[]
  next_cursor: string | null
}
export interface Approval {
  id: string
  action: string
  parameters: Record<string, unknown>
  case_number: string | null
  state: string
  reason: string
  asked_by: Person | null
  asked_at: string
  expires_at: string
}
export interface Operator extends Person {
  login: string
  roles: string[]
  state: string
  signed_in_at: string | null
}
export interface Notice {
  scope: string
  in_force: boolean
  from: string | null
  until: string
  note_zh: string
  note_en: string
  set_by: Person | null
  approved_by: Person | null
}
export interface AuditRow {
  seq: number
  at: string
  operator: Person | null
  action: string
  reason: string | null
  note: string | null
  case_number: string | null
  target: string
  hash: string
}
export interface Figures {
  queues: { kind: Case['kind']; open: number; taken: number; overdue: number }[]
  mine: number
  approvals: number
  opened_today: number
  done_today: number
}

export const me = shallowRef<Me | null>(null)
export const may = (right: string) => me.value?.rights.includes(right) ?? false
/** When the session was last prolonged, for the warning. */
export const usedAt = shallowRef(Date.now())

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  try {
    const answer = await call<T>(method, `/console${path}`, { body, quiet: true })
    if (path !== '/me') usedAt.value = Date.now()
    return answer
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'operator-login-required') me.value = null
    throw thrown
  }
}
export const get = <T>(path: string) => ask<T>('GET', path)
export const post = <T>(path: string, body: unknown = {}) => ask<T>('POST', path, body)
export const remove = (path: string) => ask<undefined>('DELETE', path)

export const reasons: Record<string, string[]> = {
  'review.approved': ['identity-confirmed', 'documents-in-order'],
  'review.refused': ['face-differs', 'document-unclear', 'document-not-genuine', 'suspected-fraud', 'other'],
  'unlock.approved': ['identity-confirmed', 'risk-cleared', 'order-ended'],
  'unlock.refused': ['risk-stands', 'documents-missing', 'not-the-person', 'other'],
  'ticket.approved': ['identity-confirmed'],
  'ticket.refused': ['documents-missing', 'not-the-person', 'other'],
  reveal: ['call-back', 'compare-document', 'authority-request'],
  hand: ['shift-end', 'needs-lead', 'conflict-of-interest', 'other'],
  maintenance: ['planned-work', 'failure', 'other'],
  operator: ['new-colleague', 'changed-duties', 'lost-device', 'other'],
  close: ['left', 'changed-duties', 'other'],
}
