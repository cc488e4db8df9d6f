// Abuse of the running program by strangers, customers, tills and web sites: node tests/scenario/abuse.mjs [sqlite | postgresql]
// A step is named by the abuse case it answers (AB-nn, docs/SECURITY-MODEL.md). At the end the log and the data folder are
// searched for what must never stand there, and the auditor agrees with the books.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
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
const { Client, newKey, startWallet, until } = await import('../node/wallet.mjs')
const { available, expect, fen, other, refused, signIn, smsCode, strangeCode, yuan } = await import('./api/expect.mjs')
const { bind } = await import('./api/cards.mjs')
const { steps } = tools(root)
const { step, finish } = steps()

const wallet = await startWallet(root, kind)
const world = { people: [], browser: (headers) => new Client(wallet.port, () => {}, headers) }
const { browser } = world
/** What a page of another site can send along: the browser's cookies and its own origin. */
const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
const secrets = [] // must stand neither in the log nor in the data folder
let a, b, c, d, till, shop, token

const pay = (who, body, key = newKey()) => who.post('/api/v1/payments', body, { key })
const newCode = async (who) => expect(await who.post('/api/v1/paycodes', {}), 201).digits
const charge = (paycode, value, key = newKey()) => till.post('/api/v1/merchant/charges', { paycode, amount: yuan(value) }, { key })
const newOrder = async (value) => expect(await till.post('/api/v1/merchant/orders', { amount: yuan(value) }, { key: newKey() }), 201)
const orderToken = async (value) => expect(await a.post('/api/v1/scan', { text: (await newOrder(value)).qr_text }), 200).token
const payeeOf = async (who, phone) => expect(await who.post('/api/v1/payees/find', { phone }), 200).payee_id
const statuses = (answers) => answers.map((answer) => answer.status).sort()
/** A problem without what differs from request to request. */
const bare = ({ status, text }) => [status, text.replace(/"(instance|request_id|ref)":"[^"]*",?/g, '')]

async function attack() {
  await step('the play people sign in', async () => {
    const guest = browser()
    world.people = expect(await guest.get('/sandbox/api/people'), 200).data
    shop = expect(await guest.get('/sandbox/api/shop'), 200)
    till = browser({ authorization: `Bearer ${shop.merchant_key}` })
    ;[a, b, c, d] = [await signIn(world, 0), await signIn(world, 1), await signIn(world, 2), await signIn(world, 3)]
    token = expect(await a.post('/api/v1/scan', { text: shop.static_qr_text }), 200).token
    for (const person of world.people) {
      secrets.push(person.name, person.phone, person.id_number, person.password, ...person.cards.map((card) => card.card_number))
    }
    for (const client of [a, b, c, d]) secrets.push(...client.cookies.values())
  })

  // --- who may see and do what ---

  // REQ-003 REQ-013
  await step('AB-01 what belongs to another looks like what does not exist', async () => {
    const cardA = await bind(a, { card_number: world.people[0].cards[0].card_number, phone: world.people[0].phone })
    world.cardA = cardA
    const paid = expect(await pay(a, { token, amount: yuan('1.00') }), 201)
    const waiting = expect(await charge(await newCode(a), '1200.00'), 201)
    const { id: order } = await newOrder('1.00')
    const session = expect(await a.get('/api/v1/sessions'), 200).data.find((row) => row.current)
    const none = (prefix) => `${prefix}_${newKey().replaceAll('-', '')}`
    const pin = world.people[1].pin
    const rows = [
      ['GET', '/api/v1/bills/', paid.id],
      ['GET', '/api/v1/operations/', paid.id],
      ['GET', '/api/v1/operations/', waiting.id],
      ['POST', '/api/v1/operations/', waiting.id, '/confirm', { pin }],
      ['POST', '/api/v1/operations/', waiting.id, '/decline', {}],
      ['GET', '/api/v1/cards/', cardA.id],
      ['POST', '/api/v1/cards/', cardA.id, '/confirm', { code: '123456' }],
      ['POST', '/api/v1/cards/', cardA.id, '/remove', { pin }],
      ['DELETE', '/api/v1/sessions/', session.id],
    ]
    for (const [method, before, id, after = '', body] of rows) {
      const foreign = await b.call(method, before + id + after, { body })
      const missing = await b.call(method, before + none(id.slice(0, 3)) + after, { body })
      refused(foreign, 'not-found')
      assert.deepEqual(bare(foreign), bare(missing), `${method} ${before}${after}`)
    }
    // Neither does a customer's cookie open the till's routes, nor the till's key the customer's.
    for (const path of [`/api/v1/merchant/charges/${waiting.id}`, `/api/v1/merchant/orders/${order}`, '/api/v1/merchant/operations'])
      refused(await a.get(path), 'merchant-key-invalid')
    refused(await till.get(`/api/v1/operations/${waiting.id}`), 'login-required')
    for (const path of ['/me', '/wallet', '/limits', '/bills', '/messages', '/contacts', '/cards', '/sessions', '/events', '/receive-code'])
      refused(await browser().get(`/api/v1${path}`), 'login-required')
    expect(await a.post(`/api/v1/operations/${waiting.id}/decline`), 200)
    expect(await a.get('/api/v1/me'), 200)
  })
  await step('AB-01 a key that another person used gives neither the answer nor a second life to it', async () => {
    const key = newKey()
    const first = await pay(a, { token, amount: yuan('1.01') }, key)
    expect(first, 201)
    const [before, theirs] = [await available(a), await available(b)]
    const stolen = await pay(b, { token, amount: yuan('1.01') }, key)
    refused(stolen, 'conflict-idempotency', { charged: false })
    assert.ok(!stolen.text.includes('balance_after'))
    const payee_id = await payeeOf(b, world.people[0].phone)
    refused(await b.post('/api/v1/transfers', { payee_id, amount: yuan('1.01'), pin: world.people[1].pin }, { key }), 'conflict-idempotency')
    refused(await charge(await newCode(b), '1.01', key), 'conflict-idempotency').charged
    assert.equal(await available(a), before)
    assert.equal(await available(b), theirs)
    refused(await b.post('/api/v1/cards', { card_number: world.people[1].cards[0].card_number, phone: world.people[1].phone },
      { key: world.cardA.id.slice(4) }), 'conflict-idempotency')
  })
  await step("AB-01 a payee found by one is no payee of another", async () => {
    const payee_id = await payeeOf(a, world.people[2].phone)
    refused(await b.post('/api/v1/transfers', { payee_id, amount: yuan('1.00'), pin: world.people[1].pin }, { key: newKey() }), 'payee-not-found')
  })
  await step('AB-30 a field that is not asked for is refused', async () => {
    for (const extra of ['payer', 'fee', 'account', 'currency', 'state', 'id', 'balance', 'wallet_class', '__proto__'])
      refused(await pay(a, JSON.parse(`{"token":"${token}","amount":{"value":"1.00","currency":"CNY"},"${extra}":1}`)), 'request-invalid', { reason: 'unknown' })
    refused(await a.put('/api/v1/me/nopin', { enabled: true, limit: 1 }), 'request-invalid')
    refused(await a.put('/api/v1/me/language', { language: 'en', wallet_class: 1 }), 'request-invalid')
    refused(await pay(a, { token, amount: { value: '1.00', currency: 'CNY', exponent: 9 } }), 'request-invalid')
  })

  // --- money ---

  // REQ-003
  await step('AB-02 one payment sent many times at once is one payment', async () => {
    const before = await available(a)
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 32 }, () => pay(a, { token, amount: yuan('2.00') }, key)))
    assert.deepEqual([...new Set(answers.map((answer) => `${answer.status} ${answer.text}`))].length, 1)
    expect(answers[0], 201)
    assert.equal(await available(a), before - 200)
  })
  await step('AB-02 one confirmation sent many times at once is one confirmation', async () => {
    const before = await available(b)
    const waiting = expect(await charge(await newCode(b), '1100.00'), 201)
    const answers = await Promise.all(Array.from({ length: 5 }, () => b.post(`/api/v1/operations/${waiting.id}/confirm`, { pin: world.people[1].pin })))
    assert.ok(answers.some((answer) => answer.status === 200))
    for (const answer of answers) assert.ok(answer.status === 200 || answer.json.code === 'request-running', answer.text)
    assert.equal(await available(b), before - 110000)
  })
  await step('AB-03 together they spend no more than there is', async () => {
    const before = await available(c)
    const tokens = await Promise.all(Array.from({ length: 8 }, () => orderToken('120.00')))
    const answers = await Promise.all(tokens.map((each) => pay(c, { token: each, amount: yuan('120.00') })))
    const paid = answers.filter((answer) => answer.status === 201).length
    assert.equal(paid, Math.floor(before / 12000))
    for (const answer of answers) if (answer.status !== 201) refused(answer, 'balance-insufficient', { charged: false })
    assert.equal(await available(c), before - paid * 12000)
  })
  await step('AB-05 one pay code at many tills at once is charged once', async () => {
    const before = await available(b)
    const digits = await newCode(b)
    const answers = await Promise.all(Array.from({ length: 16 }, () => charge(digits, '3.00')))
    assert.equal(answers.filter((answer) => answer.json.state === 'succeeded').length, 1)
    for (const answer of answers) if (answer.status !== 201) refused(answer, 'code-used', { charged: false })
    assert.equal(await available(b), before - 300)
  })
  await step('AB-06 a code that was left is void', async () => {
    const digits = await newCode(b)
    assert.equal((await b.delete('/api/v1/paycodes/current')).status, 204)
    refused(await charge(digits, '1.00'), 'code-expired')
    const older = await newCode(b)
    await newCode(b)
    refused(await charge(older, '1.00'), 'code-expired')
  })
  await step('AB-09 an order is paid at its own price in its own currency only', async () => {
    const dynamic = await orderToken('9.00')
    refused(await pay(a, { token: dynamic, amount: yuan('0.01') }), 'conflict-idempotency')
    refused(await pay(a, { token: dynamic, amount: { value: '9.00', currency: 'USD' } }), 'amount-invalid', { pointer: '/amount', reason: 'currency' })
  })
  await step('AB-20 a till charges yuan: other currencies are not taken for it', async () => {
    const before = await available(b)
    const digits = await newCode(b)
    const usd = { value: '7.00', currency: 'USD' }
    refused(await till.post('/api/v1/merchant/charges', { paycode: digits, amount: usd }, { key: newKey() }), 'amount-invalid', { reason: 'currency' })
    refused(await till.post('/api/v1/merchant/orders', { amount: usd }, { key: newKey() }), 'amount-invalid', { reason: 'currency' })
    refused(await pay(a, { token, amount: usd }), 'amount-invalid', { reason: 'currency' })
    assert.equal(await available(b), before)
  })
  await step('AB-20 hostile amounts', async () => {
    const before = await available(a)
    const texts = ['-1', '-0.01', '0', '0.00', '00', '01.00', '9223372036854775808', '1e309', '1e2', '0.001', '1.10.0', '+5', '５', '１００',
      '0x10', ' 5 ', '5 ', '1,000.00', '1.', '.5', '', 'NaN', 'Infinity', '1_000', '١', '10000000000000.00', '99999999999999.99', '-0', '1\u0000', '1\n']
    const values = [...texts, 1, 0.1, 1e309, -1, null, true, [], {}, ['1.00']]
    const payee_id = await payeeOf(a, world.people[1].phone)
    for (const value of values) {
      const amount = { value, currency: 'CNY' }
      for (const answer of [
        await pay(a, { token, amount }),
        await till.post('/api/v1/merchant/charges', { paycode: '880000000000000000', amount }, { key: newKey() }),
        await till.post('/api/v1/merchant/orders', { amount }, { key: newKey() }),
        await a.post('/api/v1/transfers', { payee_id, amount, pin: world.people[0].pin }, { key: newKey() }),
        await a.post('/api/v1/withdrawals', { card_id: world.cardA.id, amount, pin: world.people[0].pin }, { key: newKey() }),
        await a.post('/api/v1/topups', { card_id: world.cardA.id, amount, pin: world.people[0].pin }, { key: newKey() }),
      ])
        assert.ok(answer.status === 400 || answer.status === 422, `${JSON.stringify(value)}: ${answer.status} ${answer.text}`)
    }
    for (const currency of ['', 'cny', 'CNYY', 'ZZZ', 'CN', '¥', 156])
      assert.ok([400, 422].includes((await pay(a, { token, amount: { value: '1.00', currency } })).status))
    assert.equal(await available(a), before)
  })
  await step('AB-22 the day limit of static codes holds for payments at once', async () => {
    const before = await available(d)
    const answers = await Promise.all(Array.from({ length: 10 }, () => pay(d, { token, amount: yuan('60.00') })))
    assert.deepEqual(statuses(answers), [...Array(8).fill(201), 409, 409])
    for (const answer of answers) if (answer.status !== 201) refused(answer, 'limit-exceeded', { rule: 'limit.barcode.grade_d' })
    assert.equal(await available(d), before - 48000)
  })
  // REQ-099
  await step('AB-31 a frozen wallet lets no money out on any way that was begun before', async () => {
    const [pin, before] = [world.people[0].pin, await available(a)]
    const digits = await newCode(a)
    const waiting = expect(await charge(digits, '1100.00'), 201)
    assert.equal(waiting.state, 'awaiting_user')
    const live = await newCode(a)
    const payee_id = await payeeOf(a, world.people[1].phone)
    expect(await a.post('/api/v1/wallet/freeze'), 200)
    refused(await a.post(`/api/v1/operations/${waiting.id}/confirm`, { pin }), 'wallet-frozen', { charged: false })
    const charged = await charge(live, '1.00')
    assert.notEqual(charged.json.state, 'succeeded')
    refused(await a.post('/api/v1/paycodes', {}), 'wallet-frozen')
    refused(await pay(a, { token, amount: yuan('1.00'), pin }), 'wallet-frozen')
    refused(await a.post('/api/v1/transfers', { payee_id, amount: yuan('1.00'), pin }, { key: newKey() }), 'wallet-frozen')
    refused(await a.post('/api/v1/withdrawals', { card_id: world.cardA.id, amount: yuan('1.00'), pin }, { key: newKey() }), 'wallet-frozen')
    assert.equal(await available(a), before)
    expect(await a.post('/api/v1/wallet/unfreeze', { pin }), 200)
  })
  await step('AB-13 wrong PINs at once are no more tries than one after the other', async () => {
    const payee_id = await payeeOf(d, world.people[1].phone)
    const wrong = () => d.post('/api/v1/transfers', { payee_id, amount: yuan('1.00'), pin: other(world.people[3].pin) }, { key: newKey() })
    const answers = await Promise.all(Array.from({ length: 24 }, wrong))
    const counted = answers.filter((answer) => ['pin-wrong', 'pin-locked'].includes(answer.json.code) && answer.json.params.tries_left !== undefined)
    assert.ok(counted.length <= 5, `${counted.length} tries`)
    for (const answer of answers) assert.ok(['pin-wrong', 'pin-locked', 'request-running', 'busy'].includes(answer.json.code), answer.text)
  })

  await step('AB-13 an open session without the PIN cannot make the pay code pay by itself', async () => {
    const { pin } = world.people[0]
    const on = (more) => a.put('/api/v1/me/nopin', { enabled: true, ...more })
    expect(await a.put('/api/v1/me/nopin', { enabled: false }), 200)
    for (const guess of [{}, { pin: null }, { pin: '' }, { pin: true }, { pin: Number(pin) }, { pin: [pin] }, { pin: other(pin) }, { pin: `${pin}0` }])
      assert.ok(['pin-required', 'pin-wrong', 'request-invalid'].includes((await on(guess)).json.code), JSON.stringify(guess))
    assert.equal((await charge(await newCode(a), '1.00')).json.state, 'awaiting_user')
    expect(await on({ pin }), 200)
    assert.equal(expect(await charge(await newCode(a), '1.00'), 201).state, 'succeeded')
  })

  // --- tills and codes ---

  await step('AB-14 a flood of log-ins leaves room for those who pay with their PIN', async () => {
    let unanswered = 0
    const strangers = Array.from({ length: 400 }, (_, i) => {
      const stranger = browser({ 'x-forwarded-for': `203.0.${i >> 6}.${i % 64}` })
      unanswered++
      return stranger.post('/api/v1/sessions', { login: `139555${String(i).padStart(5, '0')}`, password: 'wrong password 1' }).finally(() => unanswered--)
    })
    const paid = await pay(b, { token, amount: yuan('1.20'), pin: world.people[1].pin })
    const left = unanswered
    const answers = new Set(statuses(await Promise.all(strangers)))
    if (paid.status !== 201) return `${paid.status} ${paid.text}`
    if (left === 0) return 'all log-ins were answered before the payment: it waited behind them'
    return [...answers].every((status) => [401, 503].includes(status)) && answers.has(401) ? null : [...answers].join()
  })

  await step('AB-08 what a scanner may meet opens nothing and shows where it would lead', async () => {
    const scan = async (text) => expect(await a.post('/api/v1/scan', { text }), 200)
    assert.deepEqual(await scan('https://wallet.example.org@evil.example/pay'), { kind: 'url', host: 'evil.example' })
    assert.deepEqual(await scan(`${wallet.publicUrl}@evil.example/q/m/1/2`), { kind: 'url', host: 'evil.example' })
    for (const text of ['javascript:alert(1)', 'JaVaScRiPt://x/%0aalert(1)', 'data:text/html,<script>', 'tongbao://pay', 'file:///etc/passwd', "'; DROP TABLE pay_order; --"])
      assert.equal((await scan(text)).kind, 'text', text)
    refused(await a.post('/api/v1/scan', { text: `${wallet.publicUrl}/q/../api/v1/me` }), 'qr-invalid')
  })
  await step('AB-36 a till that guesses pay codes is slowed down', async () => {
    const digits = await newCode(b)
    const guess = strangeCode(digits)
    const answers = []
    for (let i = 0; i < 24; i++) answers.push(await charge(guess, '1.00'))
    assert.ok(answers.slice(0, 20).every((answer) => answer.json.code === 'code-unknown'))
    refused(answers.at(-1), 'rate-limited', { charged: false })
    refused(await charge(digits, '1.00'), 'rate-limited')
  })
  await step('AB-37 the tries at adding cards are few', async () => {
    // No bank code is typed: each addition waits, and waiting ones count.
    const answers = []
    for (const person of [4, 5, 0, 2])
      answers.push(await d.post('/api/v1/cards', { card_number: world.people[person].cards[0].card_number, phone: world.people[3].phone }, { key: newKey() }))
    assert.ok(answers.filter((answer) => answer.status === 202).length <= 3)
    refused(answers.at(-1), 'card-not-added')
  })

  // --- accounts and sessions ---

  await step('AB-12 a log-in of nobody is answered like one of somebody, however the number is typed', async () => {
    const forms = (phone) => [phone, `${phone.slice(0, 3)} ${phone.slice(3)}`, `+86${phone}`, `+86 ${phone.slice(0, 3)}-${phone.slice(3)}`, phone]
    const attempt = (login) => browser().post('/api/v1/sessions', { login, password: 'not-the-one-7' })
    const known = [], unknown = []
    for (const login of forms(world.people[2].phone)) known.push(await attempt(login))
    for (const login of forms('13911113333')) unknown.push(await attempt(login))
    const shape = (answer) => [answer.status, answer.json.code, answer.json.params.tries_left, Object.keys(answer.json).sort(),
      Object.keys(answer.headers).filter((name) => name !== 'date').sort()]
    assert.deepEqual(known.map(shape), unknown.map(shape))
    assert.equal(known.at(-1).json.code, 'account-locked')
  })
  // REQ-100
  await step('AB-15 sessions: a new name at each log-in, a closed cookie, dead on the server after the end', async () => {
    const fixed = 'A'.repeat(43)
    const client = browser()
    client.cookies.set('__Host-tongbao', fixed)
    const answer = await client.post('/api/v1/sessions', { login: world.people[1].phone, password: world.people[1].password })
    expect(answer, 201)
    // The session and the browser's own mark.
    assert.deepEqual(answer.headers['set-cookie'].map((line) => line.split('=')[0]).sort(), ['__Host-tongbao', '__Host-tongbao-device'])
    for (const cookie of answer.headers['set-cookie'])
      assert.match(cookie, /^__Host-tongbao(-device)?=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=(Lax|Strict); Max-Age=\d+$/)
    assert.notEqual(client.cookies.get('__Host-tongbao'), fixed)
    secrets.push(client.cookies.get('__Host-tongbao'))
    const old = client.cookieHeader()
    const stream = client.listen()
    await until('the stream', () => stream.status === 200)
    assert.equal((await client.delete('/api/v1/sessions/current')).status, 204)
    refused(await browser().get('/api/v1/me', { headers: { cookie: old } }), 'login-required')
    await until('the stream to end', () => stream.ended)
    // Two cookies of the same name are nobody's.
    refused(await browser().get('/api/v1/me', { headers: { cookie: `${b.cookieHeader()}; __Host-tongbao=${fixed}` } }), 'login-required')
  })
  await step('AB-15 ending the other log-ins ends their event streams too', async () => {
    const thief = await signIn(world, 1)
    const [theirs, own] = [thief.listen(), b.listen()]
    await until('the streams', () => theirs.status === 200 && own.status === 200)
    assert.equal((await b.delete('/api/v1/sessions')).status, 204)
    await until("the thief's stream to end", () => theirs.ended)
    refused(await thief.get('/api/v1/events'), 'login-required')
    own.close()
  })
  await step('AB-16 other sites change nothing', async () => {
    const before = await available(b)
    const body = JSON.stringify({ token, amount: yuan('1.00') })
    const send = (headers, raw = body) => b.call('POST', '/api/v1/payments', { raw, key: newKey(), headers })
    refused(await send(evil), 'origin-refused')
    refused(await send({ origin: 'null' }), 'origin-refused')
    refused(await send({ 'sec-fetch-site': 'same-site' }), 'origin-refused')
    refused(await send({ origin: `http://127.0.0.1:${wallet.port}.evil.example` }), 'origin-refused')
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/json'])
      refused(await send({ 'content-type': type }), 'media-type-unsupported')
    for (const [method, path] of [['POST', '/wallet/freeze'], ['DELETE', '/sessions'], ['DELETE', '/paycodes/current'], ['POST', '/sessions'], ['PUT', '/me/nopin']])
      refused(await b.call(method, `/api/v1${path}`, { headers: evil }), 'origin-refused')
    for (const path of ['/payments', '/wallet/freeze', '/me/pin', '/sessions/current', '/messages/read'])
      assert.ok([404, 405].includes((await b.get(`/api/v1${path}`)).status), path)
    assert.equal(await available(b), before)
    assert.equal(expect(await b.get('/api/v1/wallet'), 200).state, 'active')
  })
  await step('AB-31 no step of an opening can be left out', async () => {
    const guest = browser()
    const current = '/api/v1/applications/current'
    const { terms } = expect(await guest.get('/api/v1/meta'), 200)
    for (const path of ['/submit', '/enter', '/face']) refused(await guest.post(current + path), 'not-found')
    expect(await guest.post('/api/v1/applications', { terms_version: terms.version, consent_terms: true, consent_face: true }), 201)
    const early = [
      await guest.post(`${current}/phone`, { phone: '13911114444' }), await guest.post(`${current}/phone/verify`, { code: '123456' }),
      await guest.post(`${current}/face`), await guest.put(`${current}/password`, { password: 'kettle7riverbend' }),
      await guest.put(`${current}/pin`, { pin: '836152' }), await guest.post(`${current}/submit`), await guest.post(`${current}/enter`)]
    for (const answer of early) refused(answer, 'step-order')
  })
  await step("AB-10 a stranger's phone rings once a minute, whoever asks", async () => {
    const { terms } = expect(await browser().get('/api/v1/meta'), 200)
    const ask = async (id_number) => {
      const guest = browser()
      expect(await guest.post('/api/v1/applications', { terms_version: terms.version, consent_terms: true, consent_face: true }), 201)
      expect(await guest.put('/api/v1/applications/current/identity', { name: '何人', id_number }), 200)
      return guest.post('/api/v1/applications/current/phone', { phone: '13911115555' })
    }
    expect(await ask(world.people[4].id_number), 202)
    for (let i = 0; i < 3; i++) refused(await ask(world.people[5].id_number), 'otp-too-many')
    const { messages } = expect(await browser().get('/sandbox/api/messages?phone=13911115555'), 200)
    assert.ok(messages.length <= 1)
  })

  // --- texts ---

  await step('AB-24 AB-25 texts that others read: shown as they are, or refused', async () => {
    const good = ["'; DROP TABLE books; --", '<script>alert(1)</script>', '=cmd|calc', '%n%s%x', '{{7*7}}', '${jndi:x}', '👩‍🍳 谢谢', '../../etc/passwd']
    for (const memo of good) {
      const operation = expect(await pay(b, { token, amount: yuan('0.01'), memo }), 201)
      assert.equal(expect(await b.get(`/api/v1/bills/${operation.id}`), 200).memo, memo)
    }
    for (const memo of ['\u202e00.1 退款', 'a\u2066b', 'a\u200bb', 'a\nb', 'a\u2028b', '\ufeffx', 'a\u0085b'])
      refused(await pay(b, { token, amount: yuan('0.01'), memo }), 'request-invalid', { pointer: '/memo', reason: 'format' })
    const device = (device_name) => browser().post('/api/v1/sessions', { login: world.people[1].phone, password: world.people[1].password, device_name })
    for (const name of ['x\namount=¥999', '\u202ephone', 'a\rb']) refused(await device(name), 'request-invalid', { pointer: '/device_name' })
    refused(await till.post('/api/v1/merchant/orders', { amount: yuan('1.00'), order_text: 'a\u202eb' }, { key: newKey() }), 'request-invalid')
  })
  await step('AB-26 JSON tricks', async () => {
    const raw = (text) => b.call('POST', '/api/v1/scan', { raw: text })
    const deep = (n) => '['.repeat(n) + ']'.repeat(n)
    for (const text of ['', '{}', '[]', '{"text":"a","text":"b"}', '\ufeff{"text":"a"}', '{"text":"a"}x', '{"text":"a"}{}', '{"text":1}', '{text:"a"}',
      "{'text':'a'}", '{"text":"a",}', '{"text":"\\ud800"}', '{"text":"a"}\u0000', `{"text":${deep(100)}}`, `{"text":${deep(20000)}}`,
      `{${Array.from({ length: 3000 }, (_, i) => `"k${i}":1`).join()}}`, 'null', '1e999', '{"text":null}'])
      refused(await raw(text), 'request-invalid')
    const bad = Buffer.from([0x7b, 0x22, 0x74, 0x65, 0x78, 0x74, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])
    refused(await raw(bad), 'request-invalid')
  })
  // REQ-013
  await step('AB-39 nothing personal is kept by a cache', async () => {
    for (const path of ['/me', '/wallet', '/bills', '/messages', '/cards', '/sessions', '/receive-code', '/limits', '/contacts']) {
      const { headers } = await b.get(`/api/v1${path}`)
      assert.equal(headers['cache-control'], 'no-store', path)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'")
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
      assert.equal(headers['access-control-allow-origin'], undefined)
    }
    const leaving = await signIn(world, 1)
    assert.match((await leaving.delete('/api/v1/sessions/current')).headers['clear-site-data'], /"cache", "storage"/)
  })
  await step('AB-29 paths that mean another place', async () => {
    for (const path of ['/../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc/passwd', '/docs/..%5c..%5cmaster.key', '/sandbox/api/%2e%2e/%2e%2e/livez',
      '/sandbox/api/..%2f..%2flivez', '/api/v1/cards/%2e%2e/me', '/api/v1//me', '/API/V1/me', '/api/v1/me/', '/api/v1/me%00', '/keys/master.key']) {
      const answer = await b.get(path)
      assert.ok([400, 404].includes(answer.status) || (answer.headers['content-type'] ?? '').startsWith('text/html'), `${path}: ${answer.status}`)
      assert.ok(!answer.text.includes('root:') && !answer.text.includes('name_masked'), path)
    }
    // The sandbox's neighbour is the only one that is asked, whatever the tail says.
    for (const path of ['/sandbox/api//evil.example/', '/sandbox/api/@evil.example/', '/sandbox/api/%40evil.example', '/sandbox/api/http://evil.example/', '/sandbox/api/messages?phone=1%0d%0aX:1'])
      assert.ok([400, 404, 422].includes((await b.get(path)).status) || (await b.get(path)).text.length < 2000, path)
  })
}

