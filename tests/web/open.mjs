// Opening a wallet from the first page to the first look at the balance, as a person does it: in
// Chinese with every slip on the way, in English without.
import { expect, refusal, same, step, until, World } from './world.mjs'

const world = await World.start()
const person = world.person('许望舒')
const phone = await world.phone()
const { page } = phone
const submits = []
phone.context.on('request', (r) => r.url().endsWith('/applications/current/submit') && submits.push(r.url()))

// REQ-020 REQ-040
await step('1.1 welcome: what it is, what it takes, how to begin', async () => {
  await phone.go('/')
  await phone.atPath('/welcome')
  await phone.sees(phone.t('welcome.p1'))
  await phone.sees(phone.t('welcome.p1.text'))
  await phone.looks('open-1-welcome')
  await phone.press('do.open')
  await phone.atPath('/open/terms')
})

// REQ-101
await step('1.2 terms: version and full text, consent unticked and asked for, face consent apart', async () => {
  await phone.press('terms.full')
  await phone.sees(/版本 2026-11-01/)
  await phone.press('terms.hide')
  const boxes = page.getByRole('checkbox')
  same(await boxes.count(), 2, 'boxes')
  for (const box of await boxes.all()) same(await box.isChecked(), false, 'ticked')
  await phone.press('do.agree')
  await phone.sees(phone.t('terms.need'))
  await phone.looks('open-2-terms')
  await boxes.nth(0).check()
  await phone.press('do.agree')
  await phone.sees(phone.t('terms.noface.text'))
  await phone.shot('open-2-noface')
  await phone.answer('do.back')
  await boxes.nth(1).check()
  await phone.press('do.agree')
  await phone.atPath('/open/identity')
})

const birthOf = (id) => id.slice(6, 14).replace(/(....)(..)(..)/, '$1-$2-$3')
/** One character is another. */
const slipped = (id, place) => id.slice(0, place) + ((Number(id[place]) + 1) % 10) + id.slice(place + 1)

// REQ-021 REQ-022 REQ-024 REQ-042 REQ-044
await step('1.3 identity: a wrong digit is told while typing, before any button', async () => {
  await phone.field('identity.name').fill(person.name)
  const id = phone.field('identity.id')
  await id.pressSequentially(person.id_number.slice(0, 10))
  await phone.sees(phone.t('identity.id.left', { n: 8 }))
  const wrong = `${person.id_number.slice(0, 17)}${person.id_number[17] === '7' ? '8' : '7'}`
  await id.fill(wrong)
  await page.locator('#app .error').first().waitFor()
  await phone.looks('open-3-identity-wrong')
  same(await id.getAttribute('aria-invalid'), 'true', 'field marked')
  await phone.press('do.next')
  same(phone.path(), '/open/identity', 'stays')
  // The birth date is asked only now, and the doubtful digits are marked in what was typed.
  await id.fill(slipped(person.id_number, 11))
  await id.blur()
  await phone.field('identity.birth').fill(birthOf(person.id_number))
  await page.locator('#app .doubtful').first().waitFor()
  expect((await page.locator('#app .compare').textContent()).replace(/\s/g, '') === slipped(person.id_number, 11), 'no other number')
  expect(!(await page.locator('#app').textContent()).includes(person.id_number), 'the right number is not printed')
  await phone.looks('open-3-identity-compare')
  await id.fill(person.id_number.replace(/(.{6})/, '$1 '))
  await until('the error goes', async () => (await page.locator('#app .error').count()) === 0)
  await phone.press('do.next')
  await phone.atPath('/open/phone')
})

let sent = 0
// REQ-022 REQ-042 REQ-056 REQ-057
await step('1.4 phone: a number that cannot get codes is refused with the reason', async () => {
  await phone.field('phone.label').fill('14912345678')
  await phone.press('phone.send')
  await phone.sees(refusal('zh-CN', 'phone-not-supported'))
  await phone.looks('open-4-phone')
  await phone.field('phone.label').fill(` ${person.phone.slice(0, 3)} ${person.phone.slice(3)}`)
  await phone.press('phone.send')
  await phone.sees(/验证码已发送至/)
  sent = (await world.messages(person.phone)).length
})

