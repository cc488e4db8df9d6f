// Logged in and out: the session ends on the server, nothing stays behind; other devices; the warning
// before the session ends for want of use; locks after wrong passwords and PINs.
import { expect, refusal, same, step, transferTo, until, World } from './world.mjs'

const world = await World.start()
const person = world.person('林知夏')
const phone = await world.phone()
const { page } = phone

async function fill(p, login, password) {
  await p.field('login.name').fill(login)
  await p.field('login.password').fill(password)
  await p.press('do.login')
}

await step('2.1 a page that needs a login leads to it and comes back to that page', async () => {
  await phone.go('/security/limits')
  await phone.atPath('/login')
  await phone.press('do.login')
  await phone.sees(phone.t('login.need.name'))
  await phone.looks('session-1-login')
  await page.getByRole('checkbox').check()
  await fill(phone, person.phone, person.password)
  await phone.atPath('/security/limits')
})

await step('2.2 the address in ?to= never leads to another site', async () => {
  await phone.go('/login?to=https%3A%2F%2Fevil.example%2F')
  await phone.atPath('/')
  await phone.go('/login?to=%2F%2Fevil.example')
  await phone.atPath('/')
})

// REQ-100
await step('2.3 the session cookie cannot be read by scripts and goes to this host alone', async () => {
  const cookie = (await phone.context.cookies(world.url)).find((c) => c.name === '__Host-tongbao')
  same(cookie.httpOnly && cookie.secure && cookie.path, '/', 'flags')
  same(await page.evaluate(() => document.cookie.includes('tongbao')), false, 'readable')
})

// REQ-100
await step('2.4 log out: asked once, ended on the server, nothing behind the back button', async () => {
  const old = (await phone.context.cookies(world.url)).find((c) => c.name === '__Host-tongbao')
  const tab = await phone.tab()
  await tab.goto(`${world.url}/me`)
  await tab.locator('h1').waitFor()
  await phone.go('/')
  await phone.sees('¥2,680.35')
  await phone.link('tab.me').click()
  await phone.press('me.logout')
  await phone.looks('session-2-ask')
  await phone.answer('me.logout')
  await phone.atPath('/welcome')
  await tab.waitForURL(/\/welcome/)
  await tab.close()
  await page.goBack()
  await until('no balance', async () => !(await page.locator('body').innerText()).includes('2,680.35'))
  await until('a free page', () => ['/welcome', '/login'].includes(phone.path()))
  await phone.context.addCookies([old])
  same((await phone.api('GET', '/wallet')).status, 401, 'the old cookie')
  await phone.context.clearCookies()
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))
  expect(!/林|2680|6688/.test(kept), kept)
})

await step('2.5 the number is remembered because it was ticked, the password never', async () => {
  await phone.go('/login')
  same(await phone.field('login.name').inputValue(), person.phone, 'number')
  same(await phone.field('login.password').inputValue(), '', 'password')
  await phone.field('login.password').fill(person.password)
  await phone.press('do.login')
  await phone.atPath('/')
})

// REQ-100
await step('2.6 another device: seen, ended, and it shows the login page by itself', async () => {
  const other = await world.loggedIn(person, { language: 'en' })
  await phone.go('/security/devices')
  await page.getByRole('button', { name: /^退出/ }).first().waitFor()
  await phone.looks('session-3-devices')
  await page.getByRole('button', { name: /^退出 ?Android/ }).first().click()
  await phone.sees(phone.t('devices.ended'))
  await until('the other one is out', () => other.path() === '/login')
  await other.sees(other.t('login.again.why'))
  await other.looks('session-3-devices-other')
  await other.close()
})

// REQ-125
await step('2.7 idle: a warning a minute before, staying is one press, then the end says why', async () => {
  const timed = await world.phone({ clock: true })
  await timed.logIn(person)
  const { body: meta } = await timed.api('GET', '/meta')
  await timed.page.clock.fastForward((meta.idle_timeout_s - 50) * 1000)
  await timed.sees(timed.t('idle.title'))
  await timed.looks('session-4-idle')
  const kept = timed.page.waitForResponse((r) => r.url().endsWith('/sessions/current/keep'))
  await timed.answer('idle.stay')
  same((await kept).status(), 200, 'kept')
  await until('no question', async () => (await timed.page.getByRole('alertdialog').count()) === 0)
  await timed.page.clock.fastForward((meta.idle_timeout_s + 5) * 1000)
  await timed.atPath('/login')
  await timed.sees(timed.t('idle.over'))
  await timed.looks('session-5-idle-over')
  same((await timed.api('GET', '/me')).status, 401, 'the session')
  await timed.close()
})