async function production() {
  const real = await startWallet(root, kind, { production: true })
  const guest = new Client(real.port, () => {})
  try {
    await step('in production there is no sandbox: nothing below /sandbox exists, in any method', async () => {
      for (const path of ['/sandbox', '/sandbox/', '/sandbox/index.html', '/sandbox/phones', '/sandbox/api', '/sandbox/api/', '/sandbox/api/shop', '/sandbox/api/people', '/sandbox/api/messages?phone=1'])
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
          if (path === '/sandbox' && method === 'GET') continue // a page of the app, as any other name is
          const answer = await guest.call(method, path, { body: method === 'GET' ? undefined : {} })
          assert.equal(answer.status, 404, `${method} ${path}: ${answer.status}`)
        }
      assert.equal(expect(await guest.get('/api/v1/meta'), 200).environment, 'production')
    })
  } finally {
    await real.stop()
    real.remove()
  }
}

/** Where in the folder a text stands. */
function findIn(folder, texts) {
  const found = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...findIn(path, texts))
    else if (/^(wallet\.db|serve\.log)/.test(entry.name)) {
      const bytes = readFileSync(path)
      for (const text of texts) if (bytes.includes(text)) found.push(`${entry.name}: ${text}`)
    }
  }
  return found
}

try {
  await attack()
} finally {
  const how = await wallet.stop()
  await step('the server stops cleanly after all this', () => (how.code === 0 ? null : JSON.stringify(how)))
}
// REQ-013
await step('AB-40 log and database hold no name, number, card, password, session', () => {
  assert.ok(secrets.length > 30)
  assert.deepEqual(findIn(wallet.folder, secrets), [])
})
const audited = await step('the auditor finds nothing', () => {
  wallet.audit()
  return null
})
await production()
if (audited) wallet.remove()
finish()