// REQ-025 REQ-042 REQ-111
await step('1.5 code: the text has the signature and the warning; a wrong one shows the tries left', async () => {
  const code = await world.code(person.phone)
  const [sms] = await world.messages(person.phone)
  expect(/^【.+】/.test(sms.text) || sms.from, `signature: ${sms.text}`)
  expect(/诈骗/.test(sms.text), `warning: ${sms.text}`)
  await phone.sees(/\d+ 秒后可重新获取/)
  await phone.field('phone.code').fill(code === '111222' ? '222111' : '111222')
  await phone.sees('验证码不正确，还可试 2 次。')
  await phone.looks('open-4-code-wrong')
})

// REQ-050 REQ-062
await step('1.6 a reload, another tab and a restart of the server go on at the same step', async () => {
  await page.reload()
  await phone.sees(/验证码已发送至/)
  const tab = await phone.tab()
  await tab.goto(`${world.url}/open`)
  await tab.getByText(/验证码已发送至/).waitFor()
  await tab.close()
  phone.allowed.push(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/)
  await world.stopServer()
  await world.startServer()
  await page.reload()
  await phone.sees(/验证码已发送至/)
  phone.allowed.pop()
})

// REQ-061
await step('1.7 the same code still counts after the restart', async () => {
  await phone.field('phone.code').fill(await world.code(person.phone))
  await phone.atPath('/open/face')
  same((await world.messages(person.phone)).length, Math.max(sent, 1), 'messages sent')
})

// REQ-014 REQ-027
await step('1.8 face: a failure tells the tries left, the next one passes', async () => {
  await world.play('face', { id_number: person.id_number, decision: 'fail' })
  await phone.looks('open-5-face')
  await phone.press('face.start')
  await phone.sees(phone.t('face.failed'))
  await phone.sees(/还可试 \d 次/)
  await phone.looks('open-5-face-failed')
  await world.play('face', { id_number: person.id_number, decision: 'pass' })
  await phone.press('face.again')
  await phone.atPath('/open/password')
})

// REQ-029 REQ-030 REQ-042
await step('1.9 password: rules tick while typing, what the server refuses has its reason', async () => {
  const field = phone.field('password.label')
  await field.fill('short1')
  await phone.press('do.next')
  await phone.sees(phone.t('password.need'))
  same(await page.locator('.rules .done').count(), 1, 'rules met')
  await phone.looks('open-6-password')
  await field.fill(`wallet${person.phone.slice(-8)}`)
  same(await page.locator('.rules .done').count(), 2, 'rules met')
  await phone.press('do.next')
  await phone.sees(phone.t('password.reason.phone'))
  await field.fill(person.password)
  await phone.press('do.next')
  await phone.atPath('/open/pin')
})

async function enterTwice(pin, again = pin) {
  await phone.sees(phone.t('pinset.text'))
  await phone.keys(pin)
  await phone.sees(phone.t('pinset.again.text'))
  await phone.keys(again)
}

// REQ-042
await step('1.10 PIN: birthday, run and two different entries are refused with the reason', async () => {
  await phone.looks('open-7-pin')
  await enterTwice('010225')
  await phone.sees(phone.t('pin.reason.birthday'))
  await phone.looks('open-7-pin-birthday')
  await enterTwice('345678')
  await phone.sees(phone.t('pin.reason.run'))
  await enterTwice(person.pin, '584903')
  await phone.sees(phone.t('pinset.differs'))
  await enterTwice(person.pin)
  await phone.atPath('/open/review')
})

