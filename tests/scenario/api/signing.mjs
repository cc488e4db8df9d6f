// Signing in and out, devices, who I am.
import assert from 'node:assert/strict'
import { expect, refused, signIn } from './expect.mjs'

export default async function signing(world) {
  const { step, browser } = world
  const [first] = world.people

  await step('a wrong password costs a try', async () => {
    const answer = await browser().post('/api/v1/sessions', { login: first.phone, password: 'not-the-one-7' })
    assert.equal(refused(answer, 'login-failed').params.tries_left, 4)
  })
  await step('phone or wallet number signs in', async () => {
    world.a = await signIn(world, 0, { 'user-agent': 'Mozilla/5.0 (Linux; Android 14) Chrome/126.0' })
    const second = browser()
    const session = expect(
      await second.post('/api/v1/sessions', { login: first.wallet_number, password: first.password, device_name: '平板' }), 201)
    assert.equal(session.user.wallet_number, first.wallet_number)
    world.second = second
  })
  await step('the list of devices; one is signed out', async () => {
    const { data } = expect(await world.a.get('/api/v1/sessions'), 200)
    assert.deepEqual(data.map((row) => row.device).sort(), ['Chrome · Android', '平板'])
    const row = data.find((one) => !one.current)
    assert.equal((await world.a.delete(`/api/v1/sessions/${row.id}`)).status, 204)
    refused(await world.second.get('/api/v1/me'), 'login-required')
    refused(await world.a.delete(`/api/v1/sessions/${row.id}`), 'not-found')
    refused(await world.a.delete('/api/v1/sessions/ses_x'), 'not-found')
  })
  // REQ-100
  await step('all others are signed out', async () => {
    const third = await signIn(world, 0)
    assert.equal((await world.a.delete('/api/v1/sessions')).status, 204)
    refused(await third.get('/api/v1/me'), 'login-required')
    expect(await world.a.get('/api/v1/me'), 200)
  })
  await step('keeping the session', async () => {
    const kept = expect(await world.a.post('/api/v1/sessions/current/keep'), 200)
    assert.ok(kept.idle_expires_at <= kept.expires_at)
  })
  // REQ-100
  await step('signing out, twice', async () => {
    const leaving = await signIn(world, 1)
    const cookie = leaving.cookieHeader()
    const answer = await leaving.delete('/api/v1/sessions/current')
    assert.equal(answer.status, 204)
    assert.match(answer.headers['clear-site-data'], /storage/)
    refused(await leaving.get('/api/v1/me', { headers: { cookie } }), 'login-required')
    assert.equal((await leaving.delete('/api/v1/sessions/current')).status, 204)
  })
  await step('a log-in nobody has is locked like one somebody has', async () => {
    const stranger = browser()
    const attempt = () => stranger.post('/api/v1/sessions', { login: '13911112222', password: 'not-the-one-7' })
    for (let left = 4; left > 0; left--) assert.equal(refused(await attempt(), 'login-failed').params.tries_left, left)
    const problem = refused(await attempt(), 'account-locked')
    assert.match(problem.params.case, /^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    refused(await attempt(), 'account-locked')
  })
  // REQ-013
  await step('who I am: masked', async () => {
    const answer = await world.a.get('/api/v1/me')
    const me = expect(answer, 200)
    assert.equal(me.wallet_class, 3)
    assert.equal(me.frozen, false)
    for (const secret of [first.name, first.phone, first.id_number]) assert.ok(!answer.text.includes(secret))
  })
  // REQ-076 REQ-102
  await step('balances and limits', async () => {
    const wallet = expect(await world.a.get('/api/v1/wallet'), 200)
    assert.deepEqual(wallet.balances[0].available, { value: '2680.35', currency: 'CNY' })
    assert.deepEqual(wallet.balances[1].available, { value: '0.00', currency: 'USD' })
    const limits = expect(await world.a.get('/api/v1/limits'), 200)
    const rules = Object.fromEntries(limits.meters.map((meter) => [meter.rule, meter]))
    assert.equal(rules['limit.tx'].limit.value, '5000.00')
    assert.equal(rules['limit.year'].limit, null)
    assert.equal(rules['limit.balance'].used.value, '2680.35')
    assert.equal(rules['nopin.count'].count_limit, rules['nopin.count'].count_left)
  })
  await step('language and payments without PIN are settings', async () => {
    assert.equal((await world.a.put('/api/v1/me/language', { language: 'en' })).status, 204)
    assert.equal(expect(await world.a.get('/api/v1/me'), 200).language, 'en')
    refused(await world.a.put('/api/v1/me/language', { language: 'fr' }), 'request-invalid', { pointer: '/language', reason: 'choice' })
    assert.equal((await world.a.put('/api/v1/me/language', { language: 'zh-CN' })).status, 204)
    assert.equal(expect(await world.a.put('/api/v1/me/nopin', { enabled: true, pin: world.people[0].pin }), 200).nopin.enabled, true)
  })
  world.b = await signIn(world, 1)
  world.c = await signIn(world, 2)
  world.d = await signIn(world, 3)
}
