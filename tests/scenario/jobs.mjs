// Server and workers as two processes on one database: node tests/scenario/jobs.mjs [sqlite | postgresql]
// A code waits until there are workers, then a wallet is opened and its owner signed in.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
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
const { steps } = await import('../node/tools.mjs')
const { Client, startWallet, until } = await import('../node/wallet.mjs')
const { expect, smsCode } = await import('./api/expect.mjs')
const { step, finish } = steps()

const current = '/api/v1/applications/current'
const nothing = () => {}

async function waiting(port, queue) {
  const { text } = await new Client(port, nothing).get('/metrics')
  return Number(new RegExp(`^tongbao_outbox_waiting\\{queue="${queue}"\\} ([0-9]+)$`, 'm').exec(text)[1])
}

async function walk() {
  const wallet = await startWallet(root, kind, { apart: true })
  const client = new Client(wallet.port, nothing)
  let jobs
  let person
  try {
    await step('without workers a code waits in the outbox', async () => {
      const meta = expect(await client.get('/api/v1/meta'), 200)
      person = expect(await client.get('/sandbox/api/people'), 200).data.find((one) => !one.opened)
      const wish = { terms_version: meta.terms.version, consent_terms: true, consent_face: true }
      expect(await client.post('/api/v1/applications', wish), 201)
      expect(await client.put(`${current}/identity`, { name: person.name, id_number: person.id_number }), 200)
      expect(await client.post(`${current}/phone`, { phone: person.phone }), 202)
      assert.equal(await waiting(wallet.admin, 'sms'), 1)
      assert.equal(expect(await client.get(`/sandbox/api/messages?phone=${person.phone}`), 200).messages.length, 0)
    })
    // REQ-037
    await step('workers of another process send it', async () => {
      jobs = await wallet.startJobs()
      const code = await smsCode(client, person.phone)
      expect(await client.post(`${current}/phone/verify`, { code }), 200)
      await until('the outbox is empty', async () => (await waiting(wallet.admin, 'sms')) === 0)
    })
    await step('they check the face and open the wallet', async () => {
      expect(await client.post(`${current}/face`), 202)
      await until('the face check', async () => expect(await client.get(current), 200).face.state === 'passed')
      expect(await client.put(`${current}/password`, { password: person.password }), 200)
      expect(await client.put(`${current}/pin`, { pin: person.pin }), 200)
      expect(await client.post(`${current}/submit`), 202)
      await until('the wallet', async () => expect(await client.get(current), 200).state === 'opened')
      expect(await client.post('/api/v1/sessions', { login: person.phone, password: person.password }), 201)
      assert.equal(expect(await client.get('/api/v1/wallet'), 200).state, 'active')
    })
    await step('their own figures', async () => {
      const { text } = await new Client(jobs.admin, nothing).get('/metrics')
      assert.match(text, /^tongbao_commit_groups_total [1-9]/m)
      assert.equal(await waiting(jobs.admin, 'decide'), 0)
    })
    await step('both end cleanly, and the auditor agrees', async () => {
      assert.deepEqual(await jobs.stop(), { code: 0, signal: null })
      jobs = null
      assert.deepEqual(await wallet.stop(), { code: 0, signal: null })
      assert.match(wallet.audit(), /^audit: clean/)
    })
  } finally {
    if (jobs) await jobs.stop()
    await wallet.stop()
    wallet.remove()
  }
}

await step('each command tells its options on standard output; a wrong one on standard error', () => {
  const program = join(root, process.env.TONGBAO_BUILD ?? 'build', 'tongbao')
  const run = (...words) => spawnSync(program, words, { encoding: 'utf8', timeout: 30000 })
  const commands = [...run('--help').stdout.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1])
  assert.ok(commands.includes('jobs') && commands.includes('serve'))
  for (const command of commands) {
    const help = run(command, '--help')
    assert.deepEqual([command, help.status, help.stderr], [command, 0, ''])
    assert.ok(help.stdout.startsWith(`Usage: tongbao ${command}`))
    const wrong = run(command, '--nonsense')
    assert.deepEqual([command, wrong.status, wrong.stdout], [command, 2, ''])
  }
  assert.equal(run('jobs', '--data', '/nowhere', '--seed').status, 2)
})
await walk()
finish()
