// A real wallet for one scenario: its own data folder, database and free loopback ports; and people who talk to it.
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, createWriteStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A free loopback port. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Asks again until `look` gives something true; throws with `what` when it takes too long. */
export async function until(what, look, seconds = 30) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}

/** A UUID in version 7, as clients make it. */
export function newKey() {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function request(port, { method, path, headers, body, agent }) {
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      const chunks = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') }),
      )
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.setTimeout(30000, () => sent.destroy(new Error(`no answer: ${method} ${path}`)))
    sent.end(body)
  })
}

/** A browser: keeps cookies, sends JSON. Every answer goes through `inspect(method, path, answer)`. */
export class Client {
  constructor(port, inspect, headers = {}) {
    this.port = port
    this.inspect = inspect
    this.headers = headers
    this.cookies = new Map()
  }

  cookieHeader() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  takeCookies(answer) {
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (/Max-Age=0/.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
  }

  async call(method, path, { body, key, headers = {}, raw } = {}) {
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const all = { ...this.headers, ...headers }
    if (this.cookies.size) all.cookie = this.cookieHeader()
    if (key) all['idempotency-key'] = key
    if (text !== undefined) {
      all['content-type'] ??= 'application/json'
      all['content-length'] = Buffer.byteLength(text)
    }
    const answer = await request(this.port, { method, path, headers: all, body: text })
    this.takeCookies(answer)
    answer.json = (answer.headers['content-type'] ?? '').includes('json') ? JSON.parse(answer.text) : null
    this.inspect(method, path, answer)
    return answer
  }

  get(path, options) {
    return this.call('GET', path, options)
  }
  post(path, body = {}, options) {
    return this.call('POST', path, { ...options, body })
  }
  put(path, body, options) {
    return this.call('PUT', path, { ...options, body })
  }
  delete(path, options) {
    return this.call('DELETE', path, options)
  }

  /** Opens the event stream; events gather in `.events`. */
  listen(lastId) {
    const headers = { ...this.headers, cookie: this.cookieHeader() }
    if (lastId) headers['last-event-id'] = String(lastId)
    const stream = { events: [], close: () => sent.destroy() }
    const sent = http.request({ host: '127.0.0.1', port: this.port, path: '/api/v1/events', headers }, (answer) => {
      stream.status = answer.statusCode
      stream.type = answer.headers['content-type']
      let rest = ''
      answer.setEncoding('utf8')
      answer.on('error', () => {})
      answer.on('close', () => (stream.ended = true))
      answer.on('data', (chunk) => {
        rest += chunk
        for (let end; (end = rest.indexOf('\n\n')) >= 0; rest = rest.slice(end + 2)) {
          const fields = Object.fromEntries([...rest.slice(0, end).matchAll(/^(\w+): ?(.*)$/gm)].map((m) => [m[1], m[2]]))
          if (fields.data) stream.events.push({ id: Number(fields.id), type: fields.event, data: JSON.parse(fields.data) })
        }
      })
    })
    sent.on('error', () => {})
    sent.end()
    return stream
  }
}

function freshDatabase(kind, folder) {
  if (kind === 'sqlite') return { url: join(folder, 'wallet.db'), drop: () => {} }
  const base = process.env.TONGBAO_TEST_POSTGRES
  const name = `scenario_${randomBytes(6).toString('hex')}`
  const psql = (sql) => execFileSync('psql', ['-q', '-d', base, '-c', sql])
  psql(`CREATE DATABASE ${name}`)
  return {
    url: base.replace(/\/[^/]*$/, `/${name}`),
    drop: () => psql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

/**
 * The product's profiles, each edition changed by the function of its profile's name: tests that wait for nothing.
 * Without others: no waiting between wrong passwords, unfreezing at once.
 */
export function ownProfiles(root, folder, changes = {}) {
  const quick = (profile) => ({ ...profile, login: { ...profile.login, delays_s: [] }, unfreeze_delay_s: 0 })
  const all = { lock: quick, ...changes }
  const target = join(folder, 'profiles')
  mkdirSync(target, { recursive: true })
  cpSync(join(root, 'spec/profiles'), target, { recursive: true })
  for (const name of readdirSync(target).filter((file) => file.endsWith('.json'))) {
    const profile = JSON.parse(readFileSync(join(target, name), 'utf8'))
    const change = all[profile.profile]
    if (change) writeFileSync(join(target, name), JSON.stringify(change(profile)))
  }
  return target
}

// A scenario that is ended from outside leaves no server behind.
const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, () => process.exit(1))

function start(program, options, log) {
  const child = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.stderr.pipe(createWriteStream(log))
  child.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  child.ended.then((how) => (child.how = how))
  return child
}

async function stop(child) {
  if (child.how === undefined) child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 45000)
  const how = await child.ended
  clearTimeout(late)
  return how
}

/**
 * Starts sandbox and server with the play people. kind: "sqlite" or "postgresql". production: the server does not know the
 * sandbox and has no people. profiles: see ownProfiles. apart: the server has no workers; startJobs() starts them as a process of their own.
 * TONGBAO_BUILD names another build folder (sanitizers).
 */
export async function startWallet(root, kind, { production = false, apart = false, profiles = {} } = {}) {
  const program = join(root, process.env.TONGBAO_BUILD ?? 'build', 'tongbao')
  const folder = mkdtempSync(join(tmpdir(), 'tongbao-scenario.'))
  const database = freshDatabase(kind, folder)
  const [port, admin, sandbox] = [await freePort(), await freePort(), await freePort()]
  const people = join(root, 'spec/play/people.json')
  const serverLog = join(folder, 'serve.log')
  const world = start(program, ['sandbox', '--listen', `127.0.0.1:${sandbox}`, '--data', folder, '--people', people], join(folder, 'sandbox.log'))
  const publicUrl = `http://localhost:${port}`
  const server = start(
    program,
    ['serve', '--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${admin}`, '--data', folder, '--share', root,
      '--profiles', ownProfiles(root, folder, profiles), '--public-url', publicUrl, '--database', database.url, ...(production ? [] : ['--sandbox', `http://127.0.0.1:${sandbox}`, '--seed']),
      ...(apart ? ['--no-jobs'] : [])],
    serverLog,
  )
  await until('the server answers', async () => {
    if (server.how) throw new Error(`the server ended: ${readFileSync(serverLog, 'utf8').split('\n').slice(-8).join('\n')}`)
    try {
      return (await request(port, { method: 'GET', path: '/readyz', headers: {} })).status === 200
    } catch {
      return false
    }
  })
  return {
    port,
    admin,
    publicUrl,
    database: database.url,
    folder,
    log: () => readFileSync(serverLog, 'utf8'),
    /** The workers of a server that has none. Returns their admin port and how to end them. */
    async startJobs() {
      const jobsAdmin = await freePort()
      const jobs = start(
        program,
        ['jobs', '--admin', `127.0.0.1:${jobsAdmin}`, '--data', folder, '--share', root, '--profiles', join(folder, 'profiles'),
          '--public-url', publicUrl, '--database', database.url, '--sandbox', `http://127.0.0.1:${sandbox}`],
        join(folder, 'jobs.log'),
      )
      await until('the workers are ready', async () => {
        if (jobs.how) throw new Error(`the workers ended: ${readFileSync(join(folder, 'jobs.log'), 'utf8').slice(-800)}`)
        try {
          return (await request(jobsAdmin, { method: 'GET', path: '/readyz', headers: {} })).status === 200
        } catch {
          return false
        }
      })
      return { admin: jobsAdmin, stop: () => stop(jobs) }
    },
    /** Ends both programs. Returns how the server ended. */
    async stop() {
      const how = await stop(server)
      await stop(world)
      return how
    },
    /** The auditor's words; throws when it finds something. */
    audit: () => execFileSync(program, ['audit', '--database', database.url], { encoding: 'utf8' }),
    remove() {
      database.drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
