// Bank cards: adding asks the bank, its code comes by SMS.
import assert from 'node:assert/strict'
import { newKey, until } from '../../node/wallet.mjs'
import { expect, other, refused, smsCode } from './expect.mjs'

export async function cardIn(client, id, states) {
  return until(`card ${id} ${states}`, async () => {
    const card = expect(await client.get(`/api/v1/cards/${id}`), 200)
    return states.includes(card.state) && card
  })
}

/** Adds a card and types the bank's code. Returns the bound card. */
export async function bind(client, { card_number, phone }) {
  const before = expect(await client.get(`/sandbox/api/messages?phone=${phone}`), 200).messages
  const { id } = expect(await client.post('/api/v1/cards', { card_number, phone }, { key: newKey() }), 202)
  await cardIn(client, id, ['awaiting_code'])
  const code = await smsCode(client, phone, before.map((m) => /\d{6}/.exec(m.text)?.[0]))
  expect(await client.post(`/api/v1/cards/${id}/confirm`, { code }), 202)
  return cardIn(client, id, ['bound'])
}

export default async function cards(world) {
  const { step, a, b } = world
  const [first, second] = world.people
  const number = first.cards[0].card_number
  const wish = { card_number: number, phone: first.phone }
  const key = newKey()
  let id

  await step('the bank of a card by its first digits', async () => {
    const bin = expect(await a.get(`/api/v1/card-bins/${number.slice(0, 6)}`), 200)
    assert.equal(bin.bank, first.cards[0].bank)
    assert.equal(bin.length, number.length)
    refused(await a.get('/api/v1/card-bins/123456'), 'not-found')
    refused(await a.get('/api/v1/card-bins/99'), 'not-found')
  })
  await step('what is no card, or not one for us', async () => {
    const add = (body, how = { key: newKey() }) => a.post('/api/v1/cards', body, how)
    refused(await add(wish, {}), 'idempotency-missing')
    refused(await add(wish, { key: '7b0c1a52-9a7e-4e0f-8f52-0a4c5a2f1e33' }), 'request-invalid', { pointer: 'Idempotency-Key', reason: 'uuid-version-7' })
    refused(await add({ ...wish, card_number: other(number) }), 'card-number-invalid', { pointer: '/card_number' })
    refused(await add({ ...wish, card_number: '6222020200000000006' }), 'card-not-supported')
    refused(await add({ ...wish, phone: '12345' }), 'phone-invalid', { pointer: '/phone' })
  })
  await step('the bank sends a code; wrong ones are counted by the bank', async () => {
    const seen = expect(await a.get(`/sandbox/api/messages?phone=${first.phone}`), 200).messages
    const added = expect(await a.post('/api/v1/cards', wish, { key }), 202)
    id = added.id
    assert.equal(id, `crd_${key.replaceAll('-', '')}`)
    await cardIn(a, id, ['awaiting_code'])
    const code = await smsCode(a, first.phone, seen.map((m) => /\d{6}/.exec(m.text)?.[0]))
    refused(await a.post(`/api/v1/cards/${id}/confirm`, { code: '12' }), 'otp-wrong')
    expect(await a.post(`/api/v1/cards/${id}/confirm`, { code: other(code) }), 202)
    assert.equal((await cardIn(a, id, ['awaiting_code'])).tries_left, 2)
    expect(await a.post(`/api/v1/cards/${id}/confirm`, { code }), 202)
    const bound = await cardIn(a, id, ['bound'])
    assert.equal(bound.last4, number.slice(-4))
    expect(await a.post(`/api/v1/cards/${id}/confirm`, { code }), 202)
  })
  await step('the same key gives the same card; another card under it is refused', async () => {
    assert.equal(expect(await a.post('/api/v1/cards', wish, { key }), 202).state, 'bound')
    const otherCard = { card_number: first.cards[1].card_number, phone: first.phone }
    refused(await a.post('/api/v1/cards', otherCard, { key }), 'conflict-idempotency')
    refused(await a.post('/api/v1/cards', wish, { key: newKey() }), 'card-exists', { pointer: '/card_number' })
  })
  await step('only its owner sees a card', async () => {
    assert.deepEqual(expect(await a.get('/api/v1/cards'), 200).data.map((card) => card.id), [id])
    refused(await b.get(`/api/v1/cards/${id}`), 'not-found')
    refused(await b.post(`/api/v1/cards/${id}/confirm`, { code: '123456' }), 'not-found')
    refused(await b.post(`/api/v1/cards/${id}/remove`, { pin: second.pin }), 'not-found')
  })
  await step("somebody else's card is not added; after three the day is over", async () => {
    const foreign = { card_number: second.cards[0].card_number, phone: first.phone }
    for (let i = 0; i < 3; i++) {
      const { id: failing } = expect(await a.post('/api/v1/cards', foreign, { key: newKey() }), 202)
      const card = await cardIn(a, failing, ['failed'])
      assert.equal(card.failure.code, 'card-not-added')
      refused(await a.post(`/api/v1/cards/${failing}/confirm`, { code: '123456' }), 'otp-expired')
    }
    refused(await a.post('/api/v1/cards', foreign, { key: newKey() }), 'card-not-added')
  })
  await step('a code typed before the bank sent one is out of order', async () => {
    expect(await b.put('/sandbox/api/bank/faults', { operation: 'verify', fault: 'slow', once: true }), 200)
    const { id: slow } = expect(
      await b.post('/api/v1/cards', { card_number: second.cards[0].card_number, phone: second.phone }, { key: newKey() }), 202)
    refused(await b.post(`/api/v1/cards/${slow}/confirm`, { code: '123456' }), 'step-order')
    await cardIn(b, slow, ['awaiting_code'])
    const code = await smsCode(b, second.phone)
    expect(await b.post(`/api/v1/cards/${slow}/confirm`, { code }), 202)
    world.cardB = await cardIn(b, slow, ['bound'])
  })
  world.cardA = { id }
}
