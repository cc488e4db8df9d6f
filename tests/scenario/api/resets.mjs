// Forgotten secrets: reset of password and PIN, lowered limits after it, the authenticator app.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { newKey, until } from '../../node/wallet.mjs'
import { expect, other, refused, signIn, smsCode, yuan } from './expect.mjs'

const current = '/api/v1/resets/current'

/** RFC 6238 with Node's own HMAC: a second implementation. */
function totp(key, step) {
  const bits = [...key].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0')
}
const step30 = () => Math.floor(Date.now() / 30000)

async function codesTo(client, phone) {
  const { messages } = expect(await client.get(`/sandbox/api/messages?phone=${phone}`), 200)
  return messages.map((m) => /验证码 (\d{6})|(\d{6}) is your code/.exec(m.text)).filter(Boolean).map((m) => m[1] ?? m[2])
}

/** Begins a reset and types its code. */
async function proved(client, id_number, phone) {
  const known = await codesTo(client, phone)
  const reset = expect(await client.post('/api/v1/resets', { id_number, phone }), 201)
  assert.equal(reset.step, 'code')
  return client.post(`${current}/code/verify`, { code: await smsCode(client, phone, known) })
}

async function faceDecided(client) {
  return until('the face check', async () => {
    const { face } = expect(await client.get(current), 200)
    return face.state !== 'checking' && face.state
  })
}

