// The server is killed (SIGKILL) again and again in the middle of payments. No acknowledged payment
// may be missing afterwards, no payment may be there twice, each repeated request must get one
// answer, and the auditor must be clean. REQ-003 Runs on SQLite, and on PostgreSQL where ./test gives one.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'

const KILLS = Number(process.env.KILLS ?? 50)
const CLIENTS = 24
const root = new URL('../..', import.meta.url).pathname
const program = join(root, 'build/tongbao')
let passed = 0
let failed = 0

function check(name, good, detail = '') {
  good ? passed++ : failed++
  console.log(`${good ? 'ok  ' : 'FAIL'} ${name}${good ? '' : `: ${detail}`}`)
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}

function uuid7() {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  return bytes.toString('hex')
}

// Resolves with {status, text}, or null when no whole answer came.
function ask(agent, port, method, path, headers, body) {
  return new Promise((done) => {
    const request = http.request({ agent, port, host: '127.0.0.1', method, path, headers }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('error', () => done(null))
      answer.on('close', () => {
        if (!answer.complete) return done(null)
        done({ status: answer.statusCode, text: Buffer.concat(parts).toString() })
      })
    })
    request.on('error', () => done(null))
    request.end(body)
  })
}

class World {
  constructor(url, folder, wallets) {
    this.wallets = wallets // each may pay 10 times a day without its PIN
    this.url = url
    this.folder = folder
    this.next = 0
    this.acknowledged = new Map() // id -> {amount, session}
    this.open = [] // requests without an answer
    this.refused = 0
  }

  prepare() {
    const tokens = join(this.folder, 'tokens')
    execFileSync(join(root, 'build/tongbao-bench'), ['prepare', '--data', this.folder, '--database', this.url, '--tokens', tokens,
      '--wallets', String(this.wallets), '--profiles', join(root, 'spec/profiles')], { stdio: ['ignore', 'ignore', 'inherit'] })
    const lines = readFileSync(tokens, 'utf8').trim().split('\n').map((line) => line.split(' '))
    this.sessions = lines.filter(([kind]) => kind === 'session').map(([, token]) => token)
    this.shops = lines.filter(([kind]) => kind === 'shop').map(([, token]) => token)
  }

  async start() {
    this.server = spawn(program, ['serve', '--data', this.folder, '--database', this.url, '--share', root,
      '--listen', `127.0.0.1:${this.port}`, '--admin', `127.0.0.1:${this.admin}`], { stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    this.server.stderr.on('data', (part) => (log = (log + part).slice(-2000)))
    this.ended = new Promise((done) => this.server.once('exit', done))
    const agent = new http.Agent()
    for (let i = 0; i < 600; i++) {
      const answer = await ask(agent, this.port, 'GET', '/readyz', {})
      if (answer?.status === 200) return
      if (this.server.exitCode !== null) throw new Error(`the server ended: ${log}`)
      await sleep(20)
    }
    throw new Error(`the server is not ready: ${log}`)
  }

  pay(agent, attempt) {
    return ask(agent, this.port, 'POST', '/api/v1/payments', {
      cookie: `__Host-tongbao=${attempt.session}`,
      'idempotency-key': attempt.id,
      'content-type': 'application/json',
    }, JSON.stringify({ token: attempt.shop, amount: { value: attempt.amount, currency: 'CNY' } }))
  }

  note(attempt, answer) {
    if (answer === null) this.open.push(attempt)
    else if (answer.status === 201) this.acknowledged.set(attempt.id, attempt)
    else if (answer.status >= 500) this.open.push(attempt)
    else this.refused++
  }

  // One client: payments one after the other until the server is gone.
  async client() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    while (!this.killed) {
      const n = this.next++
      const attempt = {
        id: uuid7(),
        session: this.sessions[n % this.sessions.length],
        shop: this.shops[n % this.shops.length],
        amount: `0.${String(1 + (n % 99)).padStart(2, '0')}`,
      }
      this.note(attempt, await this.pay(agent, attempt))
    }
    agent.destroy()
  }

  async round() {
    this.killed = false
    const clients = Array.from({ length: CLIENTS }, () => this.client())
    await sleep(30 + Math.random() * 250)
    this.killed = true // no new requests: what is without an answer was on its way
    this.server.kill('SIGKILL')
    await this.ended
    await Promise.all(clients)
  }

  // Requests whose fate the client does not know are sent again under the same key: one answer each.
  async settle() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS })
    const open = this.open.splice(0)
    await Promise.all(open.map(async (attempt) => this.note(attempt, await this.pay(agent, attempt))))
    agent.destroy()
    return open.length
  }

  async missing() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS })
    const wrong = []
    const list = [...this.acknowledged.values()]
    for (let i = 0; i < list.length; i += 200) {
      await Promise.all(list.slice(i, i + 200).map(async (attempt) => {
        const answer = await ask(agent, this.port, 'GET', `/api/v1/operations/txn_${attempt.id}`, { cookie: `__Host-tongbao=${attempt.session}` })
        const operation = answer?.status === 200 ? JSON.parse(answer.text) : {}
        if (operation.state !== 'succeeded' || operation.amount.value !== attempt.amount) wrong.push(`${attempt.id} ${answer?.status}`)
      }))
    }
    agent.destroy()
    return wrong
  }

  audit() {
    try {
      return { clean: true, text: execFileSync(program, ['audit', '--database', this.url]).toString() }
    } catch (error) {
      return { clean: false, text: `${error.stdout}` }
    }
  }
}

