// Maintenance in the middle of an opening (story 5): node tests/scenario/trouble.mjs [sqlite | postgresql]
// Two operators set it; opening waits, payments go on; who asked is told once, at the moment it ends, and goes on at the same step.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
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
const { tools } = await import('../node/tools.mjs')
const { contract } = await import('../node/contract.mjs')
const { Client, newKey, startWallet, until } = await import('../node/wallet.mjs')
const { expect, refused, smsCode } = await import('./api/expect.mjs')
const { document, steps } = tools(root)
const { step, finish } = steps()
const { check } = contract(document)

const deviations = []
function inspect(method, path, answer) {
  const wrong = check(method, path, answer.status, answer.headers, answer.text)
  if (wrong) deviations.push(`${method} ${path} ${answer.status}: at '${wrong.pointer}' ${wrong.message}`)
}
const labelled = (name, run) =>
  step(name, async () => {
    deviations.length = 0
    await run()
    return deviations.length ? [...new Set(deviations)].join('\n  ') : null
  })

const current = '/api/v1/applications/current'
const C = '/api/v1/console'
const wallet = await startWallet(root, kind)
const browser = () => new Client(wallet.port, inspect, {})

// --- two operators with their authenticator apps (RFC 6238) ---

function base32(text) {
  let bits = ''
  for (const letter of text) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
}
function totp(key, step30) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step30))
  const mac = createHmac('sha1', base32(key)).update(counter).digest()
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0')
}
/** A code that was not used yet; three are good at any moment. */
async function code(operator) {
  return until('a fresh code', () => {
    const now = Math.floor(Date.now() / 30000)
    const next = Math.max(now - 1, (operator.step ?? 0) + 1)
    if (next > now + 1) return false
    operator.step = next
    return totp(operator.key, next)
  }, 40)
}
async function signIn(login) {
  const { data } = expect(await browser().get('/sandbox/api/operators'), 200)
  const operator = { ...data.find((one) => one.login === login), client: browser() }
  expect(await operator.client.post(`${C}/sessions`, { login, password: operator.password, totp: await code(operator) }), 201)
  return operator
}
async function setMaintenance(lin, qian, scope) {
  const end = new Date(Date.now() + 3600e3).toISOString()
  const wish = { scope, until: end, note_zh: '升级', note_en: 'Upgrade', reason: 'planned-work', totp: await code(lin) }
  const { approval } = expect(await lin.client.post(`${C}/maintenance`, wish), 201)
  assert.equal(expect(await browser().get('/api/v1/maintenance'), 200).state, 'none')
  expect(await qian.client.post(`${C}/approvals/${approval.id}`, { decision: 'approve', totp: await code(qian) }), 200)
}

try {
  const lin = await signIn('lin')
  const qian = await signIn('qian')
  const people = expect(await browser().get('/sandbox/api/people'), 200).data
  const person = people.find((one) => !one.opened)
  const member = people.find((one) => one.opened)
  const client = browser()
  const payer = browser()
  const sms = async () =>
    expect(await client.get(`/sandbox/api/messages?phone=${person.phone}`), 200).messages.filter((m) => /系统已恢复/.test(m.text)).length

  await labelled('at the password step, when the maintenance begins', async () => {
    const meta = expect(await client.get('/api/v1/meta'), 200)
    expect(await client.post('/api/v1/applications', { terms_version: meta.terms.version, consent_terms: true, consent_face: true }), 201)
    expect(await client.put(`${current}/identity`, { name: person.name, id_number: person.id_number }), 200)
    expect(await client.post(`${current}/phone`, { phone: person.phone }), 202)
    expect(await client.post(`${current}/phone/verify`, { code: await smsCode(client, person.phone) }), 200)
    expect(await client.post(`${current}/face`), 202)
    await until('the face check', async () => expect(await client.get(current), 200).step === 'password')
    expect(await payer.post('/api/v1/sessions', { login: member.phone, password: member.password }), 201)
    await setMaintenance(lin, qian, 'opening')
  })
  // REQ-051
  await labelled('the step is refused with the end; the page says the same; payments go on', async () => {
    const answer = await client.put(`${current}/password`, { password: person.password })
    const problem = refused(answer, 'maintenance')
    assert.equal(answer.status, 503)
    assert.ok(Number(answer.headers['retry-after']) > 0)
    const page = expect(await client.get('/api/v1/maintenance'), 200)
    assert.deepEqual([page.state, page.scope, page.note], ['running', 'opening', '升级'])
    assert.equal(page.until, problem.params.until)
    refused(await browser().post('/api/v1/applications', { terms_version: 'x', consent_terms: true, consent_face: true }), 'maintenance')
    expect(await payer.get('/api/v1/wallet'), 200)
    const friend = people.filter((one) => one.opened)[1]
    const { payee_id } = expect(await payer.post('/api/v1/payees/find', { phone: friend.phone }), 200)
    const paid = await payer.post('/api/v1/transfers', { payee_id, amount: { value: '1.00', currency: 'CNY' }, pin: member.pin }, { key: newKey() })
    assert.ok(paid.status < 300, paid.text)
    assert.equal(expect(await client.get('/api/v1/diagnosis'), 200).checks[0].fact, 'maintenance')
  })
  // REQ-052
  await labelled('who asked twice is told once, at the moment it ends, and goes on at the same step', async () => {
    assert.equal(expect(await client.post('/api/v1/maintenance/reminder'), 200).reminder.waits, true)
    assert.equal(expect(await client.post('/api/v1/maintenance/reminder'), 200).reminder.waits, true)
    assert.equal(expect(await payer.post('/api/v1/maintenance/reminder'), 200).reminder.waits, true)
    const stream = client.listen()
    await until('the stream', () => stream.status === 200)
    assert.equal(await sms(), 0)
    expect(await qian.client.post(`${C}/maintenance/end`, { reason: 'other' }), 204)
    await until('the text message', async () => (await sms()) > 0)
    await until('the event', () => stream.events.some((e) => e.type === 'maintenance'))
    stream.close()
    const inbox = expect(await payer.get('/api/v1/messages?limit=5'), 200).data
    assert.equal(inbox.filter((m) => m.kind === 'maintenance.over').length, 1)
    const after = expect(await client.get('/api/v1/maintenance'), 200)
    assert.equal(after.state, 'none')
    assert.ok(after.reminder.told_at)
    const draft = expect(await client.get(current), 200)
    assert.deepEqual([draft.step, draft.phone.verified, draft.face.state], ['password', true, 'passed'])
    expect(await client.put(`${current}/password`, { password: person.password }), 200)
    assert.equal(await sms(), 1)
  })
} finally {
  await wallet.stop()
  await step('the auditor finds nothing', () => {
    wallet.audit()
    return null
  })
  wallet.remove()
}
finish()
