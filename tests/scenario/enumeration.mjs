// Nothing tells whether a phone or an ID number is known: answers of opening and log-in for registered and unregistered ones are
// equal in text, status and time. On SQLite only: the measure is of the program, not of the database.
// Time: paired, interleaved samples in random order; the slowest tenth of each group is left out; Welch's t < 4.5 and medians close
// together. A control with a small delay on one side must be found by the same measure.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname
if (!existsSync(join(root, 'tests/node/node_modules'))) {
  console.log('skipped: tests/node is not installed (npm ci in tests/node)')
  process.exit(77)
}
const { steps } = await import('../node/tools.mjs')
const { Client, startWallet } = await import('../node/wallet.mjs')
const { expect } = await import('./api/expect.mjs')
const { step, finish } = steps()

const current = '/api/v1/applications/current'
const limitT = 4.5

// --- the measure ---

const sorted = (list) => [...list].sort((a, b) => a - b)
const median = (list) => sorted(list)[list.length >> 1]
const trimmed = (list) => sorted(list).slice(0, Math.floor(list.length * 0.9))
const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length
function variance(list) {
  const m = mean(list)
  return list.reduce((total, x) => total + (x - m) ** 2, 0) / (list.length - 1)
}
function welch(a, b) {
  return Math.abs(mean(a) - mean(b)) / Math.sqrt(variance(a) / a.length + variance(b) / b.length)
}

/** Runs known and unknown in pairs, each pair in random order. `count` pairs. */
async function pairs(count, known, unknown) {
  const times = { known: [], unknown: [] }
  const answers = { known: new Set(), unknown: new Set() }
  for (let i = -20; i < count; i++) {
    const order = randomInt(2) ? ['known', 'unknown'] : ['unknown', 'known']
    for (const which of order) {
      const began = process.hrtime.bigint()
      const answer = await (which === 'known' ? known : unknown)(Math.max(i, 0))
      const took = Number(process.hrtime.bigint() - began) / 1e6
      if (i < 0) continue // warm
      times[which].push(took)
      answers[which].add(answer)
    }
  }
  return { times, answers }
}

function judge({ times }) {
  const [a, b] = [trimmed(times.known), trimmed(times.unknown)]
  const [first, second] = [median(times.known), median(times.unknown)]
  return { t: welch(a, b), gap: Math.abs(first - second) / Math.min(first, second), first, second }
}
const told = (m) => `t = ${m.t.toFixed(2)}, medians ${m.first.toFixed(3)} and ${m.second.toFixed(3)} ms`

/** Equal in text and status always; in time by the measure. One unlucky run on a busy machine is measured once more. */
async function indistinguishable(name, count, known, unknown) {
  let measured
  for (let round = 0; round < 2; round++) {
    const run = await pairs(count, known, unknown)
    assert.deepEqual([...run.answers.known].sort(), [...run.answers.unknown].sort(), `${name}: text and status`)
    assert.equal(run.answers.known.size, 1, `${name}: one answer`)
    measured = judge(run)
    if (measured.t < limitT && measured.gap < 0.2) break
  }
  console.log(`${name}: ${told(measured)}`)
  assert.ok(measured.t < limitT && measured.gap < 0.2, `${name}: ${told(measured)}`)
}

// --- the two sides ---

const wallet = await startWallet(root, 'sqlite')
let address = 0
/** Each request from an address of its own: no limit of sending is met. */
const elsewhere = () => ({ 'x-forwarded-for': `198.${18 + ((address >> 16) & 1)}.${(address >> 8) & 255}.${address++ & 255}` })
const nothing = () => {}

