// Before anybody signs in: brand, terms, health, and what the edge refuses.
import assert from 'node:assert/strict'
import { expect, refused } from './expect.mjs'

export default async function service(world) {
  const { step, browser } = world
  const anyone = browser()

  await step('play people and play shop', async () => {
    world.people = expect(await anyone.get('/sandbox/api/people'), 200).data
    world.shop = expect(await anyone.get('/sandbox/api/shop'), 200)
    assert.ok(world.people.length >= 6)
  })
  await step('meta names the sandbox and the rules', async () => {
    const meta = expect(await anyone.get('/api/v1/meta'), 200)
    assert.equal(meta.environment, 'sandbox')
    assert.equal(meta.paycode.length, 18)
    world.terms = meta.terms.version
  })
  // REQ-101
  await step('terms in both languages', async () => {
    const zh = expect(await anyone.get('/api/v1/terms'), 200)
    const en = expect(await anyone.get('/api/v1/terms', { headers: { 'accept-language': 'en' } }), 200)
    assert.equal(zh.version, world.terms)
    assert.match(zh.title, /\p{Script=Han}/u)
    assert.doesNotMatch(en.title, /\p{Script=Han}/u)
  })
  await step('health', async () => {
    expect(await anyone.get('/livez'), 200)
    expect(await anyone.get('/readyz'), 200)
  })
  await step('figures and health on the admin listener', async () => {
    const probe = world.probe()
    expect(await probe.get('/livez'), 200)
    expect(await probe.get('/readyz'), 200)
    // A report for no message of ours is answered like any other and changes nothing.
    assert.equal((await probe.get('/sms/reports/none?status=1')).status, 200)
    assert.equal((await probe.post('/sms/reports/none', {})).status, 200)
    const { text } = await probe.get('/metrics')
    assert.match(text, /^tongbao_http_requests_total\{route="/m)
    const figure = (name) => Number(new RegExp(`^${name} ([0-9.]+)$`, 'm').exec(text)?.[1] ?? NaN)
    // The play people's wallets were opened by at least one group.
    const groups = figure('tongbao_commit_groups_total'), changes = figure('tongbao_commit_changes_total')
    assert.ok(groups >= 1 && changes >= groups, `${groups} groups, ${changes} changes`)
    assert.equal(figure('tongbao_db_commit_group_size_count'), groups)
    assert.equal(figure('tongbao_db_commit_group_size_sum'), changes)
    assert.equal(figure('tongbao_db_commit_duration_seconds_count'), groups)
    assert.ok(figure('tongbao_db_commit_duration_seconds_sum') > 0)
    assert.ok(figure('tongbao_commit_waiting') >= 0 && figure('tongbao_hash_queue_depth') >= 0)
    assert.ok(figure('tongbao_ledger_sequence') > 0)
    for (const queue of ['bank', 'decide', 'face', 'sms']) {
      assert.match(text, new RegExp(`^tongbao_outbox_waiting\\{queue="${queue}"\\} [0-9]+$`, 'm'))
      assert.match(text, new RegExp(`^tongbao_outbox_lag_seconds\\{queue="${queue}"\\} [0-9.]+$`, 'm'))
    }
  })
  await step('a QR code is drawn; without a text it is not', async () => {
    const drawn = await anyone.get('/api/v1/qr.svg?text=abc')
    assert.equal(drawn.status, 200)
    assert.match(drawn.text, /^<svg|^<\?xml/)
    refused(await anyone.get('/api/v1/qr.svg'), 'request-invalid')
  })
  await step('refusals speak the language of the client', async () => {
    const zh = await anyone.get('/api/v1/me')
    const en = await anyone.get('/api/v1/me', { headers: { 'accept-language': 'en-GB,en;q=0.9' } })
    assert.match(refused(zh, 'login-required').detail, /请重新登录/)
    assert.match(refused(en, 'login-required').detail, /Please log in/)
    assert.equal(zh.headers['content-language'], 'zh-CN')
    assert.equal(en.headers['content-language'], 'en')
    assert.equal(zh.headers['cache-control'], 'no-store')
  })
  const login = { login: '13900010021', password: 'x' }
  await step('what is no JSON, not as described, or too much', async () => {
    refused(await anyone.call('POST', '/api/v1/sessions', { raw: '{' }), 'request-invalid')
    refused(await anyone.post('/api/v1/sessions', { ...login, extra: 1 }), 'request-invalid', { pointer: '/extra', reason: 'unknown' })
    refused(await anyone.post('/api/v1/sessions', { login: 'x' }), 'request-invalid', { pointer: '/password', reason: 'missing' })
    refused(await anyone.post('/api/v1/sessions', { ...login, password: 7 }), 'request-invalid', { pointer: '/password', reason: 'type' })
    refused(await anyone.post('/api/v1/sessions', { ...login, login: 'x'.repeat(33) }), 'request-invalid', { pointer: '/login', reason: 'long' })
    refused(await anyone.post('/api/v1/sessions', { ...login, login: 'x'.repeat(70000) }), 'body-too-large')
  })
  await step('another content type, another site, another method, another path', async () => {
    refused(
      await anyone.call('POST', '/api/v1/sessions', { raw: 'login=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      'media-type-unsupported',
    )
    refused(await anyone.post('/api/v1/sessions', login, { headers: { origin: 'https://evil.example' } }), 'origin-refused')
    refused(await anyone.post('/api/v1/sessions', login, { headers: { 'sec-fetch-site': 'cross-site' } }), 'origin-refused')
  })
  await step('the sandbox can be looked at, set and put back', async () => {
    expect(await anyone.put('/sandbox/api/sms', { mode: 'drop' }), 200)
    assert.equal(expect(await anyone.get('/sandbox/api/state'), 200).sms, 'drop')
    refused(await anyone.put('/sandbox/api/sms', { mode: 'eat' }), 'request-invalid')
    assert.equal(expect(await anyone.post('/sandbox/api/reset'), 200).sms, 'deliver')
    refused(await anyone.get('/sandbox/api/nothing'), 'not-found')
  })
}