// REQ-104 REQ-105 REQ-109 REQ-123
await step('2.8 five wrong passwords lock: tries left, then reason, until when, the way out', async () => {
  const victim = world.person('沈清和')
  const guess = await world.phone()
  await guess.go('/login')
  for (let left = 4; left >= 1; left--) {
    await fill(guess, victim.phone, 'wrong password 1')
    await guess.sees(`手机号或密码不正确，还可试 ${left} 次。`)
    same(await guess.field('login.password').inputValue(), '', 'cleared')
  }
  await guess.looks('session-6-wrong')
  await fill(guess, victim.phone, 'wrong password 1')
  await guess.page.locator('[data-test=lock-card]').waitFor()
  await guess.sees(refusal('zh-CN', 'account-locked'))
  await guess.sees(guess.t('login.locked.text'))
  await guess.looks('session-7-locked')
  await guess.press('login.locked.how')
  await guess.atPath('/unlock')
  await guess.sees(guess.t('lock.cause.password-tries'))
  await guess.sees(guess.t('unlock.not.tries'))
  await guess.looks('session-7-passport')
  await guess.go('/login')
  await fill(guess, victim.phone, victim.password)
  await guess.page.locator('[data-test=lock-card]').waitFor()
  await guess.close()
})

await step('2.9 a number without a wallet gets the same sentence', async () => {
  const guess = await world.phone({ language: 'en' })
  await guess.go('/login')
  await fill(guess, '13312345678', 'wrong password 1')
  await guess.sees('Wrong phone or password. 4 tries left.')
  await guess.close()
})

// REQ-104
await step('2.10 five wrong PINs lock paying, not looking: reason, time, case number on the home page', async () => {
  const payer = world.person('欧阳若水')
  const own = await world.loggedIn(payer)
  await own.go('/transfer')
  await own.field('transfer.find').fill(person.phone)
  await own.press('do.next')
  await own.keys('5')
  await own.page.locator('.key.ok').click()
  for (let left = 4; left >= 1; left--) {
    await own.pin('111213')
    await own.sees(`支付密码不正确，还可试 ${left} 次。未扣款。`)
  }
  await own.pin('111213')
  await own.sees(/支付密码已锁定到 .+。未扣款。/)
  await own.looks('session-8-pin-locked')
  same(await own.balance(), '9900.00', 'balance')
  await own.go('/')
  await own.sees(/支付密码锁定到 .+，编号 /)
  await own.looks('session-9-home-locked')
  await own.close()
})

await step('2.11 a changed password ends the other logins and is asked for next time', async () => {
  const other = await world.loggedIn(person)
  await phone.go('/security/password')
  await phone.field('password.current').fill('not this one 1')
  await phone.field('password.new').fill('meadow4lanterns')
  await phone.press('password.save')
  await phone.sees(/登录密码不正确，还可试 \d 次。/)
  await phone.field('password.current').fill(person.password)
  await phone.press('password.save')
  await phone.atPath('/security')
  await until('the other one is out', () => other.path() === '/login')
  await fill(other, person.phone, person.password)
  await other.sees(/手机号或密码不正确/)
  await fill(other, person.phone, 'meadow4lanterns')
  await other.atPath('/')
  await other.close()
})

await step('2.12 a changed PIN counts at once', async () => {
  await phone.go('/security/pin')
  await phone.sees(phone.t('pinset.current'))
  await phone.keys(person.pin)
  await phone.sees(phone.t('pinset.text'))
  await phone.keys('920736')
  await phone.sees(phone.t('pinset.again.text'))
  await phone.keys('920736')
  await phone.atPath('/security')
  await transferTo(phone, { pin: '920736' }, world.person('周予安'), '1.00')
})

await step('2.13 payments without PIN: off at once; on asks for the PIN, a wrong one leaves it off', async () => {
  const nopin = page.getByRole('switch', { name: phone.t('nopin.switch') })
  const stored = async () => (await phone.api('GET', '/me')).body.nopin.enabled
  await phone.go('/security/nopin')
  await nopin.click()
  await phone.sees(phone.t('nopin.off'))
  same(await stored(), false, 'off')
  await nopin.click()
  await phone.sees(phone.t('pin.enter'))
  await phone.looks('session-10-nopin')
  await phone.pin('111213')
  await phone.sees(/支付密码不正确，还可试 \d 次。/)
  same(await stored(), false, 'a wrong PIN')
  await phone.pin('920736')
  await until('on', async () => (await nopin.getAttribute('aria-checked')) === 'true')
  same(await stored(), true, 'on')
})

await world.finish()
