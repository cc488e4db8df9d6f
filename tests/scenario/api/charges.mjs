// Pay codes: the till charges, the payer confirms or declines.
import assert from 'node:assert/strict'
import { newKey, until } from '../../node/wallet.mjs'
import { available, expect, other, refused, repeated, strangeCode, yuan } from './expect.mjs'

export default async function charges(world) {
  const { step, a, b, c, till } = world
  const [, { pin }] = world.people
  const code = async (who = b, automatic = false) => expect(await who.post('/api/v1/paycodes', { automatic }), 201).digits
  const charge = (paycode, value, key = newKey(), order_text = '早餐') =>
    till.post('/api/v1/merchant/charges', { paycode, amount: yuan(value), order_text }, { key })
  const waiting = async (value = '1500.00') => {
    const made = expect(await charge(await code(), value), 201)
    assert.equal(made.state, 'awaiting_user')
    return made
  }

  // REQ-066 REQ-072
  await step('a small charge is paid at once', async () => {
    const before = await available(b)
    const digits = await code()
    assert.match(digits, /^\d{18}$/)
    const key = newKey()
    const first = await charge(digits, '25.00', key)
    assert.equal(expect(first, 201).state, 'succeeded')
    assert.equal(await available(b), before - 2500)
    repeated(await charge(digits, '25.00', key), first)
    refused(await charge(digits, '26.00', key), 'conflict-idempotency', { pointer: '/amount' })
    refused(await charge(digits, '25.00'), 'code-used', { charged: false })
    assert.equal(await available(b), before - 2500)
  })
  await step('codes that cannot be charged', async () => {
    refused(await charge('130000000000000000', '1.00'), 'code-foreign')
    refused(await charge(strangeCode(await code()), '1.00'), 'code-unknown')
    const digits = await code()
    assert.equal((await b.delete('/api/v1/paycodes/current')).status, 204)
    refused(await charge(digits, '1.00'), 'code-expired')
    refused(await charge(await code(), '0.00'), 'amount-invalid')
    refused(await till.post('/api/v1/merchant/charges', { paycode: '80', amount: yuan('1.00') }, { key: newKey() }), 'request-invalid', { reason: 'short' })
    refused(await till.post('/api/v1/merchant/charges', { paycode: digits, amount: yuan('1.00') }), 'idempotency-missing')
  })
  await step('a renewal by the screen leaves the code before alive for a while, one by hand does not', async () => {
    const shown = await code()
    await code(b, true)
    assert.equal(expect(await charge(shown, '1.00'), 201).state, 'succeeded')
    const left = await code()
    await code(b, false)
    refused(await charge(left, '1.00'), 'code-expired')
  })
  // REQ-066
  await step('a large charge waits for the PIN', async () => {
    const before = await available(b)
    const stream = b.listen()
    await until('the stream', () => stream.status)
    const made = await waiting()
    await until('the event of the charge', () => stream.events.some((e) => e.data.id === made.id && e.data.state === 'awaiting_user'))
    stream.close()
    assert.equal(expect(await b.get(`/api/v1/operations/${made.id}`), 200).state, 'awaiting_user')
    const confirm = (body, who = b) => who.post(`/api/v1/operations/${made.id}/confirm`, body)
    refused(await confirm({ pin: other(pin) }), 'pin-wrong', { charged: false })
    refused(await confirm({ pin: world.people[2].pin }, c), 'not-found')
    assert.equal(await available(b), before)
    assert.equal(expect(await confirm({ pin }), 200).state, 'succeeded')
    assert.equal(await available(b), before - 150000)
    assert.equal(expect(await confirm({ pin }), 200).state, 'succeeded')
    assert.equal(await available(b), before - 150000)
    refused(await b.post(`/api/v1/operations/${made.id}/decline`), 'order-paid')
    refused(await till.post(`/api/v1/merchant/charges/${made.id}/cancel`), 'order-paid')
    assert.equal(expect(await till.get(`/api/v1/merchant/charges/${made.id}`), 200).state, 'succeeded')
  })
  // REQ-103
  await step('declined by the payer', async () => {
    const made = await waiting()
    assert.equal(expect(await b.post(`/api/v1/operations/${made.id}/decline`), 200).state, 'closed')
    assert.equal(expect(await b.post(`/api/v1/operations/${made.id}/decline`), 200).state, 'closed')
    refused(await b.post(`/api/v1/operations/${made.id}/confirm`, { pin }), 'order-closed', { charged: false })
  })
  await step('cancelled by the till', async () => {
    const made = await waiting()
    assert.equal(expect(await till.post(`/api/v1/merchant/charges/${made.id}/cancel`), 200).state, 'closed')
    assert.equal(expect(await till.post(`/api/v1/merchant/charges/${made.id}/cancel`), 200).state, 'closed')
    refused(await till.post('/api/v1/merchant/charges/txn_x/cancel'), 'not-found')
  })
  await step('a charge the customer cannot pay fails with its reason', async () => {
    const failed = expect(await charge(await code(c), '700.00'), 201)
    assert.equal(failed.state, 'failed')
    assert.equal(failed.failure.code, 'balance-insufficient')
    assert.equal(failed.failure.charged, false)
  })
  await step('the latest charges', async () => {
    const { data } = expect(await till.get('/api/v1/merchant/operations'), 200)
    assert.ok(data.length >= 6)
    assert.ok(data.every((row, i) => i === 0 || row.created_at <= data[i - 1].created_at))
  })
}
