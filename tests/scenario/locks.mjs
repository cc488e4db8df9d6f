// Locks that explain themselves: node tests/scenario/locks.mjs [sqlite | postgresql]
// The ten codes, each produced for real, its passport, its way out; retries that provably do not count.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
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
const { steps, tools } = await import('../node/tools.mjs')
const { contract } = await import('../node/contract.mjs')
const { Client, newKey, startWallet, until } = await import('../node/wallet.mjs')
const { expect, other, refused, yuan } = await import('./api/expect.mjs')
const { step, finish } = steps()
const { check } = contract(tools(root).document)
const deviations = []
function inspect(method, path, answer) {
  const wrong = check(method, path, answer.status, answer.headers, answer.text)
  if (wrong) deviations.push(`${method} ${path} ${answer.status}: at '${wrong.pointer}' ${wrong.message} ${answer.text.slice(0, 200)}`)
}
const labelled = (name, run) =>
  step(name, async () => {
    deviations.length = 0
    await run()
    return deviations.length ? deviations.join('\n  ') : null
  })

// The product's rules but two: nobody waits an hour for the end of a freeze here, and new wallets count as old ones.
const wallet = await startWallet(root, kind, {
  profiles: { lock: (p) => ({ ...p, unfreeze_delay_s: 3, new_place: { ...p.new_place, account_days: 0 } }) },
})
const from = (address) => new Client(wallet.port, inspect, { 'x-forwarded-for': address })
const HOME = '203.0.113.7'
const logIn = (client, person, password = person.password) => client.post('/api/v1/sessions', { login: person.phone, password })
const DEVICE = '__Host-tongbao-device'
const browsers = new Map() // the device cookie of each person's own browser
/** The person in their own browser. */
async function at(person) {
  const client = from(HOME)
  if (browsers.has(person.phone)) client.cookies.set(DEVICE, browsers.get(person.phone))
  expect(await logIn(client, person), 201)
  browsers.set(person.phone, client.cookies.get(DEVICE))
  return client
}
/** The person in a new browser at home, as soon as it may try. */
async function elsewhereOf(person) {
  const client = from(HOME)
  await until('a log-in elsewhere', async () => (await logIn(client, person)).status === 201)
  return client
}
const locksOf = async (client) => expect(await client.get('/api/v1/locks'), 200).data
const hashes = async () => Number(/^tongbao_hash_jobs(?:\{[^}]*\})? ([0-9]+)/m.exec((await new Client(wallet.admin, () => {}).get('/metrics')).text)?.[1] ?? NaN)
function command(...options) {
  return execFileSync(join(root, process.env.TONGBAO_BUILD ?? 'build', 'tongbao'),
    ['admin', 'lock', ...options, '--data', wallet.folder, '--database', wallet.database, '--share', root], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}
const two = ['--operator', 'zhao', '--second', 'qian', '--reason', 'scenario']

try {
  const people = expect(await from(HOME).get('/sandbox/api/people'), 200).data.filter((one) => one.opened)
  assert.ok(people.length >= 3)
  const [wang, li, zhang] = people
  const number = async (client) => expect(await client.get('/api/v1/me'), 200).wallet_number

  function proved(statement, keys) {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: keys.data[0].public_key }, format: 'jwk' })
    const text = ['tongbao-lock-1', statement.case_number, statement.code, statement.tries, statement.until ?? '', statement.at].join('\n')
    return verify(null, Buffer.from(text), key, Buffer.from(statement.signature, 'base64url'))
  }

  // REQ-104 REQ-105 REQ-109: story 11, first run
  await labelled('L02: five wrong PINs; twenty more provably do not count, opening the page neither', async () => {
    const w = await at(wang)
    await at(li)
    const payee_id = expect(await w.post('/api/v1/payees/find', { phone: li.phone }), 200).payee_id
    const pay = (pin) => w.post('/api/v1/transfers', { payee_id, amount: yuan('1.00'), pin }, { key: newKey() })
    const before = await hashes()
    for (let left = 4; left > 0; left--) assert.equal(refused(await pay(other(wang.pin)), 'pin-wrong', { charged: false }).params.tries_left, left)
    const first = refused(await pay(other(wang.pin)), 'pin-locked', { charged: false })
    assert.equal(await hashes() - before, 5)
    const keys = expect(await w.get('/api/v1/keys'), 200)
    assert.equal(first.statement.tries, 5)
    assert.ok(proved(first.statement, keys))
    assert.ok(!proved({ ...first.statement, tries: 6 }, keys))
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(refused(await pay(i % 2 ? wang.pin : other(wang.pin)), 'pin-locked').statement, first.statement)
      if (i % 2) assert.deepEqual((await locksOf(w))[0].statement, first.statement)
    }
    assert.equal(await hashes() - before, 5)
    const [lock] = await locksOf(w)
    assert.deepEqual([lock.code, lock.scope, lock.decides, lock.automatic, lock.exits[0]], ['L02', 'pay', 'system', true, 'reset-pin'])
    assert.equal(Date.parse(lock.until) - Date.parse(lock.from), 3 * 3600_000)
  })

  // REQ-105 REQ-109, AB-14
  await labelled('L01: a stranger locks the log-in of strangers, not that of a known browser; waiting in between', async () => {
    const own = await at(zhang)
    const stranger = from('198.51.100.9')
    refused(await logIn(stranger, zhang, 'not-the-one-7'), 'login-failed')
    assert.equal(refused(await logIn(stranger, zhang, 'not-the-one-7'), 'login-failed').retry_after, 2)
    const before = await hashes()
    assert.ok(refused(await logIn(stranger, zhang), 'login-delay').retry_after <= 2)
    assert.equal(await hashes(), before)
    expect(await logIn(own, zhang), 201)
    const history = expect(await own.get('/api/v1/signins'), 200).data
    assert.equal(history.filter((one) => one.result === 'wrong').length, 2)
    assert.match(history.find((one) => one.result === 'wrong').address_masked, /^198\.51/)
  })

  let far
  // REQ-106
  await labelled('L03: a new browser in an unusual place waits for the word of the owner; refused it stays out', async () => {
    const own = await at(li)
    far = from('192.0.2.20')
    const held = refused(await logIn(far, li), 'login-unconfirmed')
    assert.equal(held.params.lock, 'L03')
    const before = await hashes()
    refused(await logIn(far, li), 'login-unconfirmed')
    assert.equal(await hashes(), before)
    const seen = expect(await far.get(`/api/v1/locks/${held.params.case}?proof=${held.statement.signature}`), 200)
    assert.deepEqual([seen.code, seen.cause, seen.basis, seen.in_force], ['L03', 'new-device', 'anti-fraud', true])
    refused(await far.get(`/api/v1/locks/${held.params.case}`), 'not-found')
    assert.equal(expect(await own.post(`/api/v1/locks/${held.params.case}/confirm`, { mine: true }), 200).in_force, false)
    expect(await logIn(far, li), 201)
    const thief = from('198.18.0.4')
    const again = refused(await logIn(thief, li), 'login-unconfirmed')
    assert.equal(expect(await own.post(`/api/v1/locks/${again.params.case}/confirm`, { mine: false }), 200).in_force, true)
    refused(await own.post(`/api/v1/locks/${again.params.case}/confirm`, { mine: true }), 'not-found')
    refused(await logIn(thief, li), 'login-unconfirmed')
    expect(await logIn(own, li), 201)
  })

  // REQ-106
  await labelled('L04: a large transfer to somebody new after a new browser asks three questions first', async () => {
    const l = far // the browser that was let in a moment ago
    const payee_id = expect(await l.post('/api/v1/payees/find', { phone: zhang.phone }), 200).payee_id
    const send = (amount) => l.post('/api/v1/transfers', { payee_id, amount: yuan(amount), pin: li.pin }, { key: newKey() })
    const stopped = refused(await send('1000.00'), 'transfer-locked', { charged: false })
    assert.equal(stopped.params.lock, 'L04')
    refused(await send('1.00'), 'transfer-locked')
    const answers = (a) => l.post(`/api/v1/locks/${stopped.params.case}/answers`, a)
    refused(await answers({ told_to_transfer: true, screen_shared: false, payee_checked: true }), 'answers-risky')
    expect(await answers({ told_to_transfer: false, screen_shared: false, payee_checked: true }), 200)
    expect(await send('1000.00'), 201)
  })

  // REQ-107 REQ-108 REQ-130
  await labelled('L05, L06: documents open a case with a deadline in working days', async () => {
    const z = await at(zhang)
    for (const code of ['L05', 'L06']) {
      const found = command('place', '--wallet', await number(z), '--code', code, '--operator', 'zhao', '--reason', 'scenario')
      const lock = (await locksOf(z)).find((one) => one.case_number === found)
      assert.deepEqual([lock.code, lock.scope, lock.exits[0], lock.until, lock.working_days], [code, 'transfer_out', 'documents', null, 1])
      refused(await z.put('/api/v1/me/nopin', { enabled: true, pin: zhang.pin }), 'limits-locked')
      const asked = expect(await z.post(`/api/v1/locks/${found}/request`, { statement: '新证件已寄出' }), 200)
      assert.ok(Date.parse(asked.until) > Date.now())
      assert.ok(asked.asked_at)
      refused(await z.post(`/api/v1/locks/${found}/request`, { statement: 'again' }), 'unlock-not-needed')
      command('lift', '--case', found, '--operator', 'zhao', '--reason', 'scenario')
    }
    assert.deepEqual(await locksOf(z), [])
    assert.equal(expect(await z.get('/api/v1/checkup'), 200).due, true)
  })

  // REQ-099: story 14
  await labelled('L07: freezing stops what goes out and ends other log-ins; it ends late, and freezing again takes that back', async () => {
    const z = await at(zhang)
    const elsewhere = await elsewhereOf(zhang)
    expect(await z.post('/api/v1/wallet/freeze'), 200)
    refused(await elsewhere.get('/api/v1/me'), 'login-required')
    const payee_id = expect(await z.post('/api/v1/payees/find', { phone: li.phone }), 200).payee_id
    const send = () => z.post('/api/v1/transfers', { payee_id, amount: yuan('1.00'), pin: zhang.pin }, { key: newKey() })
    assert.equal(refused(await send(), 'wallet-frozen', { charged: false }).params.lock, 'L07')
    const l = await at(li)
    const back = expect(await l.post('/api/v1/payees/find', { phone: zhang.phone }), 200).payee_id
    expect(await l.post('/api/v1/transfers', { payee_id: back, amount: yuan('2.00'), pin: li.pin }, { key: newKey() }), 201)
    const unfreeze = () => z.post('/api/v1/wallet/unfreeze', { pin: zhang.pin })
    assert.equal(expect(await unfreeze(), 200).state, 'frozen')
    assert.equal((await locksOf(z))[0].automatic, true)
    expect(await z.post('/api/v1/wallet/freeze'), 200)
    assert.deepEqual((await locksOf(z)).map((one) => [one.code, one.until]), [['L07', null]])
    expect(await unfreeze(), 200)
    await until('the end of the freeze', async () => expect(await z.get('/api/v1/wallet'), 200).state === 'active')
    expect(await send(), 201)
  })

  await labelled('L08, L09: two operators; incoming money is not stopped; the page names authority and number', async () => {
    const z = await at(zhang)
    const wanted = ['--wallet', await number(z)]
    assert.throws(() => command('place', ...wanted, '--code', 'L08', '--operator', 'zhao', '--reason', 'x'), /Another person/)
    assert.throws(() => command('place', ...wanted, '--code', 'L08', '--operator', 'zhao', '--second', 'zhao', '--reason', 'x'), /Another person/)
    const reported = command('place', ...wanted, '--code', 'L08', ...two)
    const ordered = command('place', ...wanted, '--code', 'L09', '--authority', '某市公安局', '--number', '公冻〔2026〕1号', '--until', '2099-01-01T00:00:00Z', ...two)
    const locks = await locksOf(z)
    assert.deepEqual(locks.map((one) => one.code).sort(), ['L08', 'L09'])
    const order = locks.find((one) => one.case_number === ordered)
    assert.deepEqual([order.authority, order.number, order.basis], ['某市公安局', '公冻〔2026〕1号', 'order'])
    const report = locks.find((one) => one.case_number === reported)
    assert.ok(Date.parse(report.until) > Date.now() && report.four_eyes && report.working_days === 3)
    assert.equal(expect(await z.get('/api/v1/wallet'), 200).state, 'frozen')
    const l = await at(li)
    const payee_id = expect(await l.post('/api/v1/payees/find', { phone: zhang.phone }), 200).payee_id
    expect(await l.post('/api/v1/transfers', { payee_id, amount: yuan('1.00'), pin: li.pin }, { key: newKey() }), 201)
    assert.throws(() => command('lift', '--case', reported, '--operator', 'zhao', '--reason', 'x'), /Another person/)
    command('lift', '--case', reported, ...two)
    assert.equal(expect(await z.get('/api/v1/wallet'), 200).state, 'frozen') // the other one still stands
    command('lift', '--case', ordered, ...two)
    assert.equal(expect(await z.get('/api/v1/wallet'), 200).state, 'active')
  })

  await labelled('L10: our own fault ends by itself', async () => {
    const z = await at(zhang)
    const found = command('place', '--wallet', await number(z), '--code', 'L10', '--trace', 'req_42', '--until', new Date(Date.now() + 2500).toISOString(),
      '--operator', 'zhao', '--reason', 'scenario')
    const lock = (await locksOf(z))[0]
    assert.deepEqual([lock.case_number, lock.trace, lock.decides, lock.exits], [found, 'req_42', 'operator', ['wait']])
    await until('the end of the lock', async () => (await locksOf(z)).length === 0)
  })

  // REQ-110
  await labelled('after it: the check-up remembers each step; "not me" refuses a browser', async () => {
    const z = await at(zhang)
    for (const name of ['password', 'devices', 'history', 'second-factor', 'limits', 'payees'])
      assert.ok(expect(await z.post('/api/v1/checkup', { step: name }), 200).done.includes(name))
    const done = expect(await z.get('/api/v1/checkup'), 200)
    assert.ok(done.done_at && !done.due && done.payees.length >= 1)
    const elsewhere = await elsewhereOf(zhang)
    const entry = expect(await z.get('/api/v1/signins'), 200).data.find((one) => one.result === 'ok' && !one.current)
    assert.equal((await z.post(`/api/v1/signins/${entry.id}/disown`)).status, 204)
    refused(await elsewhere.get('/api/v1/me'), 'login-required')
    refused(await logIn(elsewhere, zhang), 'login-unconfirmed')
  })
} finally {
  const how = await wallet.stop()
  await step('the server stops cleanly', () => (how.code === 0 ? null : JSON.stringify(how)))
}
const audited = await step('the auditor finds nothing', () => {
  wallet.audit()
  return null
})
if (audited) wallet.remove()
finish()
