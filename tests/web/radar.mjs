// The radar where the person waits: causes brought about for real by the carriers of the sandbox,
// seen in words, and their buttons at work, in Chinese and in English.
import { expect, same, step, until, World } from './world.mjs'

const world = await World.start()
const people = world.people.filter((p) => !p.opened)

async function atPhone(language, person) {
  const phone = await world.phone({ language })
  await phone.go('/')
  await phone.atPath('/welcome')
  const meta = (await phone.api('GET', '/meta')).body
  const wish = { terms_version: meta.terms.version, consent_terms: true, consent_face: true, language }
  same((await phone.api('POST', '/applications', wish)).status, 201, 'application')
  same((await phone.api('PUT', '/applications/current/identity', { name: person.name, id_number: person.id_number })).status, 200, 'identity')
  await phone.go('/open/phone')
  await phone.atPath('/open/phone')
  return phone
}
async function ask(phone, number) {
  await phone.field('phone.label').fill(number)
  await phone.press('phone.send')
}
const cause = (phone, id) => phone.page.locator(`#app [data-cause="${id}"]`).first().waitFor({ timeout: 8000 })
const latest = async (number) => (await world.messages(number))[0]

for (const language of ['zh-CN', 'en']) {
  const n = language === 'en' ? '2' : '1'
  const phone = await atPhone(language, people[language === 'en' ? 1 : 0])
  const word = (key, values) => phone.t(key, values)
  // A number rings once a minute, whoever asks: each language has numbers of its own.
  const [black, spam, off] = [`1709999${n}010`, `1389999${n}012`, `1389999${n}008`]

  // REQ-056 REQ-057
  await step(`${n}.1 C01 C02 C03: the kind of number is told before anything is sent`, async () => {
    await phone.field('phone.label').fill('02112345678')
    await cause(phone, 'C01')
    await phone.field('phone.label').fill('14912345678')
    await cause(phone, 'C02')
    await phone.field('phone.label').fill(black)
    await cause(phone, 'C03')
    await phone.sees(word('radar.C03'))
    await phone.looks(`radar-${n}-before`)
  })
  // Story 2. REQ-026
  await step(`${n}.2 C10: blacklisted; the call speaks the same code`, async () => {
    await world.play('carrier', { phone: black, script: 'a:BLACK@600 v:DELIVRD@300' })
    await phone.press('phone.send')
    await cause(phone, 'C10')
    await phone.sees(word('radar.C10'))
    await phone.press('radar.do.lift')
    await phone.sees(word('radar.lift'))
    await phone.looks(`radar-${n}-blacklisted`)
    await phone.press('radar.do.voice')
    await cause(phone, 'C12')
    const call = await latest(black)
    same(call.folder, 'call', 'heard')
    expect(/\d{6}/.test(call.text), call.text)
  })
  const change = async (number) => {
    await phone.press('phone.change')
    await ask(phone, number)
  }
  // REQ-058 REQ-059
  await step(`${n}.3 C12: delivered but unseen: what to search for, and where`, async () => {
    await world.play('carrier', { phone: spam, script: 'a:DELIVRD@300 spam' })
    await change(spam)
    await cause(phone, 'C12')
    same((await latest(spam)).folder, 'spam', 'folder')
    await phone.looks(`radar-${n}-delivered`)
    await phone.press('radar.do.found')
    same(await phone.page.evaluate(() => document.activeElement?.autocomplete), 'one-time-code', 'focus')
  })
  await step(`${n}.4 C08 C09: suspended, empty: another number`, async () => {
    await world.play('carrier', { phone: off, script: 'a:UNDELIV@200' })
    await change(off)
    await cause(phone, 'C08')
    await phone.press('radar.do.desk')
    await phone.sees(word('radar.desk'))
  })
  await phone.close()
}
const other = await atPhone('zh-CN', people[0])
await step('3.1 C06: refused by the gateway, the other route by itself', async () => {
  await ask(other, '13899990006')
  await cause(other, 'C06')
  await other.sees(other.t('radar.C06'))
})
await step('3.2 C11: the local route does not work', async () => {
  await other.press('phone.change')
  await world.play('carrier', { phone: '13899990011', script: 'a:-8704@200 b:silent' })
  await ask(other, '13899990011')
  await cause(other, 'C11')
})
// REQ-055 REQ-062
await step('3.3 C07: switched off; after a reload the same is shown', async () => {
  await other.press('phone.change')
  await world.play('carrier', { phone: '13899990007', script: 'a1:EXPIRED@200 a:DELIVRD@200' })
  await ask(other, '13899990007')
  await cause(other, 'C07')
  await other.page.reload()
  await cause(other, 'C07')
  await other.looks('radar-3-off')
})
await other.close()
const lost = await atPhone('zh-CN', people[0])
// Story 6. REQ-060
await step('4.1 C04: the network is gone: not sent yet; the retry sends once', async () => {
  lost.allowed.push(/ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_NETWORK/)
  await lost.field('phone.label').fill('13899990004')
  await lost.context.setOffline(true)
  await lost.press('phone.send')
  await cause(lost, 'C04')
  await lost.looks('radar-4-lost')
  for (let i = 0; i < 3; i++) {
    await lost.press('radar.do.retry')
    await cause(lost, 'C04')
  }
  await lost.context.setOffline(false) // it then goes by itself, under the same key
  await until('the code', async () => (await world.messages('13899990004')).length > 0)
  same((await world.messages('13899990004')).length, 1, 'messages')
})
await lost.close()
await world.finish()
