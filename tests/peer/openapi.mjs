// spec/openapi.yaml is valid OpenAPI 3.1, names exactly the routes of the program and the codes of spec/errors.csv; and the
// checker that the scenarios use (tests/node/contract.mjs) finds what is broken.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../..', import.meta.url).pathname
if (!existsSync(join(root, 'tests/node/node_modules'))) {
  console.log('skipped: tests/node is not installed (npm ci in tests/node)')
  process.exit(77)
}
const { tools } = await import('../node/tools.mjs')
const { contract, operations, resolve } = await import('../node/contract.mjs')
const { document, Validator, errorCodes, steps } = tools(root)
const { step, finish } = steps()

const program = join(root, 'build/tongbao')
const listed = operations(document)

await step('the document is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(document))
  return result.valid ? null : JSON.stringify(result.errors?.slice?.(0, 3) ?? result.errors)
})

await step('every reference leads somewhere', () => {
  const lost = []
  JSON.stringify(document, (key, value) => {
    if (key === '$ref' && resolve(document, { $ref: value }) === undefined) lost.push(value)
    return value
  })
  return lost.length ? lost.join(' ') : null
})

await step('every component is used', () => {
  const text = JSON.stringify(document)
  const unused = ['schemas', 'parameters', 'responses', 'headers'].flatMap((kind) =>
    Object.keys(document.components[kind]).filter((name) => !text.includes(`"#/components/${kind}/${name}"`)),
  )
  return unused.length ? unused.join(' ') : null
})

const routes = execFileSync(program, ['routes'], { encoding: 'utf8' })
  .trimEnd()
  .split('\n')
  .map((line) => line.split('\t'))
const inProgram = routes.map(([method, path, id]) => `${method} ${path.replace('*}', '}')} ${id}`)
const inDocument = listed.map(({ method, path, id }) => `${method} ${path} ${id}`)

await step('each route of the program is described under its operationId', () => {
  const missing = inProgram.filter((line) => !inDocument.includes(line))
  return missing.length ? missing.join('; ') : null
})
await step('each operation described is a route of the program', () => {
  const extra = inDocument.filter((line) => !inProgram.includes(line))
  return extra.length ? extra.join('; ') : null
})
await step('operationIds are unique', () => {
  const ids = listed.map((o) => o.id)
  return new Set(ids).size === ids.length ? null : ids.filter((id, i) => ids.indexOf(id) !== i).join(' ')
})

await step('ErrorCode lists exactly the codes of spec/errors.csv that have a status', () => {
  const wanted = errorCodes.filter((row) => row.http !== '0').map((row) => row.code)
  const got = document.components.schemas.ErrorCode.enum
  const wrong = [...wanted.filter((c) => !got.includes(c)), ...got.filter((c) => !wanted.includes(c))]
  return wrong.length ? wrong.join(' ') : null
})

/** [operationId, status, code] of every refusal that the document describes. */
function refusals() {
  return listed.flatMap(({ id, operation }) =>
    Object.entries(operation.responses).flatMap(([status, reference]) => {
      const schema = resolve(document, reference).content?.['application/problem+json']?.schema
      return (schema?.allOf?.[1]?.properties?.code?.enum ?? []).map((code) => [id, Number(status), code])
    }),
  )
}
await step('each refusal stands under the status of its code', () => {
  const status = Object.fromEntries(errorCodes.map((row) => [row.code, Number(row.http)]))
  const wrong = refusals().filter(([, http, code]) => status[code] !== http)
  return wrong.length ? wrong.join('; ') : null
})

// Codes that stand only in a body (`failure`, `refusal`) or come before any route is found.
const elsewhere = ['identity-mismatch', 'review-refused', 'identity-in-use', 'phone-in-use', 'ticket-invalid', 'bank-refused', 'method-not-allowed']
await step('each code that the program can answer is described by an operation', () => {
  const described = new Set([...refusals().map(([, , code]) => code), ...elsewhere])
  const rooms = ['api', 'net', 'onboard', 'pay', 'funds', 'activity', 'guard', 'party', 'books', 'jobs']
  const files = rooms.flatMap((room) =>
    readdirSync(join(root, 'src', room))
      .filter((name) => name.endsWith('.c'))
      .map((name) => join(root, 'src', room, name)),
  )
  const used = new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(/\bCODE_[A-Z_]+\b/g) ?? []))
  const missing = errorCodes
    .map((row) => row.code)
    .filter((code) => used.has(`CODE_${code.toUpperCase().replaceAll('-', '_')}`) && !described.has(code))
  return missing.length ? missing.join(' ') : null
})

// --- the checker itself: a good answer passes, each broken one is named by its pointer ---

