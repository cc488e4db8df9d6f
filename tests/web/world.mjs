// The world of the web tests: a sandbox and a server of their own on free loopback ports, real phones
// (Chromium at phone size) that note everything a person should never meet, and numbered steps.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { randomBytes, randomInt } from 'node:crypto'
import { ownProfiles } from '../node/wallet.mjs'

export const root = new URL('../..', import.meta.url).pathname
const program = join(root, 'build/tongbao')
const pictures = process.env.TONGBAO_PICTURES // a folder: every screen on the way is kept there
const failures = join(root, 'build/web-failures')
const require = createRequire(join(root, 'web/package.json'))
const { chromium } = require('playwright-core')
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const tables = Object.fromEntries(
  ['zh-CN', 'en'].map((name) => [
    name,
    Object.assign({}, ...[name, `trouble.${name}`].map((file) => JSON.parse(readFileSync(join(root, `web/kit/i18n/${file}.json`), 'utf8')))),
  ]),
)
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place)

/** A text of the string tables. */
export const text = (language, key, values = {}) => {
  const found = tables[language][key]
  if (found === undefined) throw new Error(`no text ${key}`)
  return fill(found, values)
}

/** The catalogue of refusals: code -> {zh, en}. */
export const refusals = Object.fromEntries(
  readFileSync(join(root, 'spec/errors.csv'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1] ?? m[2]))
    .map(([code, , zh, en]) => [code, { 'zh-CN': zh, en }]),
)

/** The sentence of a refusal as a pattern: its places may hold anything. */
export function refusal(language, code) {
  const parts = refusals[code][language].split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(parts.join('.+'))
}

// --- steps ---

let passed = 0
let failed = 0
const open = [] // phones in use

/** What every phone shows when a step fails: build/web-failures/. */
async function pictureOfFailure() {
  for (const [i, phone] of open.entries()) await phone.shot(`${basename(process.argv[1], '.mjs')}-${failed}-phone${i + 1}`, failures).catch(() => undefined)
}

/** Runs one labelled step; a throw is a failure. After three failures the rest is not tried. */
export async function step(name, run, always = false) {
  if (failed >= 3 && !always) {
    failed++
    console.log(`FAIL ${name}: not tried`)
    return false
  }
  try {
    await run()
    passed++
    console.log(`ok   ${name}`)
    return true
  } catch (error) {
    failed++
    await pictureOfFailure()
    console.log(`FAIL ${name}: ${error?.stack?.split('\n').slice(0, 12).join('\n     ') ?? error}`)
    return false
  }
}

export function expect(good, message) {
  if (!good) throw new Error(message)
}

export function same(seen, wanted, what = 'value') {
  expect(seen === wanted, `${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`)
}

/** Asks again until the answer is true. */
export async function until(what, ask, timeoutMs = 15_000) {
  const end = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((done) => setTimeout(done, 60))
  }
}

// --- the servers ---

// Below the range that the system gives to outgoing connections: nobody takes it by chance.
async function freePort() {
  for (;;) {
    const port = 18_000 + randomInt(12_000)
    const free = await new Promise((done) => {
      const server = createServer()
      server.once('error', () => done(false))
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)))
    })
    if (free) return port
  }
}

export function uuid7() {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** One HTTP request on the loopback; resolves with {status, body}. */
function ask(port, method, path, body, headers = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body)
  if (text !== undefined) headers = { 'content-type': 'application/json', ...headers }
  return new Promise((done, fail) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('error', fail)
      answer.on('end', () => {
        const raw = Buffer.concat(parts).toString()
        let json
        try {
          json = JSON.parse(raw)
        } catch {
          json = undefined
        }
        done({ status: answer.statusCode, body: json, raw })
      })
    })
    request.on('error', fail)
    request.end(text)
  })
}