export default async function resets(world) {
  const { step, browser } = world
  const [first, , third, fourth] = world.people
  const stranger = '13311122233'
  const password = 'walnut6compass'

  // REQ-088: the same words, shape and status, whoever is asked for (AB-12); the code decides.
  await step('a reset tells nothing before the code was typed', async () => {
    const wishes = [
      { id_number: fourth.id_number, phone: stranger },
      { id_number: '11010119900307109X', phone: '13311122234' },
    ]
    const shapes = []
    for (const wish of wishes) {
      const client = browser()
      const reset = expect(await client.post('/api/v1/resets', wish), 201)
      shapes.push(JSON.stringify({ ...reset, id: 0, phone_masked: 0, challenge: Object.keys(reset.challenge), expires_at: 0, server_time: 0 }))
      refused(await client.put(`${current}/password`, { password }), 'step-order')
      refused(await client.post(`${current}/face`), 'step-order')
      refused(await client.post(`${current}/app`, { code: '123456' }), 'step-order')
      refused(await client.post(`${current}/code`), 'otp-too-many')
      const code = await smsCode(client, wish.phone)
      refused(await client.post(`${current}/code/verify`, { code: other(code) }), 'otp-wrong')
      refused(await client.post(`${current}/code/verify`, { code }), 'reset-no-match')
      assert.equal(expect(await client.get(current), 200).step, 'refused')
      refused(await client.post(`${current}/face`), 'step-order')
      assert.equal((await client.delete(current)).status, 204)
      refused(await client.get(current), 'not-found')
    }
    const client = browser()
    const reset = expect(await client.post('/api/v1/resets', { id_number: fourth.id_number, phone: fourth.phone }), 201)
    shapes.push(JSON.stringify({ ...reset, id: 0, phone_masked: 0, challenge: Object.keys(reset.challenge), expires_at: 0, server_time: 0 }))
    assert.equal(new Set(shapes).size, 1)
    world.reset = client
    refused(await browser().post('/api/v1/resets', { id_number: '1', phone: stranger }), 'id-number-invalid')
    refused(await browser().post('/api/v1/resets', { id_number: fourth.id_number, phone: '123' }), 'phone-invalid')
  })
  // REQ-086 REQ-088 REQ-089 REQ-090
  await step('document, code and face set a new password; the other log-ins end', async () => {
    const client = world.reset
    const elsewhere = await signIn(world, 3)
    const code = await smsCode(client, fourth.phone)
    const reset = expect(await client.post(`${current}/code/verify`, { code }), 200)
    assert.deepEqual([reset.step, reset.factors], ['factor', ['face']])
    refused(await client.put(`${current}/password`, { password }), 'step-order')
    expect(await client.put('/sandbox/api/face', { id_number: fourth.id_number, decision: 'fail' }), 200)
    expect(await client.post(`${current}/face`), 202)
    assert.equal(await faceDecided(client), 'failed')
    assert.equal(expect(await client.get(current), 200).step, 'factor')
    expect(await client.post('/sandbox/api/reset'), 200)
    expect(await client.post(`${current}/face`), 202)
    assert.equal(await faceDecided(client), 'passed')
    assert.equal(expect(await client.get(current), 200).step, 'secret')
    refused(await client.put(`${current}/password`, { password: 'password1234' }), 'password-weak', { reason: 'password.common' })
    refused(await client.put(`${current}/password`, { password: fourth.password }), 'password-weak', { reason: 'password.used' })
    refused(await client.put(`${current}/pin`, { pin: '836152' }), 'login-required')
    const done = expect(await client.put(`${current}/password`, { password }), 200)
    const hours = (Date.parse(done.limits_lowered_until) - Date.now()) / 3600000
    assert.ok(hours > 23.9 && hours <= 24.01, String(hours))
    refused(await client.put(`${current}/password`, { password }), 'step-order')
    refused(await elsewhere.get('/api/v1/me'), 'login-required')
    refused(await browser().post('/api/v1/sessions', { login: fourth.phone, password: fourth.password }), 'login-failed')
    world.d = browser()
    expect(await world.d.post('/api/v1/sessions', { login: fourth.phone, password }), 201)
  })
  await step('after a reset little leaves the wallet; shops are paid as always', async () => {
    const { d } = world
    const limits = expect(await d.get('/api/v1/limits'), 200)
    const rules = limits.meters.map((meter) => meter.rule)
    assert.ok(rules.includes('limit.lowered.day') && rules.includes('limit.lowered.payee'))
    const payee_id = expect(await d.post('/api/v1/payees/find', { phone: third.phone }), 200).payee_id
    const pay = (amount) => d.post('/api/v1/transfers', { payee_id, amount: yuan(amount), pin: fourth.pin }, { key: newKey() })
    refused(await pay('200.01'), 'limit-lowered', { rule: 'limit.lowered.payee', charged: false })
    expect(await pay('200.00'), 201)
    expect(await pay('300.00'), 201)
    const problem = refused(await pay('500.01'), 'limit-lowered', { rule: 'limit.lowered.day' })
    assert.ok(problem.params.until)
    const { token } = expect(await d.post('/api/v1/scan', { text: world.shop.static_qr_text }), 200)
    expect(await d.post('/api/v1/payments', { token, amount: yuan('20.00'), pin: fourth.pin }, { key: newKey() }), 201)
  })
  await step('a face that fails three times ends the way of the face', async () => {
    const { d } = world
    refused(await browser().post('/api/v1/me/pin/reset', { password }), 'login-required')
    refused(await d.post('/api/v1/me/pin/reset', { password: 'not-the-one-7' }), 'password-wrong')
    const known = await codesTo(d, fourth.phone)
    const begun = expect(await d.post('/api/v1/me/pin/reset', { password }), 201)
    assert.deepEqual([begun.kind, begun.step], ['pin', 'code'])
    const reset = expect(await d.post(`${current}/code/verify`, { code: await smsCode(d, fourth.phone, known) }), 200)
    assert.deepEqual([reset.step, reset.factors], ['factor', ['face']])
    expect(await d.put('/sandbox/api/face', { id_number: fourth.id_number, decision: 'fail' }), 200)
    for (let left = 2; left >= 0; left--) {
      expect(await d.post(`${current}/face`), 202)
      assert.equal(await faceDecided(d), 'failed')
      assert.equal(expect(await d.get(current), 200).face.tries_left, left)
    }
    refused(await d.post(`${current}/face`), 'face-failed')
    expect(await d.post('/sandbox/api/reset'), 200)
    assert.equal((await d.delete(current)).status, 204)
  })
  // REQ-094 REQ-095 REQ-008
  await step('an authenticator app is set up and asked for at log-in', async () => {
    const { d } = world
    assert.equal(expect(await d.get('/api/v1/me/factor'), 200).on, false)
    refused(await d.post('/api/v1/me/factor', { password: 'not-the-one-7' }), 'password-wrong')
    const setup = expect(await d.post('/api/v1/me/factor', { password }), 201)
    refused(await d.post('/api/v1/me/factor/confirm', { code: '12345' }), 'factor-wrong')
    const now = step30()
    const { recovery_codes } = expect(await d.post('/api/v1/me/factor/confirm', { code: totp(setup.key, now) }), 200)
    assert.equal(new Set(recovery_codes).size, 8)
    refused(await d.post('/api/v1/me/factor', { password }), 'not-allowed')
    const login = async () => {
      const client = browser()
      refused(await client.post('/api/v1/sessions', { login: fourth.phone, password }), 'factor-required')
      refused(await client.get('/api/v1/me'), 'login-required')
      return client
    }
    const client = await login()
    refused(await client.post('/api/v1/sessions/factor', { code: totp(setup.key, now) }), 'factor-wrong')
    expect(await client.post('/api/v1/sessions/factor', { code: totp(setup.key, now + 1) }), 201)
    expect(await client.get('/api/v1/me'), 200)
    const second = await login()
    expect(await second.post('/api/v1/sessions/factor', { code: recovery_codes[0].toLowerCase() }), 201)
    const third = await login()
    refused(await third.post('/api/v1/sessions/factor', { code: recovery_codes[0] }), 'factor-wrong')
    refused(await browser().post('/api/v1/sessions/factor', { code: recovery_codes[1] }), 'login-required')
    world.recovery = recovery_codes.slice(1)
  })
  await step('turning it off takes a day and can be taken back', async () => {
    const { d, recovery } = world
    const factor = expect(await d.post('/api/v1/me/factor/removal', { code: recovery[0] }), 200)
    assert.equal(factor.on, true)
    assert.ok(Date.parse(factor.off_at) - Date.now() > 23.9 * 3600000)
    assert.equal(expect(await d.delete('/api/v1/me/factor/removal'), 200).off_at, null)
  })
  await step('a forgotten PIN is set anew with password, code and app', async () => {
    const { a } = world
    const setup = expect(await a.post('/api/v1/me/factor', { password }), 201)
    const { recovery_codes } = expect(await a.post('/api/v1/me/factor/confirm', { code: totp(setup.key, step30()) }), 200)
    const known = await codesTo(a, first.phone)
    expect(await a.post('/api/v1/me/pin/reset', { password }), 201)
    const code = await smsCode(a, first.phone, known)
    assert.deepEqual(expect(await a.post(`${current}/code/verify`, { code }), 200).factors, ['face', 'app'])
    refused(await a.post(`${current}/app`, { code: 'nonsense' }), 'factor-wrong')
    assert.equal(expect(await a.post(`${current}/app`, { code: recovery_codes[2] }), 200).step, 'secret')
    refused(await a.put(`${current}/pin`, { pin: '123456' }), 'pin-weak', { reason: 'pin.run' })
    refused(await a.put(`${current}/pin`, { pin: '730418' }), 'pin-weak', { reason: 'pin.used' })
    refused(await browser().put(`${current}/pin`, { pin: '907341' }), 'login-required')
    assert.equal(expect(await a.put(`${current}/pin`, { pin: '907341' }), 200).kind, 'pin')
    const nopin = (pin) => a.put('/api/v1/me/nopin', { enabled: true, pin })
    refused(await nopin('730418'), 'pin-wrong')
    expect(await nopin('907341'), 200)
  })
  await step('five wrong codes in a quarter of an hour are enough', async () => {
    const client = browser()
    refused(await client.post('/api/v1/sessions', { login: fourth.phone, password }), 'factor-required')
    for (let left = 4; left >= 0; left--) {
      const { params } = refused(await client.post('/api/v1/sessions/factor', { code: '7K2D9-QF3MX' }), 'factor-wrong')
      assert.equal(params.tries_left, left)
    }
    refused(await client.post('/api/v1/sessions/factor', { code: world.recovery[1] }), 'factor-locked')
  })
}
