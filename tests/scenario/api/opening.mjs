// Opening a wallet: every step, every refusal, the three ways a decision can go.
import assert from 'node:assert/strict'
import { until } from '../../node/wallet.mjs'
import { expect, other, refused, smsCode } from './expect.mjs'

const current = '/api/v1/applications/current'

/** A resident ID number of someone born on a day (GB 11643). */
function idNumber(birth) {
  const body = `110101${birth}123`
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((total, weight, i) => total + weight * Number(body[i]), 0)
  return body + '10X98765432'[sum % 11]
}

async function begin(world, language) {
  const client = world.browser()
  expect(await client.post('/api/v1/applications', { terms_version: world.terms, consent_terms: true, consent_face: true, language }), 201)
  return client
}

async function provePhone(client, phone) {
  const known = expect(await client.get(`/sandbox/api/messages?phone=${phone}`), 200).messages
  const sent = expect(await client.post(`${current}/phone`, { phone }), 202)
  assert.ok(sent.challenge)
  const code = await smsCode(client, phone, known.map((m) => /\d{6}/.exec(m.text)?.[0]))
  expect(await client.post(`${current}/phone/verify`, { code }), 200)
}

async function faceDecided(client) {
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

/** All steps with these data, and the decision. */
async function runThrough(world, { name, id_number, phone, password, pin }) {
  const client = await begin(world)
  expect(await client.put(`${current}/identity`, { name, id_number }), 200)
  await provePhone(client, phone)
  expect(await client.post(`${current}/face`), 202)
  assert.equal(await faceDecided(client), 'passed')
  expect(await client.put(`${current}/password`, { password }), 200)
  expect(await client.put(`${current}/pin`, { pin }), 200)
  return { client, application: await decided(client) }
}

export default async function opening(world) {
  const { step, browser } = world
  const fresh = world.people[4]
  const client = browser()

  await step('an application needs consent to the terms in force', async () => {
    refused(await client.get(current), 'not-found')
    const wish = { terms_version: world.terms, consent_terms: true, consent_face: true }
    refused(await client.post('/api/v1/applications', { ...wish, consent_terms: false }), 'request-invalid')
    refused(await client.post('/api/v1/applications', { ...wish, terms_version: '2020-01-01' }), 'terms-changed')
    const begun = expect(await client.post('/api/v1/applications', wish), 201)
    assert.equal(begun.step, 'identity')
    const again = expect(await client.post('/api/v1/applications', wish), 200)
    assert.equal(again.id, begun.id)
  })
  await step('an application can be given up', async () => {
    const second = await begin(world, 'en')
    assert.equal(expect(await second.get(current), 200).language, 'en')
    assert.equal((await second.delete(current)).status, 204)
    refused(await second.get(current), 'not-found')
  })
  await step('steps come in order', async () => {
    for (const path of ['face', 'submit', 'enter']) refused(await client.post(`${current}/${path}`), 'step-order')
    refused(await client.post(`${current}/phone/verify`, { code: '123456' }), 'step-order')
    refused(await client.put(`${current}/password`, { password: fresh.password }), 'step-order')
    refused(await client.put(`${current}/pin`, { pin: fresh.pin }), 'step-order')
  })
  // REQ-042 REQ-044
  await step('identity: each fault is named', async () => {
    const put = (body) => client.put(`${current}/identity`, body)
    refused(await put({ name: fresh.name, id_number: other(fresh.id_number) }), 'id-number-invalid', { pointer: '/id_number', reason: 'id.check' })
    refused(await put({ name: '陆', id_number: fresh.id_number }), 'name-invalid', { pointer: '/name' })
    refused(await put({ name: fresh.name, id_number: idNumber('20150301') }), 'age-not-eligible', { pointer: '/id_number' })
    const application = expect(await put({ name: fresh.name, id_number: fresh.id_number }), 200)
    assert.equal(application.step, 'phone')
    assert.ok(!JSON.stringify(application).includes(fresh.id_number))
  })
  // REQ-056 REQ-057
  await step('phone: what is no number, what gets no SMS', async () => {
    refused(await client.post(`${current}/phone`, { phone: '1390001' }), 'phone-invalid', { pointer: '/phone' })
    refused(await client.post(`${current}/phone`, { phone: '14600010001' }), 'phone-not-supported', { pointer: '/phone' })
  })
  // REQ-056 REQ-057
  await step('phone: the class of a number is told before anything is sent', async () => {
    const check = async (phone) => expect(await client.post('/api/v1/phones/check', { phone }), 200)
    assert.deepEqual(await check('+86 138-0013-8000'), { class: 'ordinary', cause: null, sends: true, voice: true })
    assert.deepEqual(await check('17012345678'), { class: 'mvno', cause: 'C03', sends: true, voice: true })
    assert.deepEqual(await check('14712345678'), { class: 'refused', cause: 'C02', sends: false, voice: true })
    assert.deepEqual(await check('02112345678'), { class: 'no-mobile', cause: 'C01', sends: false, voice: true })
    assert.deepEqual(await check('15412345678'), { class: 'unknown', cause: null, sends: true, voice: true })
    // The radar knows why the last wish was refused.
    const radar = expect(await client.get(`${current}/phone/radar`), 200)
    assert.deepEqual([radar.cause, radar.actions, radar.challenge], ['C02', ['change'], null])
  })
  // REQ-060
  await step('phone: a wish that never came is told when the network is back', async () => {
    const attempt_key = '0123456789abcdef0123456789abcdef'
    assert.equal((await client.post(`${current}/phone/events`, { event: 'submit_failed', attempt_key })).status, 204)
    const radar = expect(await client.get(`${current}/phone/radar`), 200)
    assert.deepEqual([radar.cause, radar.actions], ['C04', ['retry']])
  })
  // REQ-025
  await step('phone: a code is sent once a minute, wrong ones are counted', async () => {
    expect(await client.post(`${current}/phone`, { phone: fresh.phone }), 202)
    const early = await client.post(`${current}/phone`, { phone: fresh.phone })
    const problem = refused(early, 'otp-too-many')
    assert.equal(early.headers['retry-after'], String(problem.retry_after))
    const code = await smsCode(client, fresh.phone)
    assert.equal(refused(await client.post(`${current}/phone/verify`, { code: other(code) }), 'otp-wrong').params.tries_left, 2)
    refused(await client.post(`${current}/phone/verify`, { code: 'abcdef' }), 'otp-wrong')
    assert.equal(expect(await client.get(current), 200).challenge.tries_left, 2)
    const application = expect(await client.post(`${current}/phone/verify`, { code }), 200)
    assert.equal(application.step, 'face')
    assert.equal(application.phone.verified, true)
  })
  // REQ-027
  await step('face: a failed check may be tried again', async () => {
    expect(await client.put('/sandbox/api/face', { id_number: fresh.id_number, decision: 'fail' }), 200)
    expect(await client.post(`${current}/face`), 202)
    assert.equal(await faceDecided(client), 'failed')
    expect(await client.post('/sandbox/api/reset'), 200)
    expect(await client.post(`${current}/face`), 202)
    assert.equal(await faceDecided(client), 'passed')
    assert.equal(expect(await client.get(current), 200).face.tries_left, 1)
  })
  await step('face: three tries, and never without consent', async () => {
    const third = world.people[5]
    const tired = await begin(world)
    expect(await tired.put(`${current}/identity`, third), 400)
    expect(await tired.put(`${current}/identity`, { name: third.name, id_number: third.id_number }), 200)
    await provePhone(tired, '13900020099')
    expect(await tired.put('/sandbox/api/face', { id_number: third.id_number, decision: 'fail' }), 200)
    for (let i = 0; i < 3; i++) {
      expect(await tired.post(`${current}/face`), 202)
      assert.equal(await faceDecided(tired), 'failed')
    }
    refused(await tired.post(`${current}/face`), 'not-allowed', { rule: 'face.tries' })
    expect(await tired.post('/sandbox/api/reset'), 200)
  })
  // REQ-030
  await step('password and PIN: weak ones are refused by rule', async () => {
    refused(await client.put(`${current}/password`, { password: 'kurz1' }), 'password-weak', { pointer: '/password', reason: 'password.length' })
    refused(await client.put(`${current}/password`, { password: `x${fresh.phone}y` }), 'password-weak')
    expect(await client.put(`${current}/password`, { password: fresh.password }), 200)
    refused(await client.put(`${current}/pin`, { pin: '123456' }), 'pin-weak', { pointer: '/pin' })
    refused(await client.put(`${current}/pin`, { pin: '990914' }), 'pin-weak', { reason: 'pin.birthday' })
    assert.equal(expect(await client.put(`${current}/pin`, { pin: fresh.pin }), 200).step, 'review')
  })
  // REQ-034 REQ-037
  await step('the decision opens the wallet, and the browser enters once', async () => {
    const stream = client.listen()
    const application = await decided(client)
    assert.equal(application.state, 'opened')
    assert.equal(application.timeline.length, 3)
    await until('the event of the opening', () => stream.events.some((e) => e.type === 'application' && e.data.state === 'opened'))
    stream.close()
    const told = async () => expect(await client.get(`/sandbox/api/messages?phone=${fresh.phone}`), 200).messages.filter((m) => /^【.+】您的钱包已开通，可以开始使用。$/.test(m.text))
    assert.equal((await until('the message that the wallet is open', async () => (await told()).length > 0 && told())).length, 1)
    expect(await client.post(`${current}/submit`), 200)
    const session = expect(await client.post(`${current}/enter`), 201)
    assert.match(session.user.wallet_number, /^\d{16}$/)
    refused(await client.post(`${current}/enter`), 'not-found')
    assert.equal(expect(await client.get('/api/v1/me'), 200).wallet_number, session.user.wallet_number)
    client.person = fresh
    world.opened = client
  })
  await step('after three wrong codes the right one is void', async () => {
    const forgetful = await begin(world)
    const person = world.people[5]
    expect(await forgetful.put(`${current}/identity`, { name: person.name, id_number: person.id_number }), 200)
    expect(await forgetful.post(`${current}/phone`, { phone: '13900020088' }), 202)
    const code = await smsCode(forgetful, '13900020088')
    for (let i = 0; i < 3; i++) refused(await forgetful.post(`${current}/phone/verify`, { code: other(code) }), 'otp-wrong')
    refused(await forgetful.post(`${current}/phone/verify`, { code }), 'otp-expired')
  })
  // REQ-014 REQ-043
  await step('name and ID number do not belong together: told as a class, mended without typing the rest', async () => {
    const { client: troubled, application } = await runThrough(world, { ...world.people[5], name: '许望' })
    assert.deepEqual([application.state, application.step], ['draft', 'trouble'])
    assert.deepEqual([application.trouble.kind, application.trouble.tries_left], ['name', 2])
    refused(await troubled.post(`${current}/enter`), 'step-order')
    refused(await troubled.put(`${current}/name`, { name: '许' }), 'name-invalid', { pointer: '/name' })
    assert.equal(expect(await troubled.put(`${current}/name`, { name: '许望书' }), 200).step, 'review')
    assert.equal((await decided(troubled)).trouble.tries_left, 1)
    refused(await client.put(`${current}/name`, { name: '许望舒' }), 'not-found')
  })
  // REQ-043
  await step('refused: the ID number has a wallet', async () => {
    const taken = { ...world.people[0], phone: '13900020077', password: 'lantern8harbor', pin: '638174' }
    const { application } = await runThrough(world, taken)
    assert.equal(application.refusal.code, 'identity-in-use')
  })
  // REQ-043
  await step('refused: the phone has a wallet', async () => {
    const { application } = await runThrough(world, { ...world.people[5], phone: world.people[2].phone })
    assert.equal(application.refusal.code, 'phone-in-use')
  })
  await step('an address that sends codes again and again has to wait', async () => {
    const busy = await begin(world)
    expect(await busy.put(`${current}/identity`, { name: world.people[5].name, id_number: world.people[5].id_number }), 200)
    let answer
    for (let i = 0; i < 25 && answer?.json.code !== 'rate-limited'; i++) answer = await busy.post(`${current}/phone`, { phone: '1390001' })
    refused(answer, 'rate-limited')
    assert.ok(Number(answer.headers['retry-after']) > 0)
  })
}
