// When opening does not go straight through: a phone that is not on file and its three remedies, a name to correct, a ticket, another
// device, five presses on a dead network, the diagnosis, the help centre. In Chinese, then in English.
import { expect, same, step, until, World } from './world.mjs'

const world = await World.start()
const dead = /ERR_FAILED|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|ERR_TIMED_OUT/
const current = '/applications/current'

async function api(phone, method, path, body, wanted) {
  const { status, body: answer } = await phone.api(method, path, body)
  expect([wanted].flat().includes(status), `${method} ${path}: ${status} ${JSON.stringify(answer)}`)
  return answer
}

/** A draft up to the review, by the API. */
async function fillIn(phone, person, { name = person.name, number = person.phone } = {}) {
  await phone.go('/welcome')
  const meta = await world.get('/api/v1/meta')
  await api(phone, 'POST', '/applications', { terms_version: meta.terms.version, consent_terms: true, consent_face: true, language: phone.language }, 201)
  await api(phone, 'PUT', `${current}/identity`, { name, id_number: person.id_number }, 200)
  const seen = (await world.messages(number)).length
  await api(phone, 'POST', `${current}/phone`, { phone: number }, 202)
  await api(phone, 'POST', `${current}/phone/verify`, { code: await world.code(number, seen) }, 200)
  await api(phone, 'POST', `${current}/face`, {}, 202)
  await until('the face check', async () => (await api(phone, 'GET', current, undefined, 200)).face.state === 'passed')
  await api(phone, 'PUT', `${current}/password`, { password: person.password }, 200)
  await api(phone, 'PUT', `${current}/pin`, { pin: person.pin }, 200)
}

