// The console in the browser, at the size of a desk: signing in, the queues, a case with a reveal and a note, maintenance by
// two operators, the audit trail, people and roles; light, dark and English; keyboard alone where a mouse is not needed.
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, root, same, step, until, World } from './world.mjs'

const words = Object.fromEntries(
  ['zh-CN', 'en'].map((name) => [name, JSON.parse(readFileSync(join(root, `web/console/src/words/${name}.json`), 'utf8'))]),
)
const world = await World.start()
const size = { width: 1440, height: 900, ratio: 1 }

/** An operator's screen. */
async function desk(language = 'zh-CN', dark = false, more = {}) {
  const screen = await world.phone({ language, dark, ...size, ...more })
  screen.w = (key, values = {}) => words[language][key].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place)
  return screen
}
const used = {}
/** The code of a key (RFC 6238) at a step of 30 seconds. */
function totp(key, at) {
  let bits = ''
  for (const letter of key) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(at))
  const bytes = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
  const mac = createHmac('sha1', bytes).update(counter).digest()
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0')
}
/** A code that this operator did not use yet: of now, or the next one (the one before may be over by the time it is sent). */
async function code(login) {
  const { data } = await world.get('/sandbox/api/operators')
  const { key } = data.find((o) => o.login === login)
  return until(`a new code of ${login}`, () => {
    const now = Math.floor(Date.now() / 30_000)
    const next = Math.max(now, (used[login] ?? 0) + 1)
    if (next > now + 1) return undefined
    used[login] = next
    return totp(key, next)
  }, 40_000)
}
async function signIn(screen, login) {
  const { data } = await world.get('/sandbox/api/operators')
  const person = data.find((o) => o.login === login)
  await screen.go('/console/')
  await screen.heading(screen.w('sign.title'))
  await screen.page.getByLabel(screen.w('sign.login'), { exact: true }).fill(login)
  await screen.page.getByLabel(screen.w('sign.password'), { exact: true }).fill(person.password)
  await screen.page.getByLabel(screen.w('sign.totp'), { exact: true }).fill(await code(login))
  await screen.page.keyboard.press('Enter')
  await screen.heading(screen.w('work.title'))
}
async function visit(screen, path, key, picture) {
  await screen.go(`/console${path}`)
  await screen.heading(screen.w(key))
  await screen.looks(picture)
}

let number
await step('1 somebody asks for a branch ticket: a case waits in the queue', async () => {
  const phone = await world.phone()
  const meta = await world.get('/api/v1/meta')
  await phone.go('/console/sign-in')
  const made = await phone.api('POST', '/applications', { terms_version: meta.terms.version, consent_terms: true, consent_face: true, language: 'zh-CN' })
  same(made.status, 201, `application ${JSON.stringify(made.body)}`)
  const person = world.person('陆景行')
  const put = await phone.api('PUT', '/applications/current/identity', { name: person.name, id_number: person.id_number })
  same(put.status, 200, `identity ${JSON.stringify(put.body)}`)
  const ticket = await phone.api('POST', '/applications/current/ticket', { agreed: true })
  expect(ticket.status === 201 || ticket.status === 200, `ticket ${ticket.status} ${JSON.stringify(ticket.body)}`)
})

const clerk = await desk()
await step('2 sign in: a page that needs it leads to it; wrong says one thing', async () => {
  await clerk.go('/console/audit')
  await clerk.heading(clerk.w('sign.title'))
  await clerk.looks('console-1-sign-in')
  await clerk.page.getByLabel(clerk.w('sign.login'), { exact: true }).fill('chen')
  await clerk.page.getByLabel(clerk.w('sign.password'), { exact: true }).fill('not this one')
  await clerk.page.getByLabel(clerk.w('sign.totp'), { exact: true }).fill('000000')
  await clerk.page.getByRole('button', { name: clerk.w('sign.do'), exact: true }).last().click()
  await clerk.sees('登录名、密码或动态码不正确。')
  await signIn(clerk, 'chen')
  await clerk.page.locator('.tile').first().waitFor()
  await clerk.looks('console-2-work')
})

await step('3 by keyboard: J to the case, Enter opens it, the search finds it by its number', async () => {
  const { page } = clerk
  await page.locator('.table tbody tr').first().waitFor()
  await page.keyboard.press('j')
  number = await page.evaluate(() => document.activeElement.textContent.trim())
  expect(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(number), `focus on ${number}`)
  await page.keyboard.press('Enter')
  await clerk.heading(number)
  await clerk.looks('console-3-case-open')
  await page.keyboard.press('?')
  await clerk.sees(clerk.w('keys.title'))
  await clerk.looks('console-4-keys')
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await page.keyboard.type(number.toLowerCase())
  await page.keyboard.press('Enter')
  await clerk.heading(number)
})

