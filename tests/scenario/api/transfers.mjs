// From person to person.
import assert from 'node:assert/strict'
import { newKey, until } from '../../node/wallet.mjs'
import { available, expect, other, refused, repeated, yuan } from './expect.mjs'

export default async function transfers(world) {
  const { step, a, b, d } = world
  const [first, second, third, fourth] = world.people
  const transfer = (body, key = newKey(), who = a) => who.post('/api/v1/transfers', body, { key })
  let payee_id

  // REQ-013 REQ-065
  await step('finding a payee: by phone or by wallet number, masked', async () => {
    const answer = await a.post('/api/v1/payees/find', { phone: second.phone })
    const found = expect(answer, 200)
    assert.equal(found.first_time, true)
    assert.equal(found.self, false)
    for (const secret of [second.name, second.phone, second.wallet_number]) assert.ok(!answer.text.includes(secret))
    payee_id = found.payee_id
    const byNumber = expect(await a.post('/api/v1/payees/find', { wallet_number: second.wallet_number }), 200)
    assert.equal(byNumber.name_masked, found.name_masked)
    refused(await a.post('/api/v1/payees/find', { phone: '13999999999' }), 'payee-not-found')
    refused(await a.post('/api/v1/payees/find', { phone: second.phone, wallet_number: second.wallet_number }), 'request-invalid')
    refused(await a.post('/api/v1/payees/find', {}), 'request-invalid')
  })
  // REQ-070 REQ-085
  await step('a transfer arrives at once, with an event at both ends', async () => {
    const [mine, theirs] = [await available(a), await available(b)]
    const streams = [a.listen(), b.listen()]
    await until('the streams', () => streams.every((stream) => stream.status))
    const key = newKey()
    const body = { payee_id, amount: yuan('20.00'), pin: first.pin, memo: '午饭' }
    const answer = await transfer(body, key)
    const operation = expect(answer, 201)
    assert.equal(operation.memo, '午饭')
    assert.equal(await available(a), mine - 2000)
    assert.equal(await available(b), theirs + 2000)
    for (const [stream, direction] of [[streams[0], 'out'], [streams[1], 'in']])
      await until(`the event ${direction}`, () => stream.events.some((e) => e.data.id === operation.id && e.data.direction === direction))
    for (const stream of streams) stream.close()
    repeated(await transfer(body, key), answer)
    refused(await transfer({ ...body, memo: '晚饭' }, key), 'conflict-idempotency', { pointer: '/memo' })
    world.transfer = operation.id
  })
  await step('a stream that comes back gets what it missed', async () => {
    const stream = a.listen(1)
    await until('the backlog', () => stream.events.some((e) => e.data.id === world.transfer))
    assert.match(stream.type, /^text\/event-stream/)
    assert.ok(stream.events.every((event, i) => i === 0 || event.id > stream.events[i - 1].id))
    stream.close()
    refused(await world.browser().get('/api/v1/events'), 'login-required')
  })
  // REQ-068
  await step('the payee is a contact now', async () => {
    const { data } = expect(await a.get('/api/v1/contacts'), 200)
    assert.equal(data.length, 1)
    assert.deepEqual(data[0].last_amount, yuan('20.00'))
    expect(await transfer({ payee_id: data[0].payee_id, amount: yuan('1.00'), pin: first.pin }), 201)
    assert.equal(expect(await a.post('/api/v1/payees/find', { phone: second.phone }), 200).first_time, false)
  })
  await step('what a transfer is refused for', async () => {
    const body = { payee_id, amount: yuan('1.00'), pin: first.pin }
    const self = expect(await a.post('/api/v1/payees/find', { phone: first.phone }), 200)
    assert.equal(self.self, true)
    refused(await transfer({ ...body, payee_id: self.payee_id }), 'payee-self', { charged: false })
    refused(await transfer({ ...body, payee_id: 'nobody' }), 'payee-not-found')
    refused(await transfer(body, newKey(), b), 'payee-not-found')
    refused(await transfer({ ...body, pin: other(first.pin) }), 'pin-wrong', { charged: false })
    refused(await transfer({ ...body, amount: yuan('0.00') }), 'amount-invalid')
    refused(await transfer({ ...body, amount: yuan('5000.01') }), 'limit-exceeded', { rule: 'limit.tx' })
    refused(await transfer({ ...body, amount: yuan('4900.00') }), 'balance-insufficient')
    refused(await a.post('/api/v1/transfers', body), 'idempotency-missing')
    refused(await transfer({ payee_id, amount: yuan('1.00') }), 'request-invalid', { pointer: '/pin', reason: 'missing' })
  })
  await step('a wallet that is full takes nothing more', async () => {
    const find = async (phone) => expect(await d.post('/api/v1/payees/find', { phone }), 200).payee_id
    const to = await find(second.phone)
    const send = (value) => transfer({ payee_id: to, amount: yuan(value), pin: fourth.pin }, newKey(), d)
    expect(await send('5000.00'), 201)
    refused(await send('4900.00'), 'payee-limit', { charged: false })
  })
  await step('a receive code names its owner, with or without an amount', async () => {
    const code = expect(await d.get('/api/v1/receive-code?amount=8.80'), 200)
    const found = expect(await a.post('/api/v1/scan', { text: code.text }), 200)
    assert.equal(found.kind, 'receive')
    assert.deepEqual(found.amount, yuan('8.80'))
    assert.equal(found.payee.wallet_number, fourth.wallet_number)
    const open = expect(await d.get('/api/v1/receive-code'), 200)
    assert.equal(expect(await a.post('/api/v1/scan', { text: open.text }), 200).amount, undefined)
    refused(await d.get('/api/v1/receive-code?amount=0'), 'amount-invalid')
    refused(await a.post('/api/v1/payments', { token: found.token, amount: yuan('8.80') }, { key: newKey() }), 'qr-invalid')
  })
  await step('looking people up again and again is slowed down', async () => {
    let answer
    for (let i = 0; i < 40 && answer?.json.code !== 'rate-limited'; i++) answer = await world.c.post('/api/v1/payees/find', { phone: third.phone })
    refused(answer, 'rate-limited')
  })
}
