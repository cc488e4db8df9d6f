// Locks on the person's screen, in Chinese and English: each code's passport with its button, the questions, the request,
// the check-up, the history of log-ins.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root, step, World } from './world.mjs'

const world = await World.start()
const command = (...options) =>
  execFileSync(join(root, 'build/tongbao'), ['admin', 'lock', ...options, '--data', world.folder, '--share', root, '--operator', 'zhao', '--second', 'qian', '--reason', 'test'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

for (const language of ['zh-CN', 'en']) {
  const tag = language === 'en' ? 'en' : 'zh'
  const person = world.person(language === 'en' ? '欧阳若水' : '沈清和')
  const phone = await world.loggedIn(person, { language })
  const me = await phone.api('GET', '/me')
  const wallet = (me.json ?? me.body).wallet_number

  // REQ-104
  await step(`9.1 ${language}: locks of operators: what, why, who decides, until when, the way out`, async () => {
    for (const [code, cause, more] of [
      ['L05', 'document-expired', []],
      ['L06', 'phone-recycled', []],
      ['L08', 'reported-recipient', []],
      ['L09', 'authority-order', ['--authority', '某市公安局', '--number', '公冻〔2026〕1号']],
      ['L10', 'our-fault', ['--trace', 'req_42']],
    ]) {
      const found = command('place', '--wallet', wallet, '--code', code, ...more)
      await phone.go('/unlock')
      await phone.sees(phone.t(`lock.title.${code}`))
      await phone.sees(phone.t(`lock.cause.${cause}`))
      await phone.sees(found)
      if (code === 'L09') await phone.sees('公冻〔2026〕1号')
      if (code === 'L10') await phone.sees(phone.t('unlock.sorry'))
      await phone.looks(`locks-${tag}-${code}`)
      if (code === 'L05') {
        // REQ-107 REQ-108
        await phone.press('unlock.exit.documents')
        await phone.field('unlock.statement').fill('new document')
        await phone.looks(`locks-${tag}-request`)
        await phone.press('unlock.send')
        await phone.sees(phone.t('unlock.asked'))
      }
      command('lift', '--case', found)
    }
  })
  // REQ-099
  await step(`9.2 ${language}: frozen by oneself: the passport leads to unfreezing`, async () => {
    await phone.go('/security/freeze')
    await phone.press('freeze.act')
    await phone.answer('freeze.act')
    await phone.sees(phone.t('freeze.done.text'))
    await phone.go('/unlock')
    await phone.sees(phone.t('lock.title.L07'))
    await phone.looks(`locks-${tag}-L07`)
    await phone.press('unlock.exit.unfreeze')
    await phone.press('freeze.un')
    await phone.pin(person.pin)
    await phone.sees(phone.t('freeze.un.done'))
  })
  // REQ-110
  await step(`9.3 ${language}: check-up and history`, async () => {
    await phone.go('/security/checkup')
    await phone.sees(phone.t('checkup.lead'))
    await phone.looks(`locks-${tag}-checkup`)
    await phone.go('/security/history')
    await phone.sees(phone.t('history.r.ok'))
    await phone.looks(`locks-${tag}-history`)
  })
  await phone.close()
}
await world.finish()
