// The pay code: what it shows, that both symbols say the same to a reader nobody here wrote, that it
// renews itself, counts once; small charges go through at once, larger ones ask for the PIN.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, film, refusal, root, same, step, until, World } from './world.mjs'

const world = await World.start()
const person = world.person('林知夏')
const phone = await world.loggedIn(person)
const { page } = phone
const card = page.locator('[data-test=paycode]')

/** The digits of the code on the screen, from the page's own requests. */
let digits = ''
page.on('response', async (answer) => {
  if (!answer.url().endsWith('/paycodes') || answer.request().method() !== 'POST') return
  digits = (await answer.json().catch(() => ({}))).digits ?? digits
})

const luhn = (text) => [...text].reverse().reduce((sum, c, i) => sum + (i % 2 ? ((c * 2) % 10) + (c > 4) : +c), 0) % 10 === 0

/** What zbar reads in a picture of the card: kind -> text. */
async function read(p) {
  const file = join(world.folder, 'code.png')
  await p.page.locator('[data-test=paycode]').screenshot({ path: file, animations: 'disabled' })
  const out = execFileSync('zbarimg', ['--quiet', '-Sdisable', '-Sqrcode.enable', '-Scode128.enable', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return Object.fromEntries(out.trim().split('\n').map((line) => line.split(/:(.*)/).slice(0, 2)))
}

// REQ-005 REQ-066 REQ-111 REQ-125
await step('4.1 the code: 18 digits, hidden until asked for, with the warning, hidden again', async () => {
  await phone.go('/')
  await phone.link('home.code').click()
  await page.locator('.barcode').waitFor()
  await until('the digits', () => digits)
  expect(/^(?!1[0-5]|2[5-9]|30|62)\d{18}$/.test(digits) && luhn(digits), `digits ${digits}`)
  expect(!(await card.innerText()).replace(/\s/g, '').includes(digits), 'hidden at first')
  await phone.press('code.show')
  await phone.sees(phone.t('code.never'))
  same((await page.locator('.code-digits').innerText()).replace(/\s/g, ''), digits, 'shown digits')
  await phone.looks('code-1-digits')
  await phone.press('do.hide')
  expect(!(await card.innerText()).replace(/\s/g, '').includes(digits), 'hidden again')
  await phone.looks('code-2')
})

for (const [width, ratio] of [[390, 2], [320, 2], [360, 3], [430, 1]]) {
  // REQ-073
  await step(`4.2 at ${width} px, ratio ${ratio}, zbar reads the same digits in QR and Code 128`, async () => {
    const p = ratio === 2 && width === 390 ? phone : await world.loggedIn(person, { width, ratio, dark: width === 360 })
    let own = digits
    if (p !== phone) {
      const answer = p.page.waitForResponse((r) => r.url().endsWith('/paycodes') && r.request().method() === 'POST')
      await p.go('/code')
      own = (await (await answer).json()).digits
    }
    await p.page.locator('.barcode').waitFor()
    const found = await read(p)
    same(found['QR-Code'], own, 'QR')
    same(found['CODE-128'], own, 'Code 128')
    if (p !== phone) await p.close()
  })
}

let till
// REQ-066
await step('4.3 the till scans the phone with its camera: a small charge is paid at once, without a PIN', async () => {
  await phone.go('/code')
  await page.locator('.barcode').waitFor()
  const before = digits
  await phone.press('code.renew')
  await until('another code', () => digits !== before)
  const seen = (await read(phone))['QR-Code']
  till = await world.charge(seen, '23.50')
  same(till.status, 201, JSON.stringify(till.body))
  same(till.body.state, 'succeeded', 'state')
  await phone.atPath(/^\/result\//)
  await phone.sees(phone.t('done.payment'))
  await phone.sees('¥23.50')
  await phone.sees(world.shop.name)
  await phone.looks('code-3-paid')
  same(await phone.balance(), '2656.85', 'balance')
})

await step('4.4 the same code a second time is refused and charges nothing', async () => {
  const again = await world.charge(digits, '1.00')
  same(again.body.code, 'code-used', 'code')
  same(again.body.charged, false, 'charged')
  same(await phone.balance(), '2656.85', 'balance')
})

await step('4.5 a code that was renewed by hand is void', async () => {
  await phone.go('/code')
  await page.locator('.barcode').waitFor()
  const before = digits
  await phone.press('code.renew')
  await until('another code', () => digits !== before)
  const late = await world.charge(before, '1.00')
  same(late.status >= 400 && late.body.charged, false, 'charged')
})

// REQ-103
await step('4.6 above the PIN-free limit the phone asks: shop, amount, time left; a wrong PIN charges nothing', async () => {
  // The page may renew its code in this moment; a till then scans again, and nothing was charged.
  const pending = await until('the till read a live code', async () => {
    const answer = await world.charge(digits, '1288.00', '生日蛋糕 1 个')
    if (answer.body.code) same(answer.body.charged, false, answer.body.code)
    return answer.body.state && answer
  })
  same(pending.body.state, 'awaiting_user', 'state')
  const sheet = page.getByRole('alertdialog')
  await sheet.getByText('¥1,288.00').waitFor()
  await sheet.getByText(new RegExp(world.shop.name)).waitFor()
  await sheet.getByText(/后自动关闭/).waitFor()
  await phone.looks('code-4-charge')
  await phone.answer('charge.pay')
  await phone.pin('000001')
  await phone.sees(refusal('zh-CN', 'pin-wrong'))
  await phone.looks('code-5-pin-wrong')
  same(await phone.balance(), '2656.85', 'balance')
  await phone.keys(person.pin)
  await phone.sees(phone.t('done.payment'))
  await phone.sees('¥1,288.00')
  same(await phone.balance(), '1368.85', 'balance')
  const state = await world.till('GET', `/charges/${pending.body.id}`)
  same(state.body.state, 'succeeded', 'state at the till')
})

// REQ-103
await step('4.7 a charge that is declined is closed and says that nothing was charged', async () => {
  await phone.go('/code')
  await page.locator('.barcode').waitFor()
  const pending = await world.charge((await read(phone))['QR-Code'], '1100.00')
  await page.getByRole('alertdialog').getByText('¥1,100.00').waitFor()
  await phone.answer('charge.decline')
  await phone.atPath(/^\/result\//)
  await until('closed', async () => ['closed', 'failed'].includes((await world.till('GET', `/charges/${pending.body.id}`)).body.state))
  await page.locator('.disc[data-state=closed], .disc[data-state=failed]').first().waitFor()
  await phone.looks('code-6-declined')
  same(await phone.balance(), '1368.85', 'balance')
})

await step('4.8 the code renews itself before it runs out, without a hand', async () => {
  const timed = await world.loggedIn(person, { clock: true })
  let posts = 0
  let code = ''
  timed.page.on('response', async (r) => {
    if (!r.url().endsWith('/paycodes') || r.request().method() !== 'POST') return
    posts++
    code = (await r.json().catch(() => ({}))).digits ?? code
  })
  await timed.go('/code')
  await timed.page.locator('.barcode').waitFor()
  await until('the code', () => posts === 1 && code)
  const first = code
  await timed.page.clock.fastForward(51_000)
  await until('a new code', () => posts === 2 && code !== first)
  await until('the new code on the screen', async () => (await read(timed))['QR-Code'] === code)
  await timed.close()
})

// REQ-125
await step('4.9 hidden while the page is not seen: the code is void, a new one comes on return', async () => {
  await phone.go('/code')
  await page.locator('.barcode').waitFor()
  const before = digits
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await phone.sees(phone.t('code.blank'))
  await until('the code is void', async () => (await world.charge(before, '1.00')).status >= 400)
  await page.evaluate(() => {
    delete document.visibilityState
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await page.locator('.barcode').waitFor()
  expect(digits !== before, 'a new code')
})

await step('4.10 the counter of PIN-free payments counts', async () => {
  await phone.sees('今天还有 9 次')
})

await step('4.11 a phone that scans a pay code is told that only shops can charge it', async () => {
  const browser = await world.browser(film(world.folder, digits))
  const other = await world.loggedIn(world.person('沈清和'), { browser })
  await other.go('/scan')
  await other.sees(other.t('scan.paycode.text'))
  await other.looks('code-7-scanned-by-a-person')
  await other.close()
})

// REQ-066 REQ-073 REQ-074
await step('4.12 the play till scans the phone with its camera; both sides say paid', async () => {
  const words = JSON.parse(readFileSync(join(root, 'web/sandbox/src/words/zh-CN.json'), 'utf8'))
  const before = await phone.balance()
  const old = digits
  await phone.press('code.renew')
  await until('another code', () => digits !== old)
  const shop = await world.phone({ browser: await world.browser(film(world.folder, digits)) })
  await shop.go('/sandbox/till')
  await shop.page.locator('.pad').waitFor()
  await shop.keys('12.3')
  await shop.button(words['till.scan']).click()
  await shop.button(words['till.camera']).click()
  await shop.sees(words['till.done'])
  await shop.shot('code-8-till')
  await phone.atPath(/^\/result\//)
  await phone.sees('¥12.30')
  same(Number(await phone.balance()).toFixed(2), (Number(before) - 12.3).toFixed(2), 'balance')
})

await world.finish()
