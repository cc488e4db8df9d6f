// Bills, sums, details, the inbox.
import assert from 'node:assert/strict'
import { expect, refused } from './expect.mjs'

async function all(client, query) {
  const rows = []
  for (let cursor = ''; cursor !== null; ) {
    const page = expect(await client.get(`/api/v1/bills?${query}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`), 200)
    rows.push(...page.data)
    cursor = page.next_cursor
  }
  return rows
}

export default async function bills(world) {
  const { step, a, c } = world

  // REQ-081
  await step('the whole list in small pages is the list', async () => {
    const whole = await all(a, 'limit=100')
    const pages = await all(a, 'limit=3')
    assert.ok(whole.length >= 8)
    assert.deepEqual(pages.map((row) => row.id), whole.map((row) => row.id))
    assert.equal(new Set(whole.map((row) => row.id)).size, whole.length)
    assert.ok(whole.every((row, i) => i === 0 || row.created_at <= whole[i - 1].created_at))
    world.rows = whole
  })
  // REQ-080
  await step('filters', async () => {
    const month = world.rows[0].created_at
    const here = new Date(Date.parse(month) + 8 * 3600e3).toISOString().slice(0, 7)
    assert.equal((await all(a, `month=${here}&limit=100`)).length, world.rows.length)
    assert.equal((await all(a, 'month=2001-01')).length, 0)
    for (const kind of ['payment', 'transfer', 'topup', 'withdrawal', 'refund'])
      assert.deepEqual((await all(a, `kind=${kind}`)).map((r) => r.id), world.rows.filter((r) => r.kind === kind).map((r) => r.id), kind)
    for (const direction of ['in', 'out'])
      assert.ok((await all(a, `direction=${direction}`)).every((row) => row.direction === direction))
    assert.ok((await all(a, 'kind=topup')).length >= 2)
    assert.deepEqual((await all(a, `q=${encodeURIComponent('午饭')}`)).map((r) => r.memo), ['午饭'])
    assert.ok((await all(a, 'q=12.30')).length >= 1)
  })
  await step('what is no filter is refused by name', async () => {
    for (const [query, pointer] of [['foo=1', '/foo'], ['month=2026-13', '/month'], ['kind=gift', '/kind'], ['direction=up', '/direction'], ['limit=0', '/limit'], ['limit=101', '/limit']])
      refused(await a.get(`/api/v1/bills?${query}`), 'request-invalid', { pointer })
    refused(await a.get('/api/v1/bills?cursor=abc'), 'request-invalid', { pointer: '/cursor' })
    const { next_cursor } = expect(await a.get('/api/v1/bills?limit=1'), 200)
    refused(await c.get(`/api/v1/bills?limit=1&cursor=${encodeURIComponent(next_cursor)}`), 'request-invalid')
  })
  // REQ-082
  await step('sums of the month', async () => {
    const summary = expect(await a.get('/api/v1/bills/summary'), 200)
    const sum = (key) => summary.days.reduce((total, day) => total + Number(day[key].value.replace('.', '')), 0)
    assert.equal(sum('out'), Number(summary.out.value.replace('.', '')))
    assert.ok(sum('out') > 0)
    refused(await a.get('/api/v1/bills/summary?month=nonsense'), 'request-invalid')
  })
  await step('details of each row, for its parties only', async () => {
    for (const row of world.rows) {
      const bill = expect(await a.get(`/api/v1/bills/${row.id}`), 200)
      for (const key of Object.keys(row)) assert.deepEqual(bill[key], row[key], `${row.id} ${key}`)
      assert.ok(bill.receipt_code)
      assert.deepEqual(expect(await a.get(`/api/v1/operations/${row.id}`), 200), bill)
      refused(await c.get(`/api/v1/bills/${row.id}`), 'not-found')
    }
    refused(await a.get(`/api/v1/bills/txn_${'0'.repeat(32)}`), 'not-found')
    refused(await a.get('/api/v1/operations/nothing'), 'not-found')
  })
  // REQ-085
  await step('the inbox, in pages and two languages, and read', async () => {
    const first = expect(await a.get('/api/v1/messages?limit=2'), 200)
    assert.equal(first.data.length, 2)
    const rest = expect(await a.get(`/api/v1/messages?cursor=${encodeURIComponent(first.next_cursor)}&limit=100`), 200)
    const kinds = [...first.data, ...rest.data].map((message) => message.kind)
    for (const kind of ['wallet.opened', 'session.new', 'card.bound', 'topup.done']) assert.ok(kinds.includes(kind), kind)
    const english = expect(await a.get('/api/v1/messages?limit=1', { headers: { 'accept-language': 'en' } }), 200)
    assert.doesNotMatch(english.data[0].title, /\p{Script=Han}/u)
    assert.ok(expect(await a.get('/api/v1/me'), 200).unread > 0)
    assert.equal((await a.post('/api/v1/messages/read')).status, 204)
    assert.equal(expect(await a.get('/api/v1/me'), 200).unread, 0)
    refused(await a.get('/api/v1/messages?limit=x'), 'request-invalid')
    refused(await a.get('/api/v1/messages?cursor=x'), 'request-invalid')
  })
}