// REQ-031 REQ-032 REQ-050
await step('1.11 review: everything masked; five presses are one application', async () => {
  await phone.sees(/许\*舒/)
  const shown = await page.locator('main').innerText()
  const { id_number: id, phone: number } = person
  for (const words of [`${id.slice(0, 4)}**********${id.slice(-4)}`, `${number.slice(0, 3)}****${number.slice(-4)}`])
    expect(shown.includes(words), `not shown: ${words}`)
  for (const secret of [person.id_number, person.phone, person.pin, person.password]) expect(!shown.includes(secret), 'masked')
  await phone.looks('open-8-review')
  await world.play('face', { decision: 'pass' })
  const button = phone.button(phone.t('do.submit'))
  await button.evaluate((e) => Array.from({ length: 5 }, () => e.click()))
  await phone.atPath('/open/status')
  same(submits.length, 1, 'submissions')
})

// REQ-033
await step('1.12 decided: the page learns it by itself; the case number can be quoted', async () => {
  await phone.sees(phone.t('status.lead.opened'))
  await phone.sees(phone.t('status.case'))
  await phone.looks('open-9-status')
})

// REQ-004 REQ-034 REQ-039 REQ-076
await step('1.13 enter: home with a balance of nothing and a first step to take', async () => {
  await phone.press('status.enter')
  await phone.atPath('/')
  await phone.sees('¥0.00')
  await phone.sees(phone.t('home.empty'))
  await phone.looks('open-10-home')
  same(await page.title(), '首页 · 通宝', 'title')
  await page.getByRole('link', { name: /消息/ }).click()
  await phone.sees('钱包已开通')
  await phone.looks('open-11-messages')
})

await step('1.14 the application cannot be entered a second time', async () => {
  const { status } = await phone.api('POST', '/applications/current/enter', {})
  expect(status >= 400, `status ${status}`)
})

const other = world.person('陆景行')
const english = await world.phone({ language: 'en', dark: true, width: 360, height: 740 })

await step('2.1 English, dark: terms, identity, phone', async () => {
  await english.go('/welcome')
  await english.sees('Open a wallet')
  await english.looks('open-en-1-welcome')
  await english.press('do.open')
  await english.atPath('/open/terms')
  await english.page.getByRole('checkbox').first().waitFor()
  await english.press('do.agree')
  await english.looks('open-en-2-terms-needed')
  const missing = english.page.getByRole('checkbox').first()
  expect(await missing.evaluate((e) => e === document.activeElement), 'focus on the missing consent')
  for (const box of await english.page.getByRole('checkbox').all()) await box.check()
  await english.looks('open-en-2-terms')
  await english.press('do.agree')
  await english.atPath('/open/identity')
  await english.field('identity.name').fill(other.name)
  await english.field('identity.id').fill(other.id_number)
  await english.press('do.next')
  await english.atPath('/open/phone')
  await english.field('phone.label').fill(other.phone)
  await english.press('phone.send')
  await english.sees(/Code sent to/)
  await english.looks('open-en-4-code')
  await english.field('phone.code').fill(await world.code(other.phone))
  await english.atPath('/open/face')
})

// REQ-032
await step('2.2 English: an edit on the review page, the decision', async () => {
  await english.press('face.start')
  await english.atPath('/open/password')
  await english.looks('open-en-6-password')
  await english.field('password.label').fill(other.password)
  await english.press('do.next')
  await english.atPath('/open/pin')
  for (const words of ['pinset.text', 'pinset.again.text']) {
    await english.sees(english.t(words))
    await english.keys(other.pin)
  }
  await english.atPath('/open/review')
  await english.looks('open-en-8-review')
  await english.page.getByRole('link', { name: /Identity/ }).click()
  await english.atPath('/open/identity')
  await english.field('identity.name').fill(other.name)
  await english.field('identity.id').fill(other.id_number)
  await english.press('do.next')
  await english.atPath('/open/review') // the same answer: nothing is asked again
  await english.press('do.submit')
  await english.sees(english.t('status.lead.opened'))
  await english.looks('open-en-9-status')
  await english.press('status.enter')
  await english.sees('¥0.00')
})

await world.finish()