async function campaign(name, url, folder, kills, wallets) {
  const world = new World(url, folder, wallets)
  world.port = await freePort()
  world.admin = await freePort()
  world.prepare()
  let unanswered = 0
  let unclean = ''
  for (let i = 0; i < kills; i++) {
    await world.start()
    unanswered += await world.settle()
    await world.round()
    const audit = world.audit()
    if (!audit.clean) unclean += audit.text
  }
  await world.start()
  unanswered += await world.settle()
  console.log(`     ${name}: ${kills} kills, ${world.acknowledged.size} payments acknowledged, ${unanswered} sent again, ${world.refused} refused`)
  check(`${name}: payments were acknowledged between the kills`, world.acknowledged.size > kills * 5)
  check(`${name}: kills hit payments on their way`, unanswered > kills / 2, `${unanswered}`)
  check(`${name}: nothing stays without an answer`, world.open.length === 0, `${world.open.length}`)
  check(`${name}: no payment was refused`, world.refused === 0, `${world.refused}`)
  const missing = await world.missing()
  check(`${name}: every acknowledged payment is there, whole`, missing.length === 0, missing.slice(0, 5).join(', '))
  world.server.kill('SIGTERM')
  check(`${name}: ends cleanly when asked to`, (await world.ended) === 0)
  check(`${name}: the auditor was clean after each kill`, unclean === '', unclean.slice(0, 500))
  const text = world.audit().text
  const expected = world.acknowledged.size + wallets // and one funding each
  check(`${name}: exactly the acknowledged payments exist`, text.includes(` ${expected} operations`), `${expected} expected in: ${text}`)
}

const folder = mkdtempSync(join(tmpdir(), 'tongbao-kill.'))
try {
  const sqlite = join(folder, 'sqlite')
  execFileSync('mkdir', ['-p', sqlite, join(folder, 'postgres')])
  await campaign('sqlite', join(sqlite, 'wallet.db'), sqlite, KILLS, 60 * KILLS + 100)
  const cluster = process.env.TONGBAO_TEST_POSTGRES
  if (cluster) {
    const database = `kill_${process.pid}`
    execFileSync('psql', ['-q', cluster, '-c', `CREATE DATABASE ${database}`])
    await campaign('postgres', cluster.replace(/\/[^/]*$/, `/${database}`), join(folder, 'postgres'), Math.ceil(KILLS / 5), 800)
    execFileSync('psql', ['-q', cluster, '-c', `DROP DATABASE ${database} WITH (FORCE)`])
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
