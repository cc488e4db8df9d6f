// RFC 9457 answers of the server, and the texts of spec/errors.csv for them.
import { yuan, type Money } from '../format/money.ts'
import { when } from '../format/time.ts'
import { errors, type ErrorCode, type ErrorText } from '../i18n/errors.ts'
import { errorTexts, fill, language, type Values } from '../i18n/t.ts'

export interface FieldError {
  pointer: string
  code: string
  detail: string
  reason?: string
}

export interface ProblemBody {
  code: string
  title: string
  status: number
  detail: string
  request_id: string
  charged?: boolean | 'unknown'
  retry_after?: number
  params: Record<string, unknown>
  statement?: unknown
  errors: FieldError[]
  actions: string[]
}

/** A refusal or failure, thrown by the client. */
export class Problem extends Error {
  readonly code: string
  readonly status: number
  readonly detail: string
  readonly requestId: string
  readonly charged: boolean | 'unknown' | undefined
  readonly retryAfter: number
  readonly params: Record<string, unknown>
  /** What a lock says, signed. */
  readonly statement: unknown
  readonly errors: FieldError[]
  readonly actions: string[]
  readonly spoken: string

  constructor(body: Partial<ProblemBody>, spoken = '') {
    super(body.code ?? 'internal')
    this.code = body.code ?? 'internal'
    this.status = body.status ?? 0
    this.detail = body.detail ?? ''
    this.requestId = body.request_id ?? ''
    this.charged = body.charged
    this.retryAfter = body.retry_after ?? 0
    this.params = body.params ?? {}
    this.statement = body.statement
    this.errors = body.errors ?? []
    this.actions = body.actions ?? row(this.code)?.actions ?? []
    this.spoken = spoken
  }
}

/** The catalogue row of a code, if there is one. */
export function row(code: string): ErrorText | undefined {
  return errors[code as ErrorCode] as ErrorText | undefined
}

/** The catalogue's sentence of a code, with its places unfilled. */
export function catalogue(code: string): string {
  return errorTexts.value?.[code] ?? row(code)?.zh ?? ''
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'value' in value) return yuan(value as Money)
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) {
    return when(value, language.value)
  }
  return String(value)
}

/** Names of parameters on the wire → places in the texts of the catalogue. */
const places: Record<string, string> = {
  tries_left: 'n',
  until: 'time',
  hours: 'd',
  subject: 'bank',
}

/** The sentence to show: the server's when it is in the language of the moment, else our own. */
export function problemText(problem: Problem): string {
  const lang = language.value
  if (problem.detail && problem.spoken === lang) return problem.detail
  const found = row(problem.code) ?? errors.internal
  const values: Values = { ref: shortRef(problem.requestId) }
  values.s = problem.retryAfter
  for (const [name, value] of Object.entries(problem.params)) {
    values[places[name] ?? name] = shown(value)
  }
  const text = fill(catalogue(found === errors.internal ? 'internal' : problem.code), values)
  return /\{\w+\}/.test(text) ? problem.detail || text : text
}

/** What a person quotes on the telephone: the end of the request id. */
export function shortRef(requestId: string): string {
  return requestId.replace(/^req_/, '').slice(-8).toUpperCase()
}

/** The field a refusal is about: "/pin" → "pin". */
export function problemField(problem: Problem): string {
  const pointer = problem.errors[0]?.pointer ?? row(problem.code)?.field ?? ''
  return pointer.replace(/^\//, '')
}

/** Our own problem, for what the browser knows by itself. */
export function ownProblem(code: ErrorCode, params: Record<string, unknown> = {}): Problem {
  return new Problem({ code, status: errors[code].http, params, charged: false })
}

/** Anything thrown, as a problem. */
export function asProblem(thrown: unknown): Problem {
  return thrown instanceof Problem ? thrown : new Problem({ code: 'internal' })
}
