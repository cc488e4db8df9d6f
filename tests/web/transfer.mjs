// Money from person to person: found by phone, by wallet number, by an earlier transfer; both phones
// see it without a reload.
import { expect, refusal, same, step, until, World } from './world.mjs'

const world = await World.start()
const [payer, payee] = [world.person('周予安'), world.person('沈清和')]
const phone = await world.loggedIn(payer)
const other = await world.loggedIn(payee)
const { page } = phone

// REQ-005
await step('6.1 nothing yet: the page says what will be here', async () => {
  await phone.go('/')
  await phone.link('home.transfer').click()
  await phone.sees(phone.t('transfer.empty'))
  await phone.looks('transfer-1-empty')
  await phone.press('do.next')
  await phone.sees(phone.t('transfer.need'))
})

// REQ-065 REQ-111
await step('6.2 by phone: masked name, first-time mark and warning', async () => {
  await phone.field('transfer.find').fill(`${payee.phone.slice(0, 3)} ${payee.phone.slice(3, 7)} ${payee.phone.slice(7)}`)
  await phone.press('do.next')
  await phone.atPath('/transfer/amount')
  await phone.sees('沈*和')
  await phone.sees('158****0043')
  await phone.sees(phone.t('transfer.first'))
  await phone.sees(phone.t('transfer.first.tip'))
  const shown = await page.locator('#app').innerText()
  expect(!shown.includes(payee.name) && !shown.includes(payee.phone), 'masked')
})

// REQ-102
await step('6.3 amount on our own keypad; without one the button says what is missing', async () => {
  await phone.press('transfer.verb')
  await phone.sees(phone.t('pay.need.amount'))
  await phone.keys('200.505')
  same((await page.locator('[data-test=amount]').innerText()).replace(/\s/g, ''), '¥200.50', 'two places at most')
  await phone.field('pay.memo.label').fill('周末晚饭')
  await phone.looks('transfer-2-amount')
  await phone.button(phone.t('transfer.now', { amount: '¥200.50' })).click()
  const sheet = page.getByRole('dialog')
  await sheet.getByText('¥200.50').waitFor()
  await sheet.getByText(phone.t('pay.fee.none')).waitFor()
  await sheet.getByText(phone.t('pay.arrival.now')).waitFor()
  await phone.looks('transfer-3-pin')
})

// REQ-050
await step('6.4 what was typed survives a reload; the PIN does not', async () => {
  await phone.keys('47')
  await page.reload()
  await phone.sees('沈*和')
  same((await page.locator('[data-test=amount]').innerText()).replace(/\s/g, ''), '¥200.50', 'amount')
  same(await phone.field('pay.memo.label').inputValue(), '周末晚饭', 'memo')
  same(await page.getByRole('dialog').count(), 0, 'sheets')
})

// REQ-070 REQ-085
await step('6.5 PIN, result; the payee sees the money without a reload', async () => {
  await other.go('/')
  await other.sees('¥560.00')
  await phone.button(phone.t('transfer.now', { amount: '¥200.50' })).click()
  await phone.pin(payer.pin)
  await phone.sees(phone.t('done.transfer'))
  await phone.sees('周末晚饭')
  await phone.looks('transfer-4-result')
  await other.sees('¥760.50')
  await other.sees('+200.50')
  await other.sees('到账 ¥200.50')
  await other.looks('transfer-5-payee-home')
  same(await phone.balance(), '12479.85', 'balance of the payer')
})

// REQ-103
await step('6.6 back from the result never leads to the PIN again', async () => {
  await page.goBack()
  await until('not at the PIN', async () => (await page.getByRole('dialog').count()) === 0)
  expect(!/result/.test(phone.path()), phone.path())
})

// REQ-068
await step('6.7 the contact is remembered: no search, no first-time warning', async () => {
  await phone.go('/transfer')
  await page.locator('.list .row', { hasText: '沈*和' }).click()
  await phone.atPath('/transfer/amount')
  same(await page.getByText(phone.t('transfer.first.tip')).count(), 0, 'warnings')
  await phone.keys('8.8')
  await phone.button(phone.t('transfer.now', { amount: '¥8.80' })).click()
  await phone.pin(payer.pin)
  await phone.sees(phone.t('done.transfer'))
  await phone.press('result.again')
  await phone.atPath('/transfer')
})

// REQ-065
await step('6.8 by wallet number, with the groups that people type', async () => {
  const third = world.person('欧阳若水')
  await phone.field('transfer.find').fill(third.wallet_number.replace(/(.{4})(?=.)/g, '$1 '))
  await phone.press('do.next')
  await phone.sees('欧**水')
  await phone.sees(phone.t('transfer.first'))
})

// REQ-103
await step('6.9 five quick presses of the last digit are one transfer', async () => {
  await phone.keys('1')
  await phone.button(phone.t('transfer.now', { amount: '¥1.00' })).click()
  await phone.pin(payer.pin.slice(0, 5))
  const key = page.locator('.sheet .pad').getByRole('button', { name: payer.pin[5], exact: true })
  await key.evaluate((e) => Array.from({ length: 5 }, () => e.click()))
  await phone.sees(phone.t('done.transfer'))
  same(await phone.balance(), '12470.05', 'balance')
})

await step('6.10 the receive code of the other phone, typed in, leads to the same page with the amount', async () => {
  await other.go('/receive')
  await other.page.locator('.qr-image').first().waitFor()
  await other.looks('transfer-6-receive')
  const { body } = await other.api('GET', '/receive-code?amount=66.00')
  await phone.go('/scan')
  await phone.press('scan.type')
  await phone.field('scan.typed').fill(body.text)
  await phone.answer('scan.typed.go')
  await phone.atPath('/transfer/amount')
  await phone.sees('沈*和')
  await phone.button(phone.t('transfer.now', { amount: '¥66.00' })).click()
  await phone.pin(payer.pin)
  await phone.sees(phone.t('done.transfer'))
  await other.sees('+66.00')
  await other.looks('transfer-7-received')
})

await step('6.11 English: the same in one go', async () => {
  const english = await world.loggedIn(world.person('林知夏'), { language: 'en', dark: true })
  await english.go('/transfer')
  await english.field('transfer.find').fill(payee.phone)
  await english.press('do.next')
  await english.sees('First transfer')
  await english.keys('12')
  await english.looks('transfer-en-2-amount')
  await english.button('Transfer ¥12.00').click()
  await english.looks('transfer-en-3-pin')
  await english.pin('836151')
  await english.sees(refusal('en', 'pin-wrong'))
  await english.looks('transfer-en-3-pin-wrong')
  await english.keys('836152')
  await english.sees(english.t('done.transfer'))
  await english.looks('transfer-en-4-result')
})

await world.finish()