export class World {
  static async start() {
    const world = new World()
    world.folder = mkdtempSync(join(tmpdir(), 'tongbao-web-'))
    world.port = await freePort()
    world.adminPort = await freePort()
    world.sandboxPort = await freePort()
    world.url = `http://localhost:${world.port}`
    world.browsers = []
    world.ugly = []
    world.phones = []
    try {
      world.sandbox = world.run('sandbox', '--listen', `127.0.0.1:${world.sandboxPort}`, '--data', world.folder, '--people',
        join(root, 'spec/play/people.json'))
      await world.startServer()
      world.people = (await world.get('/sandbox/api/people')).data
      world.shop = await world.get('/sandbox/api/shop')
    } catch (error) {
      await world.stop()
      throw error
    }
    return world
  }

  run(...words) {
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.log = ''
    child.stderr.on('data', (part) => (child.log = (child.log + part).slice(-4000)))
    child.over = new Promise((done) => child.once('exit', done))
    return child
  }

  async startServer() {
    this.server = this.run('serve', '--listen', `127.0.0.1:${this.port}`, '--admin', `127.0.0.1:${this.adminPort}`, '--data',
      this.folder, '--share', root, '--profiles', ownProfiles(root, this.folder), '--public-url', this.url, '--sandbox', `http://127.0.0.1:${this.sandboxPort}`, '--seed')
    await until('the server is ready', async () => {
      if (this.server.exitCode !== null) throw new Error(`the server ended: ${this.server.log}`)
      return (await ask(this.port, 'GET', '/readyz').catch(() => undefined))?.status === 200
    }, 40_000)
  }

  async stopServer() {
    this.server.kill('SIGTERM')
    await this.server.over
  }

