// Scanning: the shop's own code by camera, from a picture, typed; an order with its amount; what is
// not ours.
import { expect, film, picture, refusal, same, step, World } from './world.mjs'

const world = await World.start()
const person = world.person('林知夏')
const shop = world.shop.static_qr_text

// REQ-005 REQ-064 REQ-067
await step('5.1 camera: the shop is named and marked as verified, the payer types the amount', async () => {
  const phone = await world.loggedIn(person, { browser: await world.browser(film(world.folder, shop)) })
  await phone.go('/')
  await phone.link('home.scan').click()
  await phone.atPath('/pay')
  await phone.sees(world.shop.name)
  await phone.sees(phone.t('pay.verified'))
  await phone.press('pay.verb')
  await phone.sees(phone.t('pay.need.amount'))
  await phone.keys('18.6')
  await phone.looks('scan-1-pay')
  await phone.button(phone.t('pay.now', { amount: '¥18.60' })).click()
  await phone.pin(person.pin)
  await phone.sees(phone.t('done.payment'))
  await phone.looks('scan-2-result')
  same(await phone.balance(), '2661.75', 'balance')
  await phone.close()
})

const phone = await world.loggedIn(person)

await step('5.2 no camera: the page says so and offers pictures and typing', async () => {
  await phone.go('/scan')
  await phone.sees(phone.t('scan.nocamera'))
  await phone.looks('scan-3-no-camera')
})

// REQ-064
await step('5.3 from a picture of the album', async () => {
  await phone.page.locator('input[type=file]').setInputFiles(picture(world.folder, shop))
  await phone.atPath('/pay')
  await phone.sees(world.shop.name)
})

await step('5.4 a picture without a code is told', async () => {
  await phone.go('/scan')
  await phone.page.locator('input[type=file]').setInputFiles({
    name: 'x.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"/>'),
  })
  await phone.sees(phone.t('scan.none'))
})

async function type(text) {
  await phone.go('/scan')
  await phone.press('scan.type')
  await phone.field('scan.typed').fill(text)
  await phone.answer('scan.typed.go')
}

let order
// REQ-064
await step('5.5 an order, typed: amount and text are fixed, the time runs; PIN; result', async () => {
  order = await world.order('45.00', '手冲咖啡 2 杯')
  await type(order.qr_text)
  await phone.atPath('/pay')
  await phone.sees('手冲咖啡 2 杯')
  await phone.sees(/^14:|^15:/)
  same(await phone.page.locator('.pad').count(), 0, 'keypads')
  await phone.looks('scan-4-order')
  await phone.button(phone.t('pay.now', { amount: '¥45.00' })).click()
  await phone.pin(person.pin)
  await phone.sees(phone.t('done.payment'))
  same((await world.till('GET', `/orders/${order.id}`)).body.state, 'paid', 'order')
})

await step('5.6 the same order again: already paid, with the way to the bill', async () => {
  await type(order.qr_text)
  await phone.sees(refusal('zh-CN', 'order-paid'))
  await phone.looks('scan-5-order-paid')
})

// REQ-064 REQ-071
await step('5.7 an order link opened by the system camera leads to the same page', async () => {
  const another = await world.order('9.90', '纯净水 3 瓶')
  await phone.page.goto(another.qr_text)
  await phone.atPath('/pay')
  await phone.sees('纯净水 3 瓶')
})

for (const [name, text, title] of [
  ['another wallet’s pay code', '134512345678901234', 'scan.foreign'],
  ['an address', 'https://prize.example/win', 'scan.url'],
  ['plain text', 'hello <b>world</b>', 'scan.text'],
]) {
  await step(`5.8 ${name} is shown for what it is and never opened`, async () => {
    await type(text)
    await phone.sees(phone.t(title))
    await phone.looks(`scan-6-${title}`)
    expect(phone.path() === '/scan', phone.path())
    await phone.answer('scan.again')
  })
}

await step('5.9 a code that was changed is refused', async () => {
  const last = shop.at(-1)
  await type(shop.slice(0, -1) + (last === '0' ? '1' : '0'))
  await phone.sees(refusal('zh-CN', 'qr-invalid'))
})

await world.finish()
