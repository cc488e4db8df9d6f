// A walk through the whole API against the running program, on one database: node tests/scenario/api.mjs [sqlite | postgresql]
// Every answer is held against spec/openapi.yaml. At the end every operation and every refusal of the document has been seen,
// but those listed as out of reach, and the auditor agrees with the books.
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
const { tools } = await import('../node/tools.mjs')
const { contract, operations, resolve } = await import('../node/contract.mjs')
const { Client, startWallet } = await import('../node/wallet.mjs')
const { document, steps } = tools(root)
const { step, finish } = steps()

// What a walk cannot bring about: trouble of the machine, limits of a whole day, races.
const outOfReach = new Set([
  'internal', 'busy', 'storage-unavailable', 'result-unknown', 'request-running',
  // Seen by tests/scenario/trouble.mjs and the clocks of tests/unit/onboard.
  'maintenance', 'link-closed', 'handover-expired',
  // Seen by tests/scenario/locks.mjs and tests/unit/guard.
  'unlock-not-needed', 'login-delay', 'login-unconfirmed', 'login-paused', 'pin-identity', 'transfer-locked', 'limits-locked', 'answers-risky',
  // By the operator's policy and decision: tests/scenario/opening.mjs, tests/unit/onboard.
  'review-refused', 'class-not-offered',
])

// The console has a walk of its own: console.mjs.
const walked = operations(document).filter(({ id }) => !id.startsWith('console') && id !== 'sandboxOperators')

const codes = new Set()
const deviations = []
const { check, seen } = contract(document)

function inspect(method, path, answer) {
  const wrong = check(method, path, answer.status, answer.headers, answer.text)
  if (wrong) deviations.push(`${method} ${path} ${answer.status}: at '${wrong.pointer}' ${wrong.message} ${answer.text.slice(0, 300)}`)
  const problem = (answer.headers['content-type'] ?? '').startsWith('application/problem+json')
  if (problem) codes.add(answer.json.code)
}

/** A labelled step: what `run` throws, and what deviates from the document meanwhile, fails it. */
function labelled(name, run) {
  return step(name, async () => {
    deviations.length = 0
    await run()
    return deviations.length ? [...new Set(deviations)].join('\n  ') : null
  })
}

const wallet = await startWallet(root, kind)
const world = {
  wallet,
  step: labelled,
  browser: (headers) => new Client(wallet.port, inspect, headers),
  probe: () => new Client(wallet.admin, inspect),
  seen,
}
try {
  const parts = ['service', 'opening', 'signing', 'cards', 'funds', 'paying', 'charges', 'transfers', 'bills', 'security', 'documents', 'trouble', 'resets']
  for (const part of parts) await (await import(`./api/${part}.mjs`)).default(world)

  await step('every operation of the document was used', () => {
    const unused = walked.filter((o) => !o.operation.tags.includes('Locks')).map((o) => o.id).filter((id) => !seen.has(id))
    return unused.length ? unused.join(' ') : null
  })
  await step('every refusal of the document was seen', () => {
    const described = walked.flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap((reference) => {
        const schema = resolve(document, reference).content?.['application/problem+json']?.schema
        return schema?.allOf?.[1]?.properties?.code?.enum ?? []
      }),
    )
    const missing = [...new Set(described)].filter((code) => !codes.has(code) && !outOfReach.has(code))
    return missing.length ? missing.join(' ') : null
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
