// node tools/screenshots.mjs   Draws the README's pictures anew into docs/pictures/: starts a sandbox of its own,
// uses a wallet for a while, opens another one, and takes five screens. Needs what ./test web needs.
import { statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root, useWallet, World } from '../tests/web/world.mjs'

const folder = join(root, 'docs/pictures')
const world = await World.start()
const ratio = 1 // 390 px wide: sharp enough for a README, and small
const taken = []

async function take(phone, name) {
  const file = join(folder, `${name}.png`)
  await phone.page.mouse.move(0, 0)
  await phone.page.evaluate(() => document.activeElement?.blur())
  await phone.page.screenshot({ path: file, animations: 'disabled' })
  taken.push([name, statSync(file).size])
}

try {
  await mkdir(folder, { recursive: true })
  const person = world.person('周予安')
  const phone = await world.loggedIn(person, { ratio })
  await useWallet(world, phone, person)

  await phone.go('/')
  await phone.page.locator('.bill-item').nth(2).waitFor()
  await take(phone, 'home')

  await phone.go('/bills')
  await phone.page.locator('.bill-item').nth(4).waitFor()
  await take(phone, 'bills')

  await phone.go('/transfer')
  await phone.page.locator('.list .row').first().click()
  await phone.keys('128')
  await phone.press('transfer.now', { amount: '¥128.00' })
  await phone.keys('47')
  await take(phone, 'transfer')

  await phone.go('/code')
  await phone.page.locator('.barcode').waitFor()
  await take(phone, 'pay-code')

  const newcomer = world.person('陆景行')
  const other = await world.phone({ ratio })
  await other.go('/open')
  await other.page.getByRole('checkbox').first().waitFor()
  for (const box of await other.page.getByRole('checkbox').all()) await box.check()
  await other.press('do.agree')
  await other.atPath('/open/identity')
  await other.field('identity.name').fill(newcomer.name)
  await other.field('identity.id').fill(newcomer.id_number)
  await other.press('do.next')
  await other.atPath('/open/phone')
  await other.field('phone.label').fill(newcomer.phone)
  await other.press('phone.send')
  const code = await world.code(newcomer.phone)
  await other.field('phone.code').fill(code.slice(0, 4))
  await take(other, 'open')
} finally {
  await world.stop()
}
for (const [name, size] of taken) console.log(`docs/pictures/${name}.png  ${Math.round(size / 1024)} KB`)
if (taken.length !== 5 || taken.some(([, size]) => size > 120 * 1024)) process.exitCode = 1