/** What a page could see of an answer: status and text, without times, ids and the masked digits that were typed. */
function seen(answer) {
  const text = answer.text
    .replace(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"T"')
    .replace(/req_[0-9a-f]+/g, 'R')
    .replace(/app_[0-9a-f]{32}/g, 'A')
    .replace(/"case_number":"[^"]*"/g, '"case_number":"C"')
    .replace(/[\dX]+\*+[\dX]+/g, 'M')
    .replace(/"(name_masked|birth_date|sex)":"[^"]*"/g, '"$1":"V"')
  const headers = Object.keys(answer.headers).filter((h) => !/^(date|content-length)$/.test(h)).sort()
  return `${answer.status} ${headers} ${text}`
}

/** An unknown ID number of the same birth date and sex as a known one. */
function stranger(id_number) {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const body = `${id_number.slice(0, 14)}${String((Number(id_number.slice(14, 17)) + 2) % 1000).padStart(3, '0')}`
  return body + '10X98765432'[weights.reduce((sum, weight, i) => sum + weight * Number(body[i]), 0) % 11]
}

try {
  const guest = new Client(wallet.port, nothing)
  const meta = expect(await guest.get('/api/v1/meta'), 200)
  const people = expect(await guest.get('/sandbox/api/people'), 200).data
  const members = people.filter((p) => p.opened)
  const wish = { terms_version: meta.terms.version, consent_terms: true, consent_face: true }
  async function draft() {
    const client = new Client(wallet.port, nothing, elsewhere())
    expect(await client.post('/api/v1/applications', wish), 201)
    return client
  }
  const unknownPhone = (i) => `138${String(10000000 + i).slice(-8)}`

  await step('the measure finds a delay of 0.5 ms (negative control)', async () => {
    const spin = (ms) => {
      const end = process.hrtime.bigint() + BigInt(Math.round(ms * 1e6))
      while (process.hrtime.bigint() < end);
    }
    const ask = async () => `${(await guest.get('/livez')).status}`
    const run = await pairs(600, async () => {
      spin(0.5)
      return ask()
    }, ask)
    const found = judge(run)
    console.log(`control: ${told(found)}`)
    assert.ok(found.t > limitT, told(found))
  })

  // REQ-046
  await step('opening: an ID number that has a wallet and one that has none', async () => {
    const [one, other] = [await draft(), await draft()]
    const known = members[0].id_number
    const unknown = stranger(known)
    // Each puts another number each time, so that there is always something to store.
    const put = (client, number) => async (i) => {
      client.headers = elsewhere()
      return seen(await client.put(`${current}/identity`, { name: i % 2 ? '林知夏' : '林知秋', id_number: number }))
    }
    await indistinguishable('identity', 1000, put(one, known), put(other, unknown))
  })

  await step('opening: a code to a phone that has a wallet and to one that has none', async () => {
    // Limits of sending count by number: as many numbers as there are members, then the answer is the same "too many" for both.
    const [one, other] = [await draft(), await draft()]
    for (const client of [one, other])
      expect(await client.put(`${current}/identity`, { name: people[5].name, id_number: people[5].id_number }), 200)
    const first = [await one.post(`${current}/phone`, { phone: members[0].phone }), await other.post(`${current}/phone`, { phone: unknownPhone(0) })]
    assert.equal(seen(first[0]), seen(first[1]))
    assert.equal(first[0].status, 202)
    const again = (client, phone) => async () => {
      client.headers = elsewhere()
      const answer = await client.post(`${current}/phone`, { phone })
      return seen(answer).replace(/"retry_after":\d+/, '').replace(/\d+( 秒| s)/, 'N$1').replace(/R"/, '')
    }
    await indistinguishable('code', 700, again(one, members[0].phone), again(other, unknownPhone(0)))
  })

  await step('log-in: a phone that has a wallet and one that has none, with a wrong password', async () => {
    // Four tries each: the fifth would lock, which it does for both.
    const tries = new Map()
    const log = (phone) => async () => {
      const number = phone()
      const n = (tries.get(number) ?? 0) + 1
      tries.set(number, n)
      const client = new Client(wallet.port, nothing, elsewhere())
      const answer = await client.post('/api/v1/sessions', { login: number, password: 'wrong-password-9' })
      assert.equal(answer.status, 401)
      return seen(answer).replace(/"tries_left":\d/, '').replace(/还可试 \d 次/, '').replace(/\d tries left/, '')
    }
    let k = 0
    let u = 0
    const known = () => members[(k++ >> 2) % members.length].phone
    const unknown = () => unknownPhone(500 + (u++ >> 2))
    const rounds = members.length * 4
    const times = { known: [], unknown: [] }
    for (let i = 0; i < rounds; i++)
      for (const which of randomInt(2) ? ['known', 'unknown'] : ['unknown', 'known']) {
        const run = log(which === 'known' ? known : unknown)
        const began = process.hrtime.bigint()
        times[which].answer = await run()
        times[which].push(Number(process.hrtime.bigint() - began) / 1e6)
      }
    assert.equal(times.known.answer, times.unknown.answer)
    const found = judge({ times })
    console.log(`log-in: ${told(found)}`)
    assert.ok(found.t < limitT && found.gap < 0.25, told(found))
  })
} finally {
  await wallet.stop()
  wallet.remove()
}
finish()
