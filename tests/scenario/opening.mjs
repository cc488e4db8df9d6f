// Every way to open a wallet: each kind of document, minors, a wallet by phone alone and its way up, photos, an operator's look.
// node tests/scenario/opening.mjs [sqlite | postgresql]
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname
const kind = process.argv[2] ?? 'sqlite'
if (!existsSync(join(root, 'tests/node/node_modules'))) {
  console.log('skipped: tests/node is not installed (npm ci in tests/node)')
  process.exit(77)
}
if (kind === 'postgresql' && !process.env.TONGBAO_TEST_POSTGRES) {
  console.log('skipped: TONGBAO_TEST_POSTGRES names no PostgreSQL cluster')
  process.exit(77)
}
const { steps } = await import('../node/tools.mjs')
const { Client, newKey, startWallet, until } = await import('../node/wallet.mjs')
const { png } = await import('../node/picture.mjs')
const { available, expect, refused, smsCode, yuan } = await import('./api/expect.mjs')
const { bind } = await import('./api/cards.mjs')
const { step, finish } = steps()

const current = '/api/v1/applications/current'
const wallet = await startWallet(root, kind)
const browser = () => new Client(wallet.port, () => {})
let terms

async function begin(client, more = {}) {
  return client.post('/api/v1/applications', { terms_version: terms, consent_terms: true, consent_face: true, ...more })
}

async function provePhone(client, phone) {
  const { messages } = expect(await client.get(`/sandbox/api/messages?phone=${phone}`), 200)
  expect(await client.post(`${current}/phone`, { phone }), 202)
  const code = await smsCode(client, phone, messages.map((m) => /\d{6}/.exec(m.text)?.[0]))
  return expect(await client.post(`${current}/phone/verify`, { code }), 200)
}

const photo = (client, name, bytes = png(800, 500), type = 'image/png') =>
  client.call('PUT', `${current}/photos/${name}`, { raw: bytes, headers: { 'content-type': type } })

async function faceDecided(client) {
  expect(await client.post(`${current}/face`), 202)
  return until('the face check', async () => {
    const { face } = expect(await client.get(current), 200)
    return face.state !== 'checking' && face.state
  })
}

async function decided(client) {
  expect(await client.post(`${current}/submit`), 202)
  return until('the decision', async () => {
    const application = expect(await client.get(current), 200)
    return ['opened', 'refused', 'draft'].includes(application.state) && application
  })
}

async function secrets(client, { password, pin }) {
  expect(await client.put(`${current}/password`, { password }), 200)
  assert.equal(expect(await client.put(`${current}/pin`, { pin }), 200).step, 'review')
}

const document = ({ name, id_number, document, valid_until, birth_date, sex }) => ({ name, id_number, document, valid_until, birth_date, sex })

async function openWith(person) {
  const client = browser()
  expect(await begin(client), 201)
  let application = expect(await client.put(`${current}/identity`, document(person)), 200)
  if (application.photos.missing) {
    assert.equal(application.step, 'identity')
    for (const name of application.photos.asked) application = expect(await photo(client, name), 200)
  }
  assert.equal(application.step, 'phone')
  await provePhone(client, person.phone)
  assert.equal(await faceDecided(client), 'passed')
  await secrets(client, person)
  assert.equal((await decided(client)).state, 'opened')
  expect(await client.post(`${current}/enter`), 201)
  return client
}

