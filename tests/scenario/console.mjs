// The console over HTTP, on one database: node tests/scenario/console.mjs [sqlite | postgresql]
// Who may do what (each role tries each action), four eyes, reasons, reveals, the audit trail. Every answer is held against
// spec/openapi.yaml; at the end every operation of the console was used.
import { existsSync } from 'node:fs'
import { createHmac } from 'node:crypto'
import { join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname
const kind = process.argv[2] ?? 'sqlite'
if (!existsSync(join(root, 'tests/node/node_modules'))) {
  console.log('skipped: tests/node is not installed (npm ci in tests/node)')
  process.exit(77)
}
if (kind === 'postgresql' && !process.env.TONGBAO_TEST_POSTGRES) {
  console.log('skipped: TONGBAO_TEST_POSTGRES names no PostgreSQL cluster')
  process.exit(77)
}
const { tools } = await import('../node/tools.mjs')
const { contract, operations } = await import('../node/contract.mjs')
const { Client, startWallet } = await import('../node/wallet.mjs')
const { document, steps } = tools(root)
const { step, finish } = steps()
const { check, seen } = contract(document)

const deviations = []
function inspect(method, path, answer) {
  const wrong = check(method, path, answer.status, answer.headers, answer.text)
  if (wrong) deviations.push(`${method} ${path} ${answer.status}: at '${wrong.pointer}' ${wrong.message} ${answer.text.slice(0, 300)}`)
}
const labelled = (name, run) =>
  step(name, async () => {
    deviations.length = 0
    const said = await run()
    return deviations.length ? [...new Set(deviations)].join('\n  ') : (said ?? null)
  })

const wallet = await startWallet(root, kind)
const C = '/api/v1/console'
const browser = () => new Client(wallet.port, inspect, {})

/** Bytes of an authenticator key as people type it (base32, RFC 4648). */
function base32(text) {
  let bits = ''
  for (const letter of text) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
}
/** The code of a 30-second step (RFC 6238), `ahead` steps from now. */
function totp(key, ahead = 0) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + ahead))
  const mac = createHmac('sha1', base32(key)).update(counter).digest()
  const at = mac[19] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0')
}

