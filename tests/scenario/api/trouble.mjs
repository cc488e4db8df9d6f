// When an opening does not go straight through: a mismatch and its remedies, the draft that goes on elsewhere, a bad network.
import assert from 'node:assert/strict'
import { newKey, until } from '../../node/wallet.mjs'
import { expect, other, refused, smsCode } from './expect.mjs'

const current = '/api/v1/applications/current'

async function code(client, phone) {
  const known = expect(await client.get(`/sandbox/api/messages?phone=${phone}`), 200).messages
  expect(await client.post(`${current}/phone`, { phone }), 202)
  return smsCode(client, phone, known.map((m) => /\d{6}/.exec(m.text)?.[0]))
}

// An address of its own: the parts before have used up what one may send in an hour.
const elsewhere = (world) => world.browser({ 'x-forwarded-for': '203.0.113.9' })

/** A draft with everything, up to the review. */
export async function fillIn(world, person, phone) {
  const client = elsewhere(world)
  expect(await client.post('/api/v1/applications', { terms_version: world.terms, consent_terms: true, consent_face: true }), 201)
  expect(await client.put(`${current}/identity`, { name: person.name, id_number: person.id_number }), 200)
  expect(await client.post(`${current}/phone/verify`, { code: await code(client, phone) }), 200)
  expect(await client.post(`${current}/face`), 202)
  await until('the face check', async () => expect(await client.get(current), 200).face.state === 'passed')
  expect(await client.put(`${current}/password`, { password: person.password }), 200)
  assert.equal(expect(await client.put(`${current}/pin`, { pin: person.pin }), 200).step, 'review')
  return client
}

export async function decided(client) {
  expect(await client.post(`${current}/submit`), 202)
  return until('the decision', async () => {
    const application = expect(await client.get(current), 200)
    return !['submitted', 'checking'].includes(application.state) && application
  })
}

const linkIn = (client, state) => until(`the link is ${state}`, async () => {
  const link = expect(await client.get(`${current}/link`), 200)
  return link.state === state && link
})

/** What the person sees in the bank's app: credits and returns of small amounts. */
async function probes(client, operation) {
  const { requests } = expect(await client.get('/sandbox/api/bank'), 200)
  return requests.filter((r) => r.operation === operation)
}

