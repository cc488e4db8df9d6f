// Top-up and withdrawal, with a bank that refuses, is slow or says nothing.
import assert from 'node:assert/strict'
import { newKey, until } from '../../node/wallet.mjs'
import { available, expect, fen, other, refused, repeated, yuan } from './expect.mjs'

export async function ended(client, id, seconds) {
  return until(`operation ${id} to end`, async () => {
    const operation = expect(await client.get(`/api/v1/operations/${id}`), 200)
    return ['succeeded', 'failed'].includes(operation.state) && operation
  }, seconds)
}

export default async function funds(world) {
  const { step, a } = world
  const [{ pin }] = world.people
  const card_id = world.cardA.id
  const order = (value, more) => ({ card_id, amount: yuan(value), pin, ...more })
  const topup = (body, key = newKey()) => a.post('/api/v1/topups', body, { key })
  const withdraw = (body, key = newKey()) => a.post('/api/v1/withdrawals', body, { key })
  const fault = async (operation, name) =>
    expect(await a.put('/sandbox/api/bank/faults', { operation, fault: name, once: true }), 200)

  await step('top-up: what is wrong is said before the bank is asked', async () => {
    refused(await a.post('/api/v1/topups', order('10.00')), 'idempotency-missing', { charged: false })
    refused(await topup(order('10.00', { pin: other(pin) })), 'pin-wrong', { charged: false })
    refused(await topup(order('0.00')), 'amount-invalid', { pointer: '/amount' })
    refused(await topup(order('1.234')), 'request-invalid', { pointer: '/amount', reason: 'format' })
    refused(await topup({ ...order('1.00'), amount: { value: '1.00', currency: 'XYZ' } }), 'amount-invalid')
    refused(await topup(order('1.00', { card_id: world.cardB.id })), 'card-not-usable')
    refused(await topup(order('20000.00')), 'balance-limit', { rule: 'limit.balance' })
  })
  // REQ-077
  await step('top-up: the money is there when the bank has said yes', async () => {
    const before = await available(a)
    const key = newKey()
    const first = await topup(order('100.00'), key)
    const operation = expect(first, 202)
    assert.equal(operation.direction, 'in')
    assert.equal(operation.id, `txn_${key.replaceAll('-', '')}`)
    const done = await ended(a, operation.id)
    assert.equal(done.state, 'succeeded')
    assert.equal(fen(done.balance_after), before + 10000)
    assert.equal(await available(a), before + 10000)
    repeated(await topup(order('100.00'), key), first)
    refused(await topup(order('100.01'), key), 'conflict-idempotency', { pointer: '/amount', charged: false })
    assert.equal(await available(a), before + 10000)
  })
  await step('top-up: the bank refuses', async () => {
    const before = await available(a)
    await fault('debit', 'refuse')
    const { id } = expect(await topup(order('50.00')), 202)
    const failed = await ended(a, id)
    assert.equal(failed.state, 'failed')
    assert.equal(failed.failure.code, 'bank-refused')
    assert.equal(await available(a), before)
  })
  await step('top-up: the bank did it and did not answer', async () => {
    const before = await available(a)
    await fault('debit', 'timeout_after')
    const { id } = expect(await topup(order('30.00')), 202)
    assert.equal((await ended(a, id, 60)).state, 'succeeded')
    assert.equal(await available(a), before + 3000)
  })
  await step('top-up: the bank decides late', async () => {
    const before = await available(a)
    await fault('debit', 'late_fail')
    const { id } = expect(await topup(order('40.00')), 202)
    assert.equal((await ended(a, id, 60)).state, 'failed')
    assert.equal(await available(a), before)
  })
  // REQ-069
  await step('withdrawal: held at once, gone when the bank has it', async () => {
    const before = await available(a)
    const key = newKey()
    const first = await withdraw(order('20.00'), key)
    const { id } = expect(first, 202)
    assert.equal(await available(a), before - 2000)
    assert.equal((await ended(a, id)).state, 'succeeded')
    assert.equal(await available(a), before - 2000)
    repeated(await withdraw(order('20.00'), key), first)
  })
  await step('withdrawal: refused by the bank, the money is back', async () => {
    const before = await available(a)
    await fault('credit', 'refuse')
    const { id } = expect(await withdraw(order('15.00')), 202)
    assert.equal((await ended(a, id)).state, 'failed')
    assert.equal(await available(a), before)
  })
  await step('withdrawal: more than there is, more than the limit', async () => {
    const short = refused(await withdraw(order('4000.00')), 'balance-insufficient', { charged: false })
    assert.ok(fen(short.params.amount) > 0)
    const over = refused(await withdraw(order('5000.01')), 'limit-exceeded', { rule: 'limit.tx' })
    assert.equal(over.params.limit.value, '5000.00')
  })
  await step('a refusal is stored as well', async () => {
    const key = newKey()
    const first = await withdraw(order('4000.00'), key)
    refused(first, 'balance-insufficient')
    repeated(await withdraw(order('4000.00'), key), first)
  })
}