const people = {} // login -> { login, password, key, client }
/** A code that was not used yet: of the step before, this one or the next. At most three in one 30-second step. */
function fresh(person) {
  const now = Math.floor(Date.now() / 30000)
  const next = Math.max(now - 1, (person.step ?? 0) + 1)
  if (next > now + 1) return null
  person.step = next
  return totp(person.key, next - now)
}
/** The same, waiting for the clock when three codes of this moment are used up. */
async function code(person) {
  for (;;) {
    const found = fresh(person)
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
async function signIn(person) {
  const client = browser()
  const answer = await client.post(`${C}/sessions`, { login: person.login, password: person.password, totp: await code(person) })
  if (answer.status !== 201) throw new Error(`${person.login} cannot sign in: ${answer.text}`)
  return client
}
const expect = (answer, status, slug) => {
  if (answer.status !== status || (slug && answer.json?.code !== slug))
    throw new Error(`expected ${status} ${slug ?? ''}, got ${answer.status} ${answer.text.slice(0, 200)}`)
  return answer.json
}

try {
  await labelled('the play operators are on the sandbox page, with the code of the moment', async () => {
    const answer = await browser().get('/sandbox/api/operators')
    for (const o of expect(answer, 200).data) {
      people[o.login] = { ...o }
      const codes = [totp(o.key, -1), totp(o.key)]
      if (!codes.includes(o.code)) return `the code of ${o.login} is another one`
    }
  })

  await labelled('signing in asks for password and one-time code, and tells nothing of what was wrong', async () => {
    const { chen } = people
    const wrong = { login: 'chen', password: 'wrong password', totp: totp(chen.key) }
    const none = { login: 'nobody', password: chen.password, totp: '123456' }
    const answers = [
      await browser().post(`${C}/sessions`, wrong),
      await browser().post(`${C}/sessions`, none),
      await browser().post(`${C}/sessions`, { login: 'chen', password: chen.password, totp: '000000' }),
    ]
    for (const answer of answers) expect(answer, 401, 'sign-in-failed')
    const texts = new Set(answers.map(({ json }) => JSON.stringify({ ...json, request_id: '' })))
    if (texts.size !== 1) return 'the answers differ'
    const used = await code(chen)
    expect(await browser().post(`${C}/sessions`, { login: 'chen', password: chen.password, totp: used }), 201)
    expect(await browser().post(`${C}/sessions`, { login: 'chen', password: chen.password, totp: used }), 401, 'sign-in-failed')
    expect(await browser().get(`${C}/me`), 401, 'operator-login-required')
  })

  await labelled('each operator signs in', async () => {
    for (const person of Object.values(people)) person.client = await signIn(person)
    const me = expect(await people.chen.client.get(`${C}/me`), 200)
    if (me.roles.join() !== 'clerk,reviewer' || me.rights.includes('unlock')) return JSON.stringify(me)
    expect(await people.chen.client.post(`${C}/me/stay`), 200)
  })

  // AB-35: least privilege. What each role gets of each action; numbers are statuses.
  await labelled('each role tries each action', async () => {
    const actions = {
      cases: (c) => c.get(`${C}/cases`),
      'one case': (c) => c.get(`${C}/cases/0000-0000`),
      take: (c) => c.post(`${C}/cases/0000-0000/take`),
      figures: (c) => c.get(`${C}/figures`),
      operators: (c) => c.get(`${C}/operators`),
      'new operator': (c) =>
        c.post(`${C}/operators`, { action: 'add', login: 'x1', name: 'X', roles: ['clerk'], reason: 'new-colleague', totp: '000000' }),
      'close operator': (c) => c.post(`${C}/operators/999/close`, { reason: 'left' }),
      maintenance: (c) =>
        c.post(`${C}/maintenance`, { scope: 'opening', until: '2099-01-01T00:00:00Z', reason: 'planned-work', totp: '000000' }),
      'end maintenance': (c) => c.post(`${C}/maintenance/end`, { reason: 'other' }),
      approve: (c) => c.post(`${C}/approvals/apr_${'0'.repeat(32)}`, { decision: 'approve', totp: '000000' }),
      audit: (c) => c.get(`${C}/audit`),
    }
    const allowed = {
      chen: 'cases,one case,take,figures,audit',
      lin: 'cases,one case,take,figures,maintenance,end maintenance,approve,audit',
      zhao: 'cases,one case,take,figures,approve,audit',
      wu: 'figures,operators,new operator,close operator,maintenance,end maintenance,approve,audit',
      sun: 'cases,one case,take,figures,operators,audit',
    }
    for (const [login, may] of Object.entries(allowed))
      for (const [name, act] of Object.entries(actions)) {
        const answer = await act(people[login].client)
        const refused = answer.status === 403 && answer.json.code === 'not-permitted'
        if (refused === may.split(',').includes(name)) return `${login} ${name}: ${answer.status} ${answer.text.slice(0, 120)}`
      }
    for (const act of Object.values(actions)) expect(await act(browser()), 401, 'operator-login-required')
  })

  // AB-01: what does not exist and what is not yours look the same.
  await labelled('a case that does not exist is not found, whatever is done to it', async () => {
    const { client } = people.chen
    const body = { reason: 'other' }
    for (const answer of [
      await client.get(`${C}/cases/ZZZZ-ZZZZ`),
      await client.post(`${C}/cases/ZZZZ-ZZZZ/hand`, { to: 'lead', ...body }),
      await client.post(`${C}/cases/ZZZZ-ZZZZ/notes`, { note: 'x' }),
      await client.post(`${C}/cases/ZZZZ-ZZZZ/decision`, { outcome: 'refused', ...body }),
      await client.post(`${C}/cases/ZZZZ-ZZZZ/reveal`, { field: 'phone', ...body }),
    ])
      expect(answer, 404, 'not-found')
  })

  // AB-35: role grants need a second person; two sessions of one person are one person.
  let asked
  await labelled('a new operator: asked by one administrator, approved by another', async () => {
    const { wu, zheng } = people
    asked = expect(
      await wu.client.post(`${C}/operators`, {
        action: 'add', login: 'han', name: '韩青', roles: ['clerk'], reason: 'new-colleague', totp: await code(wu),
      }),
      201,
    ).approval
    const second = await signIn(wu)
    const yes = (client, totp) => client.post(`${C}/approvals/${asked.id}`, { decision: 'approve', totp })
    expect(await yes(second, '000000'), 403, 'same-operator')
    expect(await yes(wu.client, '000000'), 403, 'same-operator')
    const list = expect(await zheng.client.get(`${C}/approvals`), 200).data
    if (list.length !== 1 || list[0].parameters.login !== 'han') return JSON.stringify(list)
    expect(await yes(zheng.client, '000000'), 401, 'confirm-wrong')
    const done = expect(await yes(zheng.client, await code(zheng)), 200)
    if (!done.setup_code || done.approval.state !== 'carried-out') return JSON.stringify(done)
    expect(await yes(zheng.client, '000000'), 409, 'case-state')
    people.han = { login: 'han', password: 'a new long password', setup: done.setup_code }
  })

  await labelled('the new operator sets password and key and signs in; the set-up code is used up', async () => {
    const { han } = people
    const setup = expect(await browser().post(`${C}/setup`, { setup_code: han.setup }), 200)
    han.key = setup.key
    const body = { setup_code: han.setup, password: han.password }
    expect(await browser().post(`${C}/setup/finish`, { ...body, password: 'short', totp: totp(han.key) }), 422, 'operator-password-weak')
    expect(await browser().post(`${C}/setup/finish`, { ...body, totp: '000000' }), 401, 'confirm-wrong')
    expect(await browser().post(`${C}/setup/finish`, { ...body, totp: await code(han) }), 204)
    expect(await browser().post(`${C}/setup`, { setup_code: han.setup }), 410, 'setup-invalid')
    han.client = await signIn(han)
  })

  await labelled('a request is declined, and taken back; an account is closed and its session ends', async () => {
    const { wu, zheng, han } = people
    const one = expect(
      await zheng.client.post(`${C}/operators`, { action: 'roles', id: 1, roles: ['risk'], reason: 'changed-duties', totp: await code(zheng) }),
      201,
    ).approval.id
    expect(await wu.client.delete(`${C}/approvals/${one}`), 404, 'not-found')
    expect(await wu.client.post(`${C}/approvals/${one}`, { decision: 'decline' }), 200)
    expect(await zheng.client.delete(`${C}/approvals/${one}`), 409, 'case-state')
    const id = expect(await wu.client.get(`${C}/operators`), 200).data.find((o) => o.login === 'han').id
    expect(await wu.client.post(`${C}/operators/${id}/close`, { reason: 'left' }), 204)
    expect(await han.client.get(`${C}/me`), 401, 'operator-login-required')
  })

  await labelled('maintenance: set by two, seen by everybody, ended', async () => {
    const { lin, qian } = people
    const until = new Date(Date.now() + 3600e3).toISOString()
    const { approval } = expect(
      await lin.client.post(`${C}/maintenance`, { scope: 'opening', until, note_zh: '升级', note_en: 'Upgrade', reason: 'planned-work', totp: await code(lin) }),
      201,
    )
    if (expect(await lin.client.get(`${C}/maintenance`), 200).notice !== null) return 'it is set before the second person said yes'
    expect(await qian.client.post(`${C}/approvals/${approval.id}`, { decision: 'approve', totp: await code(qian) }), 200)
    const { notice } = expect(await lin.client.get(`${C}/maintenance`), 200)
    if (!notice?.in_force || notice.set_by.name !== '林晚' || notice.approved_by.name !== '钱越') return JSON.stringify(notice)
    const again = expect(
      await qian.client.post(`${C}/maintenance`, { scope: 'all', until, reason: 'failure', totp: await code(qian) }),
      201,
    ).approval
    expect(await qian.client.delete(`${C}/approvals/${again.id}`), 204)
    expect(await qian.client.post(`${C}/maintenance/end`, { reason: 'other' }), 204)
    if (expect(await lin.client.get(`${C}/maintenance`), 200).notice !== null) return 'it did not end'
  })

  // AB-35: who, when, why.
  await labelled('the audit trail names it all; others see their own part only', async () => {
    const all = expect(await people.sun.client.get(`${C}/audit?limit=100`), 200).data
    const actions = new Set(all.map((row) => row.action))
    for (const wanted of ['session.start', 'session.refused', 'operator.add', 'operator.setup', 'operator.close', 'approval.ask', 'approval.approve', 'approval.decline', 'maintenance.set', 'maintenance.end'])
      if (!actions.has(wanted)) return `${wanted} is missing`
    const own = expect(await people.chen.client.get(`${C}/audit`), 200).data
    if (own.length === 0 || own.some((row) => row.operator?.name !== '陈默')) return 'chen sees what others did'
    const page = expect(await people.sun.client.get(`${C}/audit?limit=2`), 200)
    const next = expect(await people.sun.client.get(`${C}/audit?limit=2&cursor=${encodeURIComponent(page.next_cursor)}`), 200)
    if (next.data[0].seq !== page.data[1].seq - 1) return 'the pages do not follow each other'
  })

  await labelled('signing out ends the session', async () => {
    expect(await people.zhao.client.delete(`${C}/sessions`), 204)
    expect(await people.zhao.client.get(`${C}/me`), 401, 'operator-login-required')
  })

  await step('every operation of the console was used', () => {
    const unused = operations(document).map((o) => o.id).filter((id) => id.startsWith('console') && !seen.has(id))
    return unused.length ? unused.join(' ') : null
  })
} finally {
  const how = await wallet.stop()
  await step('the server stops cleanly on SIGTERM', () => (how.code === 0 ? null : JSON.stringify(how)))
}
const audited = await step('the auditor finds nothing', () => {
  wallet.audit()
  return null
})
if (audited) wallet.remove()
finish()