export default async function trouble(world) {
  const { step } = world
  const browser = () => elsewhere(world)
  const person = world.people[5]
  const card = person.cards[0].card_number
  const strange = '13800020000'
  let client

  // REQ-043 REQ-046
  await step('the phone is not the one on file: nothing says so before phone and face are proved, then its class is told', async () => {
    client = await fillIn(world, person, strange)
    assert.equal(expect(await client.get(current), 200).trouble, null)
    const application = await decided(client)
    assert.deepEqual([application.state, application.step, application.trouble.kind], ['draft', 'trouble', 'phone-not-linked'])
    assert.ok(application.has_password && application.has_pin)
    assert.equal(expect(await client.get(`${current}/link`), 200).state, 'none')
  })
  await step('a card that is no card, of nobody we know, or of somebody else', async () => {
    refused(await client.post(`${current}/link`, { card_number: other(card) }), 'card-number-invalid', { pointer: '/card_number' })
    refused(await client.post(`${current}/link`, { card_number: '6222020200000000006' }), 'card-not-supported')
    refused(await client.post(`${current}/link/amount`, { amount: { value: '0.37', currency: 'CNY' } }), 'not-found')
    expect(await client.post(`${current}/link`, { card_number: world.people[0].cards[0].card_number }), 202)
    assert.equal((await linkIn(client, 'refused')).last4, world.people[0].cards[0].card_number.slice(-4))
  })
  await step('the amount arrives on the card; wrong ones are counted without a hint', async () => {
    expect(await client.post(`${current}/link`, { card_number: card.replace(/(.{4})/g, '$1 ') }), 202)
    const link = await linkIn(client, 'waiting')
    assert.equal(link.tries_left, 3)
    refused(await client.post(`${current}/link`, { card_number: card }), 'request-running')
    const [credit] = (await probes(client, 'probe')).filter((r) => r.state === 'done')
    const fen = Math.round(Number(credit.amount.value) * 100)
    assert.ok(fen >= 1 && fen <= 99)
    const type = (n) => client.post(`${current}/link/amount`, { amount: { value: (n / 100).toFixed(2), currency: 'CNY' } })
    refused(await client.post(`${current}/link/amount`, { amount: { value: '0.00', currency: 'CNY' } }), 'amount-invalid')
    const below = refused(await type(fen > 1 ? fen - 1 : 98), 'link-wrong')
    const above = refused(await type(fen < 99 ? fen + 1 : 2), 'link-wrong')
    assert.deepEqual([below.params.tries_left, above.params.tries_left], [2, 1])
    assert.equal(below.detail.replace(/\d+/, ''), above.detail.replace(/\d+/, ''))
    const application = expect(await type(fen), 200)
    assert.deepEqual([application.step, application.trouble], ['review', null])
    await until('the amount is back', async () => (await probes(client, 'probe_return')).some((r) => r.state === 'done'))
    assert.equal((await linkIn(client, 'done')).last4, card.slice(-4))
  })
  await step('a name to correct, a document to correct: no way to the card', async () => {
    refused(await client.post(`${current}/link`, { card_number: card }), 'step-order')
    refused(await client.put(`${current}/name`, { name: '许望' }), 'step-order')
  })
  // REQ-050 REQ-061
  await step('an attempt that is sent again is done once and gets the same answer', async () => {
    const second = browser()
    expect(await second.post('/api/v1/applications', { terms_version: world.terms, consent_terms: true, consent_face: true }), 201)
    expect(await second.put(`${current}/identity`, { name: person.name, id_number: person.id_number }), 200)
    const key = newKey()
    assert.equal(expect(await second.get(`${current}/attempts/${key}`), 200).reached, false)
    const first = await second.post(`${current}/phone`, { phone: '13800020001' }, { key })
    const again = await second.post(`${current}/phone`, { phone: '13800020001' }, { key })
    assert.equal(again.status, 202)
    assert.equal(again.text, first.text)
    assert.equal(again.headers['idempotency-hit'], 'true')
    assert.equal(expect(await second.get(`${current}/attempts/${key}`), 200).reached, true)
    refused(await second.get(`${current}/attempts/nothing`), 'not-found')
    await until('one message', async () => expect(await second.get('/sandbox/api/messages?phone=13800020001'), 200).messages.length === 1)
    const wrong = newKey()
    const sms = await smsCode(second, '13800020001')
    for (let i = 0; i < 3; i++) assert.equal(refused(await second.post(`${current}/phone/verify`, { code: other(sms) }, { key: wrong }), 'otp-wrong').params.tries_left, 2)
    assert.equal((await second.delete(current)).status, 204)
  })
  // REQ-053
  await step('a ticket for a branch: number, QR code, what to bring; cancelled', async () => {
    refused(await client.get(`${current}/ticket`), 'not-found')
    const made = expect(await client.post(`${current}/ticket`, { agreed: true }), 201)
    assert.match(made.url, /\/console\/ticket#tic_[0-9a-f]{32}\.[\w-]{43}$/)
    assert.ok(made.documents.includes('resident-id'))
    assert.equal(made.findings.mismatches, '1')
    const [id, key] = made.url.split('#')[1].split('.')
    assert.equal(made.id, id)
    const shown = await client.get(`${current}/ticket`)
    assert.equal(expect(shown, 200).number, made.number)
    assert.ok(!shown.text.includes(key) && shown.json.url === null)
    const newer = expect(await client.post(`${current}/ticket`, { agreed: false }), 201)
    assert.notEqual(newer.number, made.number)
    assert.equal((await client.delete(`${current}/ticket`)).status, 204)
    assert.equal(expect(await client.get(`${current}/ticket`), 200).state, 'cancelled')
  })
  await step('another device goes on at the same step; the old one ends; used, wrong and void codes say so', async () => {
    refused(await client.get(`${current}/handover`), 'not-found')
    const typed = expect(await client.post(`${current}/handover`), 201)
    const phone = browser()
    refused(await phone.post('/api/v1/applications/handover', {}), 'request-invalid')
    refused(await phone.post('/api/v1/applications/handover', { code: 'AAAA-BBBB-CCCC-DDDD' }), 'handover-invalid', { pointer: '/code' })
    const moved = expect(await phone.post('/api/v1/applications/handover', { code: typed.code.toLowerCase().replaceAll('-', ' ') }), 200)
    assert.equal(moved.step, 'review')
    refused(await client.get(current), 'not-found')
    refused(await browser().post('/api/v1/applications/handover', { code: typed.code }), 'handover-used')
    const scanned = expect(await phone.post(`${current}/handover`), 201)
    const [id, key] = scanned.url.split('#')[1].split('.')
    assert.ok(!(await phone.get(`${current}/handover`)).text.includes(key))
    refused(await client.post('/api/v1/applications/handover', { id, key: key.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) }), 'handover-invalid')
    assert.equal(expect(await client.post('/api/v1/applications/handover', { id, key }), 200).step, 'review')
    const cancelled = expect(await client.post(`${current}/handover`), 201)
    assert.equal((await client.delete(`${current}/handover`)).status, 204)
    refused(await phone.post('/api/v1/applications/handover', { code: cancelled.code }), 'handover-invalid')
  })
  // REQ-051 REQ-054 REQ-063
  await step('the diagnosis: of a stranger, of a draft; the status page', async () => {
    const stranger = expect(await browser().get('/api/v1/diagnosis'), 200)
    assert.deepEqual(stranger.checks.map((c) => c.result), ['ok', 'unknown', 'unknown', 'unknown', 'unknown', 'ok', 'unknown'])
    const mine = expect(await client.get('/api/v1/diagnosis'), 200)
    assert.equal(mine.case_number, expect(await client.get(current), 200).case_number)
    assert.equal(mine.checks.find((c) => c.check === 'sms').fact, 'proved')
    assert.equal(expect(await client.get('/api/v1/maintenance'), 200).state, 'none')
    assert.equal(expect(await client.get('/api/v1/maintenance'), 200).reminder.possible, true)
    refused(await browser().post('/api/v1/maintenance/reminder'), 'not-allowed')
  })
  // REQ-048
  await step('linked: submitted again, the wallet opens with the number that was typed', async () => {
    assert.equal((await decided(client)).state, 'opened')
  })
}
