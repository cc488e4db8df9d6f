// Every page in both languages, light and dark, 390 and 320 px wide: nothing scrolls sideways, nothing
// is cut or broken over two lines, targets are large enough, axe finds nothing, the document is named
// after its heading and the heading has the focus. The size budget of the first page.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, root, step, until, useWallet, World } from './world.mjs'

const world = await World.start()
const person = world.person('周予安')
const owner = await world.loggedIn(person)
await useWallet(world, owner, person)
const bill = (await owner.api('GET', '/bills?limit=20')).body.data
const card = (await owner.api('GET', '/cards')).body.data[0]
const of = (kind) => bill.find((b) => b.kind === kind).id

const free = ['/welcome', '/login', '/open/terms', '/help', '/help/code', '/help/faq/mismatch', '/help/diagnosis', '/maintenance', '/open/continue', '/help/lock', '/settings', '/settings/terms', '/offline',
  '/nowhere']
const own = ['/', '/bills', '/wealth', '/me', '/scan', '/code', '/receive', `/q/${world.shop.static_qr_text.split('/q/')[1]}`,
  '/transfer', `/result/${of('transfer')}`, '/topup', '/withdraw', '/cards', '/cards/add', `/cards/${card.id}`,
  `/bills/${of('payment')}`, `/bills/${of('withdrawal')}`, '/messages', '/security', '/security/password', '/security/pin',
  '/security/devices', '/security/history', '/security/checkup', '/unlock', '/security/freeze', '/security/nopin', '/security/limits']

/** The page stands: heading there, no skeleton, no spinner. */
async function settled(phone) {
  const { page } = phone
  await page.locator('h1').first().waitFor()
  await until('the page is loaded', () =>
    page.evaluate(() => !document.querySelector('.skeleton, .finder.starting, .code-none .spinner') && document.readyState === 'complete'))
}

const plain = (path) =>
  path === '/' ? 'home' : path.slice(1).replace(/^q\/.*/, 'pay').replace(/txn_\w+/, 'one').replace(/card_\w+/, 'one').replaceAll('/', '-')

/** Goes to a page of the running app, as a link does. */
async function follow(phone, path) {
  await phone.page.evaluate((to) => {
    history.pushState({ back: '/', current: to, position: history.length }, '', to)
    dispatchEvent(new PopStateEvent('popstate', { state: history.state }))
  }, path)
  await until(`at ${path}`, () => phone.path() === path || path.startsWith('/q/'))
  await settled(phone)
}

async function visit(phone, path) {
  const { page } = phone
  const name = `looks-${phone.language}-${plain(path)}`
  const note = (look, lines) => world.ugly.push(...lines.map((line) => `${name} ${look}: ${line}`))
  await follow(phone, path)
  if (path !== '/') {
    await until(`${path}: focus on the heading`, () => page.evaluate(() => document.activeElement?.tagName === 'H1'), 4000)
    // The address changes before the page does: heading and title are read until both are the new page's.
    if (path !== '/welcome')
      await until(`${path}: the title is the heading`, async () => {
        const heading = (await page.locator('h1').first().innerText()).trim()
        return (await page.title()) === `${heading} · ${phone.t('brand')}`
      })
  }
  // What axe sees does not hang on the language, what fits does.
  const axe = (rules) => (phone.language === 'zh-CN' ? phone.axe(rules) : [])
  note('390', [...(await phone.misfits()), ...(await axe())])
  await phone.shot(`${name}-390-light`)
  await page.setViewportSize({ width: 320, height: 640 })
  await page.emulateMedia({ colorScheme: 'dark' })
  note('320 dark', [...(await phone.misfits()), ...(await axe(['color-contrast']))])
  await phone.shot(`${name}-320-dark`)
  await page.setViewportSize({ width: 390, height: 844 })
  await page.emulateMedia({ colorScheme: 'light' })
  // The theme is painted again, with its own text size, once the media query has changed.
  await until('light again', () => page.evaluate(() => document.documentElement.dataset.theme === 'light'))
  await page.evaluate(() => (document.documentElement.style.fontSize = '30px'))
  note('large text', (await phone.misfits()).filter((line) => /^the page|^outside|^cut/.test(line)))
  await phone.shot(`${name}-390-large`)
  await page.evaluate(() => (document.documentElement.style.fontSize = '16px'))
}

for (const language of ['zh-CN', 'en']) {
  await step(`9 ${language}: ${free.length + own.length} pages, each at 390 px, at 320 px in the dark, with large text`, async () => {
    const guest = await world.phone({ language })
    await guest.go('/help')
    await settled(guest)
    const phone = await world.loggedIn(person, { language })
    const all = async (p, paths) => {
      for (const path of paths) await visit(p, path)
    }
    await Promise.all([all(guest, free), all(phone, own)])
    await guest.close()
    await phone.close()
  })
}

await step('9 the first page keeps its budget', () => {
  execFileSync('node', [join(root, 'web/scripts/size.mjs')], { stdio: 'pipe' })
})

// REQ-013
await step('9 no page keeps what a person typed or what they own in the browser', async () => {
  const kept = await owner.page.evaluate(async () => ({
    store: JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }),
    cached: (await Promise.all((await caches.keys()).map(async (k) => (await (await caches.open(k)).keys()).map((r) => r.url)))).flat(),
  }))
  for (const secret of [person.pin, person.password, person.id_number, person.cards[0].card_number]) expect(!kept.store.includes(secret), 'secret kept')
  expect(kept.cached.length > 3, 'the shell is cached')
  expect(!kept.cached.some((url) => url.includes('/api/')), 'an answer is cached')
})

await world.finish()