const { check } = contract(document)
const id = `req_${'0'.repeat(32)}`
const headers = { 'content-type': 'application/json', 'request-id': id }
const money = (value) => ({ value, currency: 'CNY' })
const wallet = () => ({
  wallet_number: '200438116029',
  state: 'active',
  balances: ['CNY', 'USD'].map((currency) => ({
    currency,
    available: { value: '1.00', currency },
    pending_in: { value: '0.00', currency },
    pending_out: { value: '0.00', currency },
  })),
})
const problem = (code, status) => ({
  type: `/docs/errors/${code}`,
  title: 'x',
  status,
  detail: 'x',
  instance: '/api/v1/transfers',
  code,
  request_id: id,
  charged: false,
  params: { amount: money('1.00') },
  errors: [],
  actions: [],
})
const payment = {
  id: `txn_${'0'.repeat(32)}`,
  kind: 'payment',
  direction: 'out',
  state: 'succeeded',
  amount: money('1.00'),
  counterparty: { name: 'x', kind: 'merchant', detail: '' },
  memo: '',
  created_at: '2026-11-22T04:31:07.512Z',
  finished_at: null,
}

async function accepts(name, method, path, status, type, body, more = {}) {
  await step(`accepts ${name}`, () => {
    const wrong = check(method, path, status, { ...headers, 'content-type': type, ...more }, body)
    return wrong ? `${wrong.pointer} ${wrong.message}` : null
  })
}
async function refuses(name, pointer, method, path, status, type, body, more = {}) {
  await step(`refuses ${name} at '${pointer}'`, () => {
    const wrong = check(method, path, status, { ...headers, 'content-type': type, ...more }, body)
    if (!wrong) return 'it was accepted'
    return wrong.pointer === pointer ? null : `it pointed at '${wrong.pointer}': ${wrong.message}`
  })
}
const json = 'application/json'
const refusal = 'application/problem+json'
const language = { 'content-language': 'zh-CN' }
const change = (value, edit) => {
  const copy = structuredClone(value)
  edit(copy)
  return JSON.stringify(copy)
}

await accepts('a wallet', 'GET', '/api/v1/wallet', 200, json, JSON.stringify(wallet()))
await accepts('a row of bills', 'GET', '/api/v1/bills?limit=2', 200, json, JSON.stringify({ data: [payment], next_cursor: null }))
await accepts('a refusal', 'POST', '/api/v1/transfers', 409, refusal, JSON.stringify(problem('balance-insufficient', 409)), language)
await accepts('an empty answer', 'DELETE', '/api/v1/sessions', 204, '', '')
await accepts('a literal path before a template', 'GET', '/sandbox/api/people', 200, json, '{"data":[]}')
await accepts('a tail with slashes', 'PUT', '/sandbox/api/bank/faults', 200, json, '{}')
await refuses('a missing member', '/balances/1/pending_in', 'GET', '/api/v1/wallet', 200, json,
  change(wallet(), (w) => delete w.balances[1].pending_in))
await refuses('an unknown member', '/secret', 'GET', '/api/v1/wallet', 200, json, change(wallet(), (w) => (w.secret = 1)))
await refuses('a JSON number as money', '/balances/0/available/value', 'GET', '/api/v1/wallet', 200, json,
  change(wallet(), (w) => (w.balances[0].available.value = 1)))
await refuses('an unknown state', '/state', 'GET', '/api/v1/wallet', 200, json, change(wallet(), (w) => (w.state = 'closed')))
await refuses('detail members in a list', '/data/0/fee', 'GET', '/api/v1/bills', 200, json,
  change({ data: [payment], next_cursor: null }, (p) => (p.data[0].fee = money('0.00'))))
await refuses('a time that is none', '/data/0/created_at', 'GET', '/api/v1/bills', 200, json,
  change({ data: [payment], next_cursor: null }, (p) => (p.data[0].created_at = '2026-13-22T04:31:07Z')))
await refuses('a code the operation does not have', '/code', 'POST', '/api/v1/transfers', 409, refusal,
  JSON.stringify(problem('card-exists', 409)), language)
await refuses('a status that is not described', '', 'GET', '/api/v1/wallet', 201, json, JSON.stringify(wallet()))
await refuses('a path that is not described', '', 'GET', '/api/v1/wallets', 200, json, '{}')
await refuses('another content type', '', 'GET', '/api/v1/wallet', 200, 'text/html', JSON.stringify(wallet()))
await refuses('a body where none is', '', 'DELETE', '/api/v1/sessions', 204, '', 'x')
await refuses('an answer without its id', '', 'GET', '/api/v1/wallet', 200, json, JSON.stringify(wallet()), { 'request-id': undefined })
await refuses('what is no JSON', '', 'GET', '/api/v1/wallet', 200, json, '{')

finish()