await step('4 take it with E and Enter; a note; a field shown for a reason, and hidden again', async () => {
  const { page } = clerk
  await page.locator('#decide').waitFor()
  await page.locator('h1').focus()
  await page.keyboard.press('e')
  await page.keyboard.press('Enter')
  await clerk.sees(clerk.w('decide.ticket'))
  await page.getByLabel(clerk.w('note.write'), { exact: true }).fill('已电话联系本人，约定周四上午到网点。')
  await page.getByRole('button', { name: clerk.w('note.do'), exact: true }).click()
  await page.locator('.history q').waitFor()
  await clerk.sees('陆*行')
  await page.getByRole('button', { name: `${clerk.w('reveal')} ${clerk.w('case.id_number')}`, exact: true }).click()
  await clerk.looks('console-5-reveal')
  await page.locator('.sheet .btn.primary').click()
  await page.locator('.sheet .field-error, .sheet [role=alert], .sheet .error').first().waitFor()
  await page.locator('.sheet select').selectOption('compare-document')
  await page.locator('.sheet .btn.primary').click()
  await clerk.sees(world.person('陆景行').id_number)
  await clerk.looks('console-6-case')
  await page.reload()
  await clerk.heading(number)
  same((await page.locator('body').innerText()).includes(world.person('陆景行').id_number), false, 'the full number')
})

await step('5 lists, in light', async () => {
  await visit(clerk, '/tickets', 'nav.ticket', 'console-7-tickets')
  await visit(clerk, '/tickets?show=overdue', 'nav.ticket', 'console-8-overdue')
  await visit(clerk, '/audit', 'audit.title', 'console-9-audit')
})

const lead = await desk('zh-CN', true)
await step('6 maintenance: one asks, another approves, people see it', async () => {
  const { page } = lead
  await signIn(lead, 'lin')
  await lead.looks('console-10-work-dark')
  await lead.go('/console/maintenance')
  await lead.heading(lead.w('maintenance.title'))
  await page.getByLabel(lead.w('maintenance.until'), { exact: true }).fill('2099-01-01T06:00')
  await page.getByLabel(lead.w('maintenance.zh'), { exact: true }).fill('系统升级。')
  await lead.sees(lead.w('maintenance.preview'))
  await lead.looks('console-11-maintenance-dark')
  await page.getByRole('button', { name: lead.w('maintenance.ask'), exact: true }).click()
  await page.locator('.sheet select').selectOption('planned-work')
  await page.locator('.sheet').getByLabel(lead.w('sign.totp')).fill(await code('lin'))
  await page.locator('.sheet .btn.primary').click()
  await lead.sees(lead.w('maintenance.asked'))
  await visit(lead, '/approvals', 'approvals.title', 'console-12-approvals-own-dark')
  await lead.sees(lead.w('approvals.own'))
  await lead.go(`/console/cases/${number}`)
  await lead.heading(number)
  await lead.looks('console-13-case-dark')
})

const second = await desk('en')
await step('7 the second person, in English', async () => {
  const { page } = second
  await signIn(second, 'zheng')
  await second.looks('console-14-work-en')
  await visit(second, '/approvals', 'approvals.title', 'console-15-approvals-en')
  await page.getByRole('button', { name: second.w('approvals.approve'), exact: true }).click()
  await page.locator('.sheet').getByLabel(second.w('sign.totp')).fill(await code('zheng'))
  await second.looks('console-16-approve-en')
  await page.locator('.sheet .btn.primary').click()
  await second.sees(second.w('approvals.empty'))
  await visit(second, '/maintenance', 'maintenance.title', 'console-17-maintenance-en')
  await second.sees(second.w('maintenance.now'))
  await visit(second, '/operators', 'operators.title', 'console-18-operators-en')
  await page.getByRole('button', { name: second.w('operators.new'), exact: true }).click()
  await second.looks('console-19-operator-new-en')
  await page.keyboard.press('Escape')
})

await step('8 at 1024 pixels nothing is lost; signing out ends it', async () => {
  const small = await desk('en', true, { width: 1024, height: 768 })
  await signIn(small, 'sun')
  await small.looks('console-20-work-1024')
  await visit(small, '/audit', 'audit.title', 'console-21-audit-1024')
  await visit(small, '/setup', 'setup.title', 'console-22-setup-1024')
  await small.go('/console/')
  await small.heading(small.w('work.title'))
  await small.page.getByRole('button', { name: small.w('sign.out'), exact: true }).click()
  await small.heading(small.w('sign.title'))
  same((await small.api('GET', '/console/me')).status, 401, 'the session')
})

await world.finish()
