// What the parts of the walk share.
import assert from 'node:assert/strict'
import { until } from '../../node/wallet.mjs'

/** The answer has this status. Returns its JSON. */
export function expect(answer, status) {
  assert.equal(answer.status, status, `${answer.status} instead of ${status}: ${answer.text.slice(0, 400)}`)
  return answer.json
}

/** The answer refuses with this code. more: {pointer, reason, charged, rule}. Returns the problem. */
export function refused(answer, code, more = {}) {
  const problem = answer.json ?? {}
  assert.equal(problem.code, code, `${answer.status} ${problem.code ?? ''} instead of ${code}: ${answer.text.slice(0, 400)}`)
  assert.equal(problem.status, answer.status)
  assert.match(answer.headers['content-type'], /^application\/problem\+json/)
  const field = problem.errors?.[0] ?? {}
  if (more.pointer !== undefined) assert.equal(field.pointer, more.pointer)
  if (more.reason !== undefined) assert.equal(field.reason, more.reason)
  if ('charged' in more) assert.equal(problem.charged, more.charged)
  if (more.rule !== undefined) assert.equal(problem.params.rule, more.rule)
  return problem
}

/** The same answer as before, byte for byte, marked as a stored one. */
export function repeated(answer, first) {
  assert.equal(answer.status, first.status)
  assert.equal(answer.text, first.text)
  assert.equal(answer.headers['idempotency-hit'], 'true')
  assert.equal(first.headers['idempotency-hit'], undefined)
}

export const yuan = (value) => ({ value, currency: 'CNY' })
/** "12.30" -> 1230 */
export const fen = (money) => Math.round(Number(money.value) * 100)

/** The code of the latest SMS to a phone that has one and is not among `known`. */
export async function smsCode(client, phone, known = []) {
  return until(`a code to ${phone}`, async () => {
    const { messages } = expect(await client.get(`/sandbox/api/messages?phone=${phone}`), 200)
    const found = messages.map((m) => /验证码 (\d{6})|Code (\d{6}) to /.exec(m.text)).filter(Boolean)
    return found.map((m) => m[1] ?? m[2]).find((code) => !known.includes(code))
  })
}

export async function available(person) {
  const wallet = expect(await person.get('/api/v1/wallet'), 200)
  return fen(wallet.balances[0].available)
}

/** A play person, signed in. */
export async function signIn(world, index, headers) {
  const client = world.browser(headers)
  const person = world.people[index]
  expect(await client.post('/api/v1/sessions', { login: person.phone, password: person.password }), 201)
  client.person = person
  return client
}

/** A wrong text of the same form. */
export const other = (digits) => digits.slice(0, -1) + ((Number(digits.at(-1)) + 1) % 10)

/** A pay code of the same form that nobody has: the digit before the last is another, the check digit fits (Luhn). */
export function strangeCode(digits) {
  const body = digits.slice(0, -2) + ((Number(digits.at(-2)) + 1) % 10)
  const sum = [...body].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return body + ((10 - (sum % 10)) % 10)
}