/** Six presses of the person, one wallet: the whole of story 4, 6 in one language. */
async function stories(n, language, person, looks) {
  const phone = await world.phone(looks)
  const { page } = phone
  const strange = language === 'en' ? '13800020001' : '13800020002'
  const pic = (name) => phone.looks(`trouble-${language}-${name}`)
  phone.allowed.push(dead)

  // REQ-049 REQ-050 REQ-060
  await step(`${n}.1 five presses on a dead network: not sent yet, one key, one application`, async () => {
    await fillIn(phone, person, { number: strange })
    await phone.go('/open/review')
    await phone.sees(phone.t('review.lead'))
    const keys = []
    await page.route(/\/api\/v1\/applications\/current(\/submit|\/attempts\/.*)$/, async (route) => {
      if (route.request().url().endsWith('/submit')) keys.push(route.request().headers()['idempotency-key'])
      await route.abort('connectionfailed')
    })
    const button = phone.button(phone.t('do.submit'))
    for (let i = 0; i < 5; i++) await button.dispatchEvent('click')
    await phone.sees(phone.t('net.unsent'))
    await pic('unsent')
    await until('it is sent again by itself', () => keys.length >= 2)
    same(new Set(keys).size, 1, 'keys')
    expect(keys[0], 'a key')
    // The network is back: two requests that were on their way arrive as well, late.
    const late = keys.slice(0, 2)
    await page.unroute(/\/api\/v1\/applications\/current(\/submit|\/attempts\/.*)$/)
    const answers = await Promise.all(late.map((key) => phone.page.evaluate(async (k) => {
      const answer = await fetch('/api/v1/applications/current/submit', { method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': k }, body: '{}' })
      return { status: answer.status, text: await answer.text() }
    }, key)))
    await phone.press('net.retry').catch(() => undefined)
    await phone.atPath('/open/status')
    same(answers[0].text, answers[1].text, 'the same body')
    same(answers[0].status, 202, 'status')
    await phone.sees(phone.t('trouble.phone-not-linked'))
  })
  // REQ-043 REQ-046 REQ-124
  await step(`${n}.2 the class of the mismatch, and three remedies on the same screen`, async () => {
    await pic('phone-not-linked')
    for (const way of ['phone', 'card', 'branch']) await phone.sees(phone.t(`trouble.way.${way}`))
    await page.getByRole('button', { name: phone.t('trouble.way.card') }).click()
    await phone.field('link.card').fill(person.cards[0].card_number)
    await phone.press('link.send')
    await phone.sees(phone.t('link.waiting', { last4: person.cards[0].card_number.slice(-4) }))
    await pic('link')
    const bank = await world.get('/sandbox/api/bank')
    const credit = bank.requests.find((r) => r.operation === 'probe' && r.card_number === person.cards[0].card_number)
    const wrong = credit.amount.value === '0.99' ? '0.98' : '0.99'
    await phone.field('link.amount').fill(wrong)
    await phone.press('link.type')
    await page.locator('[data-test=link] .error').waitFor()
    const shown = await page.locator('[data-test=link]').innerText()
    expect(!/higher|lower|more|less|多|少|大|小于/.test(shown.replace(/tries left/g, '')), `a hint: ${shown}`)
    await pic('link-wrong')
    await phone.field('link.amount').fill(credit.amount.value)
    await phone.press('link.type')
    await phone.atPath('/open/review')
  })
  // REQ-053
  await step(`${n}.3 a ticket for a branch: number, QR code, what to bring; printed, cancelled`, async () => {
    await phone.go('/open/ticket')
    await phone.sees(phone.t('ticket.lead'))
    await pic('ticket-before')
    await page.getByRole('checkbox').check()
    await phone.press('ticket.make')
    await page.locator('[data-test=ticket-number]').waitFor()
    await phone.sees(phone.t('ticket.doc.resident-id'))
    expect(/^\d{4} \d{4}$/.test(await page.locator('[data-test=ticket-number]').innerText()), 'eight digits')
    await page.getByRole('img', { name: phone.t('ticket.qr') }).waitFor()
    await pic('ticket')
    await page.reload()
    await page.getByRole('img', { name: phone.t('ticket.qr') }).waitFor()
    await phone.press('ticket.cancel')
    await phone.answer('ticket.cancel')
    await phone.sees(phone.t('ticket.state.cancelled'))
  })
  await step(`${n}.4 another device goes on at the same step; this one is signed off`, async () => {
    await phone.go('/open/review')
    await page.getByRole('link', { name: phone.t('links.elsewhere') }).click()
    await phone.press('handover.make')
    const code = await page.locator('[data-test=handover-code]').innerText()
    await pic('handover')
    const other = await world.phone(looks)
    await other.go('/open/continue')
    await other.field('handover.code').fill('AAAA BBBB CCCC DDDD')
    await other.press('continue.act')
    await other.page.locator('.error').first().waitFor()
    await other.looks(`trouble-${language}-continue-wrong`)
    await other.field('handover.code').fill(code.toLowerCase())
    await other.press('continue.act')
    await other.atPath('/open/review')
    await phone.atPath('/welcome')
    await other.go('/open/handover')
    await other.press('handover.make')
    await other.page.locator('[data-test=handover-code]').waitFor()
    // The QR code's address, as the camera of the first phone opens it.
    const made = await other.page.evaluate(async () => (await fetch('/api/v1/applications/current/handover', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).json())
    await page.goto(made.url)
    await phone.atPath('/open/review')
    same(new URL(page.url()).hash, '', 'the key leaves the address')
    await other.close()
  })
  // REQ-054 REQ-063 REQ-123
  await step(`${n}.5 the diagnosis: every check with its word, the case number, the first step`, async () => {
    await page.getByRole('link', { name: phone.t('links.diagnosis') }).click()
    await until('all checks', async () => (await page.locator('[data-check]').count()) === 8)
    await phone.sees(phone.t('diagnosis.case'))
    await pic('diagnosis')
    same(await page.locator('[data-check=sms]').getAttribute('data-result'), 'ok', 'code')
    await page.route('**/api/v1/diagnosis', (route) => route.abort('connectionfailed'))
    await phone.press('diagnosis.again')
    await phone.sees(phone.t('fact.network.down'))
    await until('all checks again', async () => (await page.locator('[data-check]').count()) === 8)
    await pic('diagnosis-down')
    await page.unroute('**/api/v1/diagnosis')
    await page.getByRole('button', { name: phone.t('act.network') }).click()
    await until('all checks once more', async () => (await page.locator('[data-check=network]').getAttribute('data-result')) === 'ok')
  })
  // REQ-048
  await step(`${n}.6 linked: submitted again, the wallet opens`, async () => {
    await phone.go('/open/review')
    await phone.press('do.submit')
    await phone.sees(phone.t('status.lead.opened'))
  })
  await phone.close()
}

await stories(1, 'zh-CN', world.person('许望舒'), {})
await stories(2, 'en', world.person('陆景行'), { language: 'en', dark: true, width: 320, height: 640 })

await world.finish()