try {
  const world = browser()
  terms = expect(await world.get('/api/v1/meta'), 200).terms.version
  const people = expect(await world.get('/sandbox/api/people'), 200).data
  const [first] = people
  const li = people[4]

  // REQ-022 REQ-035 REQ-036
  for (const person of people.filter((one) => one.document || one.name.includes('·')))
    await step(`opens with ${person.document ?? 'resident_id'}: ${person.name}`, async () => {
      const client = await openWith(person)
      const me = expect(await client.get('/api/v1/me'), 200)
      assert.equal(me.wallet_class, 3)
      assert.ok(!JSON.stringify(me).includes(person.id_number))
    })

  // REQ-035
  await step('an expired document is refused with the reason, on its last day it is good', async () => {
    const client = browser()
    expect(await begin(client), 201)
    const put = (valid_until) => client.put(`${current}/identity`, { name: li.name, id_number: li.id_number, valid_until })
    refused(await put('2020-01-01'), 'document-expired', { pointer: '/valid_until' })
    const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10)
    assert.equal(expect(await put(today), 200).identity.valid_until, today)
    assert.equal(expect(await put('long-term'), 200).identity.valid_until, 'long-term')
  })

  await step('minors: under 16 the guardian comes to the counter, at 16 it goes on', async () => {
    const client = browser()
    expect(await begin(client), 201)
    const number = (birth) => {
      const body = `310101${birth}003`
      const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
      return body + '10X98765432'[[...body].reduce((sum, digit, i) => sum + weights[i] * Number(digit), 0) % 11]
    }
    const shanghai = new Date(Date.now() + 8 * 3600e3)
    const day = (years, shift) => {
      const date = new Date(Date.UTC(shanghai.getUTCFullYear() - years, shanghai.getUTCMonth(), shanghai.getUTCDate() + shift))
      return date.toISOString().slice(0, 10).replaceAll('-', '')
    }
    const put = (birth) => client.put(`${current}/identity`, { name: '李小雨', id_number: number(birth) })
    const problem = refused(await put(day(16, 1)), 'age-not-eligible', { pointer: '/id_number', reason: 'minors.guardian' })
    assert.match(problem.detail, /监护人.*户口簿/)
    assert.equal(expect(await put(day(16, 0)), 200).step, 'phone')
  })

  // REQ-028 AB-27
  await step('photos: by content, bounded, and nothing else is kept', async () => {
    const client = browser()
    expect(await begin(client), 201)
    refused(await photo(client, 'id_front', Buffer.from('GIF89a')), 'photo-invalid')
    refused(await photo(client, 'id_front', png(6000, 5000)), 'photo-too-large')
    refused(await photo(client, 'selfie'), 'not-found')
    const { photos } = expect(await photo(client, 'id_front', png(2400, 1500, 'GPSLatitude'), 'image/jpeg'), 200)
    assert.deepEqual(photos.have, ['id_front'])
    expect(await photo(client, 'id_front'), 200)
    expect(await client.delete(current), 204)
  })

  // REQ-015 REQ-031 REQ-039
  let anonymous
  let number
  await step('a wallet by phone alone: three screens, small limits, no name', async () => {
    anonymous = browser()
    const begun = expect(await begin(anonymous, { wallet_class: 4, consent_face: false }), 201)
    assert.equal(begun.step, 'phone')
    refused(await anonymous.put(`${current}/identity`, document(li)), 'step-order')
    await provePhone(anonymous, '13500080001')
    refused(await anonymous.post(`${current}/face`), 'step-order')
    await secrets(anonymous, { password: 'harbor4lantern', pin: '582914' })
    assert.equal((await decided(anonymous)).state, 'opened')
    expect(await anonymous.post(`${current}/enter`), 201)
    const me = expect(await anonymous.get('/api/v1/me'), 200)
    assert.deepEqual([me.wallet_class, me.name_masked], [4, '135****0001'])
    number = me.wallet_number
    const { class: level, meters } = expect(await anonymous.get('/api/v1/limits'), 200)
    assert.equal(level, 4)
    assert.equal(meters.find((m) => m.rule === 'limit.tx').limit.value, '2000.00')
    refused(await anonymous.post('/api/v1/cards', { card_number: li.cards[0].card_number, phone: li.phone }, { key: newKey() }), 'not-allowed', { rule: 'class.identity' })
    refused(await anonymous.post('/api/v1/wallet/upgrade'), 'not-allowed', { rule: 'class.identity' })
  })
  await step('money reaches it, up to its limits', async () => {
    const payer = browser()
    expect(await payer.post('/api/v1/sessions', { login: first.phone, password: first.password }), 201)
    const found = expect(await payer.post('/api/v1/payees/find', { wallet_number: number }), 200)
    assert.equal(found.name_masked, '135****0001')
    expect(await payer.post('/api/v1/transfers', { payee_id: found.payee_id, amount: yuan('120.00'), pin: first.pin }, { key: newKey() }), 201)
    assert.equal(await available(anonymous), 12000)
  })
  await step('it gets an identity in place: number, money and history stay', async () => {
    const draft = expect(await begin(anonymous, { upgrade: true }), 201)
    assert.deepEqual([draft.step, draft.upgrade, draft.wallet_class], ['identity', true, 3])
    refused(await anonymous.post(`${current}/phone`, { phone: '13500080002' }), 'step-order')
    expect(await anonymous.put(`${current}/identity`, { name: li.name, id_number: li.id_number, valid_until: 'long-term' }), 200)
    expect(await photo(anonymous, 'id_front'), 200)
    assert.equal(await faceDecided(anonymous), 'passed')
    assert.equal((await decided(anonymous)).state, 'opened')
    refused(await anonymous.post(`${current}/enter`), 'step-order')
    expect(await anonymous.delete(current), 204)
    const me = expect(await anonymous.get('/api/v1/me'), 200)
    assert.deepEqual([me.wallet_class, me.wallet_number], [3, number])
    assert.notEqual(me.name_masked, '135****0001')
    assert.equal(await available(anonymous), 12000)
    assert.ok(expect(await anonymous.get('/api/v1/bills'), 200).data.length >= 1)
    refused(await begin(anonymous, { upgrade: true }), 'not-allowed')
    refused(await begin(browser(), { upgrade: true }), 'login-required')
  })
  await step('with a bound card it goes on to class 2', async () => {
    refused(await anonymous.post('/api/v1/wallet/upgrade'), 'not-allowed', { rule: 'class.card' })
    await bind(anonymous, { card_number: li.cards[0].card_number, phone: li.phone })
    assert.equal(expect(await anonymous.post('/api/v1/wallet/upgrade'), 200).wallet_class, 2)
    assert.equal(expect(await anonymous.post('/api/v1/wallet/upgrade'), 200).wallet_class, 2)
    assert.equal(expect(await anonymous.get('/api/v1/limits'), 200).class, 2)
    const { data } = expect(await anonymous.get('/api/v1/messages'), 200)
    assert.equal(data.filter((one) => one.title === '钱包已升级').length, 2)
  })
  await step('the renewed document: a new date', async () => {
    refused(await anonymous.put('/api/v1/me/document', { valid_until: '2020-01-01' }), 'document-expired')
    refused(await anonymous.put('/api/v1/me/document', { valid_until: '2020-13-01' }), 'document-date-invalid')
    assert.equal((await anonymous.put('/api/v1/me/document', { valid_until: '2040-01-01' })).status, 204)
  })
  await step('one identity, one wallet: another phone-only wallet cannot take it', async () => {
    const second = browser()
    expect(await begin(second, { wallet_class: 4, consent_face: false }), 201)
    await provePhone(second, '13500080003')
    await secrets(second, { password: 'orchid7window', pin: '739182' })
    assert.equal((await decided(second)).state, 'opened')
    expect(await second.post(`${current}/enter`), 201)
    expect(await begin(second, { upgrade: true }), 201)
    expect(await second.put(`${current}/identity`, { name: li.name, id_number: li.id_number }), 200)
    assert.equal(await faceDecided(second), 'passed')
    const application = await decided(second)
    assert.deepEqual([application.state, application.refusal.code], ['refused', 'identity-in-use'])
    assert.equal(expect(await second.get('/api/v1/me'), 200).wallet_class, 4)
  })

  // REQ-027
  await step('after three failed face checks a person looks, and the status says until when', async () => {
    const client = browser()
    const xu = people[5]
    expect(await begin(client), 201)
    expect(await client.put(`${current}/identity`, { name: xu.name, id_number: xu.id_number }), 200)
    await provePhone(client, xu.phone)
    refused(await client.post(`${current}/review`), 'not-allowed', { rule: 'review.face' })
    expect(await client.put('/sandbox/api/face', { id_number: xu.id_number, decision: 'fail' }), 200)
    for (let i = 0; i < 3; i++) assert.equal(await faceDecided(client), 'failed')
    expect(await photo(client, 'id_front'), 200)
    const asked = expect(await client.post(`${current}/review`), 202)
    assert.equal(asked.review, 'waiting')
    assert.ok(Date.parse(asked.review_due_at) > Date.now())
    assert.equal(expect(await client.post(`${current}/review`), 202).review, 'waiting')
    refused(await client.put(`${current}/identity`, { name: xu.name, id_number: '130132199210293822' }), 'request-running')
  })

  // REQ-052
  await step('an unfinished registration occupies no number', async () => {
    const [one, two] = [browser(), browser()]
    for (const client of [one, two]) {
      expect(await begin(client, { wallet_class: 4, consent_face: false }), 201)
      await provePhone(client, '13500080009')
    }
    await secrets(two, { password: 'velvet6kettle', pin: '692815' })
    assert.equal((await decided(two)).state, 'opened')
  })

  await step('how long it took is measured', async () => {
    await until('the histogram', async () => {
      const { text } = await new Client(wallet.admin, () => {}).get('/metrics')
      return /^tongbao_application_seconds_count\{time="own"\} [1-9]/m.test(text)
    })
  })
} finally {
  const how = await wallet.stop()
  await step('the server stops cleanly', () => (how.code === 0 ? null : JSON.stringify(how)))
}
await step('the auditor finds nothing', () => {
  assert.match(wallet.audit(), /^audit: clean/)
  return null
})
wallet.remove()
finish()
