// Every refusal a person can meet, in both languages: the sentence of the catalogue, whether money
// moved, the way out; and the balance is what it says.
import { expect, refusal, same, step, transferTo, until, World } from './world.mjs'

const world = await World.start()
const [rich, poor] = [world.person('周予安'), world.person('沈清和')]

for (const language of ['zh-CN', 'en']) {
  const say = (code) => refusal(language, code)
  const phone = await world.loggedIn(rich, { language, dark: language === 'en' })
  const { page } = phone
  const tag = language === 'en' ? 'en' : 'zh'
  let balance = await phone.balance()

  const toPayee = async (number) => {
    await phone.go('/transfer')
    await phone.field('transfer.find').fill(number)
    await phone.press('do.next')
  }
  const pay = async (amount, pin) => {
    await phone.keys(amount)
    await page.locator('.key.ok').click()
    if (pin) await phone.pin(pin)
  }
  const unmoved = async () => same(await phone.balance(), balance, 'balance')

  await step(`8.1 ${language}: unknown payee, own number`, async () => {
    await toPayee('13312345678')
    await phone.sees(say('payee-not-found'))
    await phone.looks(`errors-${tag}-1-unknown`)
    await phone.field('transfer.find').fill(rich.phone)
    await phone.press('do.next')
    await phone.sees(say('payee-self'))
    await phone.looks(`errors-${tag}-2-self`)
  })

  await step(`8.2 ${language}: wrong PIN, not charged`, async () => {
    await toPayee(poor.phone)
    await pay('10', '111213')
    await phone.sees(say('pin-wrong'))
    await unmoved()
    await phone.keys(rich.pin)
    await phone.sees(phone.t('done.transfer'))
    balance = await phone.balance()
  })

  // REQ-102
  await step(`8.3 ${language}: over the limit of one payment, with what is left and the way to the limits`, async () => {
    await toPayee(poor.phone)
    await pay('6000', rich.pin)
    await phone.sees(say('limit-exceeded'))
    await page.getByRole('link', { name: phone.t('limits.title') }).waitFor()
    await phone.looks(`errors-${tag}-3-limit`)
    await unmoved()
  })

  await step(`8.4 ${language}: too little money, with how much is short and the way to top up`, async () => {
    const other = await world.loggedIn(poor, { language })
    await other.go('/transfer')
    await other.field('transfer.find').fill(rich.phone)
    await other.press('do.next')
    await other.atPath('/transfer/amount')
    await other.keys('900') // below the amount that a new browser may not send
    await other.page.locator('.key.ok').click()
    const before = await other.balance()
    await other.pin(poor.pin)
    await other.sees(say('balance-insufficient'))
    await other.page.getByRole('link', { name: other.t('topup.title') }).waitFor()
    await other.looks(`errors-${tag}-4-money`)
    same(await other.balance(), before, 'balance')
    await other.close()
  })

  await step(`8.5 ${language}: the amount of nothing is told before the PIN`, async () => {
    await toPayee(poor.phone)
    await pay('0')
    await phone.sees(phone.t('pay.need.amount'))
    same(await page.getByRole('dialog').count(), 0, 'sheets')
  })

  await step(`8.6 ${language}: an order that another one paid, one that ended`, async () => {
    const order = await world.order('3.00')
    await phone.page.goto(order.qr_text)
    await phone.atPath('/pay')
    const other = await world.loggedIn(poor)
    const scan = (await other.api('POST', '/scan', { text: order.qr_text })).body
    const key = { 'Idempotency-Key': '0190f3a0-0000-7000-8000-0000000000' + (language === 'en' ? '01' : '02') }
    same((await other.api('POST', '/payments', { token: scan.token, amount: scan.amount, pin: poor.pin }, key)).status, 201, 'paid')
    await other.close()
    await page.locator('.bar .btn').click()
    await phone.pin(rich.pin)
    await phone.sees(say('order-paid'))
    await phone.looks(`errors-${tag}-5-order-paid`)
    await unmoved()
  })

  // REQ-099
  await step(`8.7 ${language}: a frozen wallet: nothing goes out, the way to unfreeze`, async () => {
    await phone.go('/security/freeze')
    await phone.press('freeze.act')
    await phone.looks(`errors-${tag}-6-freeze-ask`)
    await phone.answer('freeze.act')
    await phone.sees(phone.t('freeze.done.text'))
    await phone.looks(`errors-${tag}-7-frozen`)
    await phone.go('/')
    await phone.sees(phone.t('home.frozen'))
    await phone.looks(`errors-${tag}-8-frozen-home`)
    await phone.go('/code')
    await phone.sees(say('wallet-frozen'))
    await phone.looks(`errors-${tag}-9-frozen-code`)
    await toPayee(poor.phone)
    await pay('1', rich.pin)
    await phone.sees(say('wallet-frozen'))
    await phone.looks(`errors-${tag}-10-frozen-transfer`)
    await unmoved()
    await page.getByRole('link', { name: phone.t('home.unfreeze') }).click()
    await phone.press('freeze.un')
    await phone.pin(rich.pin)
    await phone.sees(phone.t('freeze.un.done'))
  })

  // REQ-103
  await step(`8.8 ${language}: a stale page (the id was used for other contents) says: not charged, confirm again`, async () => {
    await toPayee(poor.phone)
    await phone.atPath('/transfer/amount')
    const { payee_id } = (await phone.api('POST', '/payees/find', { phone: poor.phone })).body
    await page.route('**/api/v1/transfers', async (route) => {
      // The same id has just paid something else, as after a restored backup of the phone.
      const headers = route.request().headers()
      const body = { payee_id, amount: { value: '2.00', currency: 'CNY' }, pin: rich.pin }
      await phone.api('POST', '/transfers', body, { 'Idempotency-Key': headers['idempotency-key'] })
      await route.continue()
    }, { times: 1 })
    await pay('7', rich.pin)
    await phone.sees(say('conflict-idempotency'))
    await phone.looks(`errors-${tag}-11-stale`)
    same(Number(await phone.balance()).toFixed(2), (Number(balance) - 2).toFixed(2), 'only the first one')
    balance = await phone.balance()
  })

  // REQ-050
  await step(`8.9 ${language}: offline: nothing was submitted; then it works`, async () => {
    await toPayee(poor.phone)
    await phone.atPath('/transfer/amount')
    await phone.keys('4')
    phone.allowed.push(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/)
    await phone.context.setOffline(true)
    await page.locator('.key.ok').click()
    await phone.pin(rich.pin)
    await phone.sees(say('offline'))
    await phone.looks(`errors-${tag}-12-offline`)
    await phone.context.setOffline(false)
    await unmoved()
    await until('online again', async () => (await page.locator('.top-strip').count()) === 0)
    await page.locator('.key.ok').click()
    await phone.pin(rich.pin)
    await phone.sees(phone.t('done.transfer'))
    same(Number(await phone.balance()).toFixed(2), (Number(balance) - 4).toFixed(2), 'once')
    balance = await phone.balance()
  })

  // REQ-050 REQ-103
  await step(`8.10 ${language}: an answer that is lost on the way is found again: one payment, the true result`, async () => {
    await toPayee(poor.phone)
    await page.route('**/api/v1/transfers', async (route) => {
      await route.fetch()
      await route.abort('connectionreset')
    }, { times: 1 })
    phone.allowed.push(/ERR_CONNECTION_RESET|ERR_FAILED/)
    await pay('6', rich.pin)
    await phone.sees(phone.t('done.transfer'))
    same(Number(await phone.balance()).toFixed(2), (Number(balance) - 6).toFixed(2), 'once')
    balance = await phone.balance()
  })
  await phone.close()
}

await step('8.11 codes at the till: expired, used, unknown, each with its sentence and not charged', async () => {
  const phone = await world.loggedIn(rich)
  const { digits } = (await phone.api('POST', '/paycodes', {})).body
  await phone.api('DELETE', '/paycodes/current')
  const gone = await world.charge(digits, '1.00')
  expect(['code-expired', 'code-unknown', 'code-used'].includes(gone.body.code), gone.body.code)
  same(gone.body.charged, false, 'charged')
  const next = (await phone.api('POST', '/paycodes', {})).body.digits
  same((await world.charge(next, '1.00')).body.state, 'succeeded', 'state')
  const used = await world.charge(next, '1.00')
  same(used.body.code, 'code-used', 'code')
  expect(refusal('zh-CN', 'code-used').test(used.body.detail), used.body.detail)
  await transferTo(phone, rich, poor, '1.00')
})

await world.finish()
