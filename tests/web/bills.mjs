// Activity: months with sums, filters, search, load more, one entry in full.
import { expect, payText, same, step, until, useWallet, World } from './world.mjs'

const world = await World.start()
const person = world.person('周予安')
const phone = await world.loggedIn(person)
const { page } = phone
await useWallet(world, phone, person)
const rows = page.locator('.bill-item')

// REQ-082
await step('7.1 the month: sums without one’s own top-ups and withdrawals, and the page says so', async () => {
  await phone.go('/')
  await phone.link('tab.bills').click()
  await rows.first().waitFor()
  await until('the sums', async () => {
    const sums = await page.locator('.sums').innerText()
    return sums.includes('¥278.40') && sums.includes('¥88.00')
  })
  await phone.sees(phone.t('bills.note'))
  await phone.sees('今天')
  await phone.looks('bills-1')
})

for (const [filter, count] of [['bills.f.transfer', 2], ['bills.f.topup', 1], ['bills.f.withdrawal', 1], ['bills.f.payment', 3]]) {
  await step(`7.2 filter ${phone.t(filter)}: ${count} rows`, async () => {
    await phone.button(phone.t(filter)).click()
    await until(`${count} rows`, async () => (await rows.count()) === count)
    same(await phone.button(phone.t(filter)).getAttribute('aria-pressed'), 'true', 'pressed')
  })
}

// REQ-080
await step('7.3 search by memo, by amount, by shop; nothing found offers to clear', async () => {
  await phone.button(phone.t('bills.f.all')).click()
  const search = page.getByRole('searchbox')
  for (const [words, count] of [['电影票', 1], ['19.90', 1], [world.shop.name, 3]]) {
    await search.fill(words)
    await search.press('Enter')
    await until(`${words}: ${count} rows`, async () => (await rows.count()) === count)
  }
  await search.fill('没有这样的账单')
  await search.press('Enter')
  await phone.sees(phone.t('bills.nohit'))
  await phone.looks('bills-2-nohit')
  await phone.press('bills.clear')
  await until('all rows', async () => (await rows.count()) > 6)
})

await step('7.4 an empty month says what will be there; back to this month', async () => {
  await phone.press('bills.prev')
  await phone.sees(phone.t('bills.empty'))
  await phone.looks('bills-3-empty')
  await phone.press('bills.next')
  await rows.first().waitFor()
})

// REQ-098
await step('7.5 one entry: amount, state, every field, progress; copy and the way to report it', async () => {
  await rows.filter({ hasText: '−200.00' }).first().click()
  await phone.atPath(/^\/bills\/txn_/)
  for (const words of ['沈*和', '周末晚饭', phone.t('done.transfer'), phone.t('bill.order'), phone.t('bill.receipt'), phone.t('bill.after')])
    await phone.sees(words).catch(() => expect(false, `not shown: ${words}`))
  await phone.looks('bills-4-detail')
  await page.getByRole('button', { name: phone.t('do.copy.what', { what: phone.t('bill.order') }) }).click()
  await phone.sees(phone.t('do.copied'))
  await phone.press('bill.notme')
  await phone.sees(phone.t('bill.notme.text'))
  await phone.answer('freeze.stay')
})

// REQ-081
await step('7.6 more than one page of entries: load more, none twice', async () => {
  for (let i = 0; i < 30; i++) await payText(phone, person, world.shop.static_qr_text, `0.${String(i + 10)}`)
  await phone.go('/bills')
  await rows.first().waitFor()
  const first = await rows.count()
  expect(first < 38, `${first} rows at once`)
  for (let i = 0; i < 4 && (await phone.button(phone.t('list.more')).count()); i++) {
    const before = await rows.count()
    await phone.button(phone.t('list.more')).click({ timeout: 2000 }).catch(() => undefined)
    await until('more rows', async () => (await rows.count()) > before || !(await phone.button(phone.t('list.more')).count()))
  }
  const links = await rows.evaluateAll((all) => all.map((e) => e.getAttribute('href')))
  same(links.length, 38, 'rows')
  same(new Set(links).size, links.length, 'different rows')
})

await step('7.7 the list follows a payment by itself', async () => {
  await page.evaluate(() => scrollTo(0, 0))
  await phone.go('/bills')
  await rows.first().waitFor()
  await payText(phone, person, world.shop.static_qr_text, '3.33')
  await phone.sees('−3.33')
})

// REQ-013
await step('7.8 someone else’s entry is not found', async () => {
  const other = await world.loggedIn(world.person('林知夏'))
  const id = (await phone.api('GET', '/bills?limit=1')).body.data[0].id
  await other.go(`/bills/${id}`)
  await other.sees('没有找到这条记录。')
  await other.looks('bills-5-not-found')
})

await world.finish()