  async stop() {
    for (const browser of this.browsers) await browser.close().catch(() => undefined)
    for (const child of [this.server, this.sandbox]) {
      if (!child || child.exitCode !== null) continue
      child.kill('SIGTERM')
      await child.over
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  async get(path) {
    const { status, body, raw } = await ask(this.port, 'GET', path)
    expect(status === 200, `GET ${path}: ${status} ${raw}`)
    return body
  }

  /** Sets what the play world does next. */
  async play(path, body, method = 'PUT') {
    const { status, raw } = await ask(this.port, method, `/sandbox/api/${path}`, body, { origin: this.url })
    expect(status < 300, `${method} ${path}: ${status} ${raw}`)
  }

  /** What a till or a shop's server asks. */
  async till(method, path, body) {
    const headers = { authorization: `Bearer ${this.shop.merchant_key}`, 'idempotency-key': uuid7() }
    return ask(this.port, method, `/api/v1/merchant${path}`, body, headers)
  }

  /** Charges a pay code as a till does. */
  charge(paycode, value, order_text = '美式咖啡 1 杯') {
    return this.till('POST', '/charges', { paycode, amount: { value, currency: 'CNY' }, order_text })
  }

  async order(value, order_text = '拿铁 2 杯', expires_s) {
    const { status, body, raw } = await this.till('POST', '/orders', {
      amount: { value, currency: 'CNY' },
      order_text,
      ...(expires_s ? { expires_s } : {}),
    })
    expect(status === 201, `order: ${status} ${raw}`)
    return body
  }

  async messages(phone) {
    return (await this.get(`/sandbox/api/messages?phone=${phone}`)).messages
  }

  /** The newest code that came to a play phone after `seen` messages. */
  async code(phone, seen = 0) {
    return until(`a code on ${phone}`, async () => {
      const list = await this.messages(phone)
      if (list.length <= seen) return undefined
      const newest = list.reduce((a, b) => (a.at > b.at ? a : b))
      return /\d{6}/.exec(newest.text)?.[0]
    })
  }

  person(name) {
    return this.people.find((p) => p.name === name)
  }

  /** A Chromium of its own; `camera` is a file that its camera shows. */
  async browser(camera) {
    const browser = await chromium.launch({
      executablePath: process.env.TONGBAO_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--use-fake-ui-for-media-stream',
        ...(camera ? ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${camera}`] : []),
      ],
    })
    this.browsers.push(browser)
    return browser
  }

  /** A new phone; nothing is kept from another one. */
  async phone(options = {}) {
    this.shared ??= await this.browser()
    const phone = new Phone(this, options)
    await phone.open(options.browser ?? this.shared)
    this.phones.push(phone)
    open.push(phone)
    return phone
  }

  /** A phone whose owner is logged in. */
  async loggedIn(person, options = {}) {
    const phone = await this.phone(options)
    await phone.logIn(person)
    return phone
  }

  /** Ends a file: what the phones noted, the servers, the sum. */
  async finish() {
    await step('no console error, no page error, no request to another place', () => {
      const all = this.phones.flatMap((phone) => phone.faults)
      same(all.join('\n'), '', 'noted')
    }, true)
    await step('every screen on the way fits and is accessible', () => {
      expect(!this.ugly.length, `\n     ${this.ugly.join('\n     ')}`)
    }, true)
    await step('the server ends cleanly', async () => {
      await this.stop()
      same(this.server.exitCode, 0, 'exit code')
    }, true)
    console.log(`${passed} passed, ${failed} failed`)
    process.exitCode = failed || !passed ? 1 : 0
  }
}

// --- a phone ---

export class Phone {
  constructor(world, { language = 'zh-CN', dark = false, width = 390, height = 844, ratio = 2, clock = false } = {}) {
    Object.assign(this, { world, language, dark, width, height, ratio, clock })
    this.faults = []
    this.allowed = []
  }

  async open(browser) {
    this.context = await browser.newContext({
      viewport: { width: this.width, height: this.height },
      deviceScaleFactor: this.ratio,
      locale: this.language,
      timezoneId: 'Asia/Shanghai',
      colorScheme: this.dark ? 'dark' : 'light',
      hasTouch: true,
      isMobile: true,
      permissions: ['camera', 'clipboard-write'],
    })
    this.context.setDefaultTimeout(8_000)
    this.context.on('request', (request) => this.noteRequest(request.url()))
    this.page = await this.tab()
  }

  async tab() {
    const page = await this.context.newPage()
    if (this.clock) await page.clock.install()
    page.on('pageerror', (error) => this.note(`page error: ${error.message}`))
    page.on('console', (line) => line.type() === 'error' && this.note(`console: ${line.text()} ${line.location().url}`))
    return page
  }

  note(line) {
    // Refusals of the API are part of the tests; the browser prints a line for each of them.
    if (/status of 4\d\d/.test(line) && line.includes(`${this.world.url}/api/`)) return
    if (!this.allowed.some((pattern) => pattern.test(line))) this.faults.push(`${this.page?.url()}: ${line}`)
  }

  noteRequest(url) {
    if (/^(data|blob):/.test(url) || new URL(url).origin === this.world.url) return
    this.faults.push(`request to ${url}`)
  }

  t(key, values) {
    return text(this.language, key, values)
  }

  go(path) {
    return this.page.goto(this.world.url + path)
  }

  /** A request of the page itself, with its cookies. */
  api(method, path, body, headers = {}) {
    return this.page.evaluate(
      async ([m, p, b, h]) => {
        const answer = await fetch(`/api/v1${p}`, {
          method: m,
          headers: { 'Content-Type': 'application/json', ...h },
          body: b === undefined ? undefined : JSON.stringify(b),
        })
        const text = await answer.text()
        return { status: answer.status, body: text ? JSON.parse(text) : undefined }
      },
      [method, path, body, headers],
    )
  }

  async logIn(person) {
    await this.go('/welcome')
    await this.heading(this.t('brand'))
    const { status } = await this.api('POST', '/sessions', {
      login: person.phone,
      password: person.password,
      device_name: 'Android Chrome',
    })
    same(status, 201, 'log in')
    await this.go('/')
    await this.page.getByTestId('balance').or(this.page.locator('[data-test=balance]')).waitFor()
  }

  /** Waits until the page with this heading is there and has the focus. */
  async heading(title) {
    await this.page.locator('h1', { hasText: title }).first().waitFor()
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true })
  }

  press(key, values) {
    return this.button(this.t(key, values)).click()
  }

  /** Presses a button of the sheet or question on top. */
  answer(key, values) {
    return this.page.locator('.sheet').last().getByRole('button', { name: this.t(key, values), exact: true }).click()
  }

  link(key) {
    return this.page.getByRole('link', { name: this.t(key) })
  }

  field(key) {
    return this.page.getByLabel(this.t(key), { exact: true })
  }

  sees(words) {
    return this.page.getByText(words).first().waitFor()
  }

  /** Types on our own keypad, also where its keys are shuffled. */
  async keys(digits) {
    const pad = this.page.locator('.sheet .pad, .pad').last()
    for (const digit of digits) {
      const name = digit === '.' ? this.t('pad.point') : digit
      await pad.getByRole('button', { name, exact: true }).click()
    }
  }

  /** Enters the PIN in the sheet. */
  async pin(digits) {
    await this.page.getByRole('dialog').getByText(this.t('pin.enter')).waitFor()
    await this.keys(digits)
  }

  async balance() {
    const { body } = await this.api('GET', '/wallet')
    return body.balances.find((b) => b.currency === 'CNY').available.value
  }

  path() {
    return new URL(this.page.url()).pathname
  }

  atPath(pattern) {
    return until(`at ${pattern}`, () => (pattern instanceof RegExp ? pattern.test(this.path()) : this.path() === pattern))
  }

  /** A picture of the screen for people to look at. */
  async shot(name, folder = pictures) {
    if (!folder) return
    mkdirSync(folder, { recursive: true })
    await this.page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
  }

  /** Accessibility, by axe in a world of its own: the page's content policy stays on. */
  async axe(rules) {
    const session = await this.context.newCDPSession(this.page)
    try {
      const { frameTree } = await session.send('Page.getFrameTree')
      const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id })
      const run = async (expression) => {
        const answer = await session.send('Runtime.evaluate', {
          expression, contextId: executionContextId, awaitPromise: true, returnByValue: true,
        })
        if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? answer.exceptionDetails.text)
        return answer.result.value
      }
      await run(axeSource)
      const only = rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
      // Not target-size: it takes a row that is scrolled half below the bar for a small one; misfits() measures all.
      return await run(`axe.run(document, {
          runOnly: ${JSON.stringify(only)}, resultTypes: ['violations'], rules: { 'target-size': { enabled: false } },
        }).then((r) => r.violations.map((v) => v.id + ' ' + v.nodes.map((n) => n.target.join(' ') + ' — ' +
          (n.any[0] ?? n.all[0] ?? n.none[0])?.message).join(' | ')))`)
    } finally {
      await session.detach().catch(() => undefined)
    }
  }

  /** What does not fit: sideways scroll, clipped text, labels on two lines, small targets. */
  misfits() {
    return this.page.evaluate(() => {
      const out = []
      const name = (e) => `${e.tagName.toLowerCase()}.${String(e.className?.baseVal ?? e.className).trim().replace(/\s+/g, '.')}`
      const say = (e, what) => out.push(`${what}: ${name(e)} “${(e.textContent ?? '').trim().slice(0, 40)}”`)
      const wide = document.documentElement.scrollWidth
      if (wide > window.innerWidth) out.push(`the page is ${wide} px wide in ${window.innerWidth}`)
      const hiddenFrom = (e) => e.closest('.sr, [hidden], .skip, .toast:not(.on)')
      const seen = [...document.querySelectorAll('body *')].filter(
        (e) => !(e instanceof SVGElement && e.tagName !== 'svg') && !hiddenFrom(e) && e.getClientRects().length &&
          getComputedStyle(e).visibility === 'visible',
      )
      for (const e of seen) {
        const style = getComputedStyle(e)
        const box = e.getBoundingClientRect()
        const scroller = e.closest('.chips')
        if (!scroller && box.width > 0 && (box.right > window.innerWidth + 1 || box.left < -1)) say(e, 'outside the screen')
        const cut = style.overflowX !== 'visible' && style.overflowX !== 'auto' && e.scrollWidth > e.clientWidth + 1
        if (e.matches('.ok-word') && e.scrollWidth > e.clientWidth + 1) say(e, 'a word too long')
        if (cut && style.textOverflow !== 'ellipsis' && !e.matches('input, video')) say(e, 'cut at the side')
        if (e instanceof HTMLElement && style.overflowY === 'hidden' && e.scrollHeight > e.clientHeight + 2 && e.clientHeight) say(e, 'cut below')
      }
      const oneLine = '.btn, .chip, .segmented button, .tabs span, .grid span, .hero-actions span, .tag, .nowrap, .header h1, ' +
        '.num.value, .balance, .pin-amount, .money-text, .scan-tools span, .plastic-number, .group-title, .card-title, .row > .link'
      for (const e of document.querySelectorAll(oneLine)) {
        if (hiddenFrom(e) || !e.getClientRects().length) continue
        const range = document.createRange()
        range.selectNodeContents(e)
        const lines = []
        for (const r of range.getClientRects()) {
          if (r.width < 1 || r.height < 6) continue
          if (!lines.some((top) => Math.abs(top - (r.top + r.bottom) / 2) < r.height * 0.6)) lines.push((r.top + r.bottom) / 2)
        }
        if (lines.length > 1) say(e, 'on more than one line')
      }
      for (const e of document.querySelectorAll('button, a.btn, a.row, .tabs a, .grid a, .hero-actions a, input:not([type=file])')) {
        if (hiddenFrom(e) || !e.getClientRects().length || e.closest('.otp, .skip')) continue
        if (e.matches('input[type=checkbox]')) continue
        const box = e.getBoundingClientRect()
        if (box.height < 43.5 || box.width < 43.5) say(e, `small target ${Math.round(box.width)} × ${Math.round(box.height)}`)
      }
      return [...new Set(out)]
    })
  }

  /** The screen as a person judges it: fits, is accessible, is pictured. */
  async looks(name) {
    await this.page.evaluate(() =>
      Promise.allSettled(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations === 1).map((a) => a.finished)))
    await this.shot(name)
    const wrong = [...(await this.misfits()), ...(await this.axe())]
    this.world.ugly.push(...wrong.map((line) => `${name}: ${line}`))
  }

  close() {
    return this.context.close()
  }
}

// --- a wallet that was used ---

const yuan = (value) => ({ value, currency: 'CNY' })

async function send(phone, path, body) {
  const { status, body: answer } = await phone.api('POST', path, body, { 'Idempotency-Key': uuid7() })
  expect(status < 300, `POST ${path}: ${status} ${JSON.stringify(answer)}`)
  return answer
}

/** Pays a code's text: the shop's own one, or an order's. */
export async function payText(phone, person, text, value, memo) {
  const scan = (await phone.api('POST', '/scan', { text })).body
  return send(phone, '/payments', { token: scan.token, amount: scan.amount ?? yuan(value), pin: person.pin, ...(memo ? { memo } : {}) })
}

export async function transferTo(phone, person, payee, value, memo) {
  const { payee_id } = (await phone.api('POST', '/payees/find', { phone: payee.phone })).body
  return send(phone, '/transfers', { payee_id, amount: yuan(value), pin: person.pin, ...(memo ? { memo } : {}) })
}

/** Adds the person's first card, by the API. */
export async function bindCard(phone, person, index = 0) {
  const { messages } = await phone.world.get(`/sandbox/api/messages?phone=${person.phone}`)
  const card = await send(phone, '/cards', { card_number: person.cards[index].card_number, phone: person.phone })
  const state = async () => (await phone.api('GET', `/cards/${card.id}`)).body.state
  await until('the bank asks for the code', async () => (await state()) === 'awaiting_code')
  const code = await phone.world.code(person.phone, messages.length)
  await send(phone, `/cards/${card.id}/confirm`, { code })
  await until('the card is bound', async () => (await state()) === 'bound')
  return card.id
}

export async function topUp(phone, person, card_id, value) {
  const { id } = await send(phone, '/topups', { card_id, amount: yuan(value), pin: person.pin })
  await until('the top-up is done', async () => (await phone.api('GET', `/operations/${id}`)).body.state === 'succeeded')
}

/** Some days of a wallet in a minute: payments, transfers both ways, a card, a top-up, a withdrawal. */
export async function useWallet(world, phone, person) {
  const [first, second] = world.people.filter((p) => p.opened && p !== person)
  const friend = await world.loggedIn(first)
  const card = await bindCard(phone, person)
  await topUp(phone, person, card, '500.00')
  await payText(phone, person, (await world.order('36.50', '拿铁 1 杯、可颂 1 个')).qr_text)
  await transferTo(phone, person, second, '200.00', '周末晚饭')
  await transferTo(friend, first, person, '88.00', '电影票')
  await payText(phone, person, world.shop.static_qr_text, '19.90')
  const { id } = await send(phone, '/withdrawals', { card_id: card, amount: yuan('300.00'), pin: person.pin })
  await until('the withdrawal is done', async () => (await phone.api('GET', `/operations/${id}`)).body.state === 'succeeded')
  await payText(phone, person, (await world.order('22.00', '燕麦拿铁 1 杯')).qr_text)
  await friend.close()
}

// --- pictures of codes ---

const { generate, correction } = createRequire(join(root, 'web/kit/package.json'))('lean-qr')

/** A grey picture of a QR symbol in the middle of a frame. */
function frame(text, width, height) {
  const code = generate(text, { minCorrectionLevel: correction.M })
  const module = Math.floor((Math.min(width, height) * 0.86) / (code.size + 8))
  const side = module * code.size
  const x0 = (width - side) >> 1
  const y0 = (height - side) >> 1
  const grey = Buffer.alloc(width * height, 225)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      if (code.get(Math.floor(x / module), Math.floor(y / module))) grey[(y + y0) * width + x + x0] = 25
  return grey
}

/** A film of a QR symbol, for the camera of a browser (YUV4MPEG2, 4:2:0). */
export function film(folder, text) {
  const [width, height] = [640, 480]
  const file = join(folder, `${uuid7()}.y4m`)
  const colour = Buffer.alloc((width * height) / 2, 128)
  const one = Buffer.concat([Buffer.from('FRAME\n'), frame(text, width, height), colour])
  writeFileSync(file, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), one, one, one]))
  return file
}

/** A picture file of a QR symbol (portable grey map is not read by browsers: BMP is). */
export function picture(folder, text) {
  const [width, height] = [480, 480]
  const grey = frame(text, width, height)
  const head = Buffer.alloc(54 + 1024)
  head.write('BM')
  head.writeUInt32LE(head.length + grey.length, 2)
  head.writeUInt32LE(head.length, 10)
  head.writeUInt32LE(40, 14)
  head.writeInt32LE(width, 18)
  head.writeInt32LE(-height, 22)
  head.writeUInt16LE(1, 26)
  head.writeUInt16LE(8, 28)
  for (let i = 0; i < 256; i++) head.writeUInt32LE(i * 0x010101, 54 + i * 4)
  const file = join(folder, `${uuid7()}.bmp`)
  writeFileSync(file, Buffer.concat([head, grey]))
  return file
}
