// Makes dist/docs: the API document of spec/openapi.yaml as one page, with the refusals of spec/errors.csv in both languages.
// Nothing of it asks another host, and it works under the policy of the documentation pages.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { exampleOf, mergeAll, nameOf, resolve, typeOf } from './schema.mjs'

const here = (path) => new URL(path, import.meta.url)
const document = parse(readFileSync(here('../../spec/openapi.yaml'), 'utf8'))
const { errors } = await readErrors()

async function readErrors() {
  const load = (name) => readFileSync(here(`../kit/i18n/${name}`), 'utf8')
  // The generated tables are JSON but for their first and last lines.
  const table = (text) =>
    Object.fromEntries([...text.matchAll(/^ {2}("[^"]+"): (.+),$/gm)].map((m) => [JSON.parse(m[1]), JSON.parse(m[2])]))
  const zh = table(load('errors.ts'))
  const en = table(load('errors.en.ts'))
  return { errors: Object.entries(zh).map(([code, row]) => ({ code, ...row, en: en[code] })) }
}

const escape = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])
const slug = (text) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

/** The little Markdown that the document uses: paragraphs, `code`, **strong**. */
function inline(text) {
  return escape(text)
    .replaceAll(/`([^`]+)`/g, (_, code) => {
      const target = operationIds.has(code) ? `#${code}` : errorLinks.has(code) ? `#error-${code}` : ''
      return target ? `<a href="${target}"><code>${code}</code></a>` : `<code>${code}</code>`
    })
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
}
const prose = (text) =>
  text
    .trim()
    .split(/\n\s*\n/)
    .map((part) => `<p>${inline(part.replaceAll('\n', ' '))}</p>`)
    .join('\n')

const methods = ['get', 'put', 'post', 'delete']
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  methods.filter((m) => item[m]).map((m) => ({ method: m.toUpperCase(), path, servers: item.servers, ...item[m] })),
)
const operationIds = new Set(operations.map((o) => o.operationId))
const errorLinks = new Set(errors.map((row) => row.code))

// --- schemas as rows ---

/** The objects that have a table of their own. */
const objects = Object.entries(document.components.schemas).filter(([name, schema]) => {
  const merged = mergeAll(document, schema)
  return !name.endsWith('Base') && (Object.keys(merged.properties ?? {}).length > 0 || merged.oneOf)
})
const linked = new Set(objects.map(([name]) => name))

function typeHtml(schema) {
  return typeOf(document, schema)
    .map((part) => (linked.has(part) ? `<a href="#object-${part}">${part}</a>` : escape(part)))
    .join(' or ')
}

function rules(schema) {
  const s = resolve(document, schema)
  const out = []
  if (s.const !== undefined) out.push(`always <code>${escape(JSON.stringify(s.const))}</code>`)
  if (s.enum) out.push(`one of ${s.enum.map((v) => `<code>${escape(v === null ? 'null' : v)}</code>`).join(' ')}`)
  if (s.minLength !== undefined && s.minLength === s.maxLength) out.push(`${s.minLength} characters`)
  else if (s.maxLength !== undefined && !/bytes/.test(s.description ?? '')) out.push(`at most ${s.maxLength} bytes`)
  if (s.minimum !== undefined || s.maximum !== undefined) out.push([s.minimum ?? '', s.maximum ?? ''].join(' … ').trim())
  if (s.default !== undefined) out.push(`default <code>${escape(s.default)}</code>`)
  if (s.pattern) out.push(`<code>${escape(s.pattern)}</code>`)
  if (s.format) out.push(s.format)
  return out
}

/** A description, and the rules in HTML after it. */
function meaning([description, ...notes]) {
  const words = description ? inline(description.trim().replace(notes.length ? /[.]$/ : /$^/, '')) : ''
  return [words, ...notes].filter(Boolean).join('; ')
}

/** [path, schema, required] of a schema's members; anonymous objects are laid open. */
function members(schema, prefix = '') {
  const merged = mergeAll(document, schema)
  const required = new Set(merged.required ?? [])
  return Object.entries(merged.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`
    const row = [[path, property, required.has(name)]]
    const inner = resolve(document, property)
    const open = nameOf(property) === '' && inner.properties
    if (open) return [...row, ...members(inner, `${path}.`)]
    const items = inner.items && nameOf(inner.items) === '' ? inner.items : null
    return items?.properties || items?.allOf ? [...row, ...members(items, `${path}[].`)] : row
  })
}

function memberTable(schema, caption, asked) {
  const rows = members(schema)
  if (!rows.length) return `<p>An object without members: <code>{}</code></p>`
  const body = rows.map(([path, property, required]) => {
    const description = property.description ?? (nameOf(property) ? '' : resolve(document, property).description) ?? ''
    const notes = [description, ...(linked.has(nameOf(property)) ? [] : rules(property))]
    const mark = asked ? (required ? '<strong>required</strong>' : 'optional') : required ? '' : 'may be absent'
    return `<tr><th scope="row"><code>${escape(path)}</code></th><td>${typeHtml(property)}${mark && ` · ${mark}`}</td><td>${meaning(notes)}</td></tr>`
  })
  return `<table><caption>${caption}</caption><thead><tr><th scope="col">Member</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>${body.join('\n')}</tbody></table>`
}

const json = (value) => escape(JSON.stringify(value, null, 2))
const pre = (label, text) => `<pre tabindex="0" role="region" aria-label="${escape(label)}"><code>${text}</code></pre>`

// --- one operation ---

const signIns = {
  session: 'Needs a session.',
  application: 'Needs the cookie of an application.',
  merchant: 'Needs the key of a shop.',
}

function access(operation) {
  const asked = operation.security ?? document.security
  const names = asked.flatMap((one) => Object.keys(one))
  if (!asked.length) return 'Public.'
  const words = names.map((name) => signIns[name]).join(' Or: ')
  return asked.some((one) => !Object.keys(one).length) ? `${words} Also without.` : words
}

function parameterTable(parameters, caption) {
  const rows = parameters
    .map((p) => resolve(document, p))
    .map(
      (p) =>
        `<tr><th scope="row"><code>${escape(p.name)}</code></th><td>${p.in} · ${p.required ? '<strong>required</strong>' : 'optional'}</td><td>${meaning([p.description, ...rules(p.schema)])}</td></tr>`,
    )
  return `<table><caption>${caption}</caption><thead><tr><th scope="col">Name</th><th scope="col">Where</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

function requestExample(operation, schema) {
  const parameters = (operation.parameters ?? []).map((p) => resolve(document, p))
  const path = parameters
    .filter((p) => p.in === 'path')
    .reduce((at, p) => at.replace(`{${p.name}}`, exampleOf(document, p.schema)), operation.path)
  const lines = [`${operation.method} ${path}`]
  if (JSON.stringify(operation.security ?? '').includes('merchant')) lines.push('Authorization: Bearer …')
  for (const p of parameters) if (p.in === 'header' && p.required) lines.push(`${p.name}: ${exampleOf(document, p.schema)}`)
  if (schema) lines.push('Content-Type: application/json', '', JSON.stringify(exampleOf(document, schema), null, 2))
  return pre(`Example request of ${operation.operationId}`, escape(lines.join('\n')))
}

function answers(operation) {
  const good = []
  const bad = []
  for (const [status, reference] of Object.entries(operation.responses)) {
    const response = resolve(document, reference)
    const refusal = response.content?.['application/problem+json']
    const codes = refusal?.schema.allOf[1].properties.code.enum ?? []
    if (codes.length)
      bad.push(`<li><b>${status}</b> ${codes.map((code) => `<a href="#error-${code}">${code}</a>`).join(', ')}</li>`)
    const [type, media] = Object.entries(response.content ?? {}).find(([t]) => t !== 'application/problem+json') ?? []
    if (Number(status) >= 300 && !media) continue
    if (refusal && !media && Number(status) >= 200 && Number(status) < 300) continue
    const name = media && nameOf(media.schema)
    const what = name ? `<a href="#object-${name}">${name}</a>` : (type ?? 'no body')
    const words = response.description.split('; or ')[0]
    good.push(`<li><b>${status}</b> ${inline(words)} ${what}${type === 'application/json' ? exampleAnswer(operation, status, media.schema) : ''}</li>`)
  }
  return `<h4>Answers</h4><ul class="answers">${good.join('\n')}</ul><details><summary>Refusals of ${operation.operationId}</summary><ul class="answers">${bad.join('\n')}</ul></details>`
}

function exampleAnswer(operation, status, schema) {
  return `<details><summary>Example of ${status}, ${operation.operationId}</summary>${pre(`Example answer ${status} of ${operation.operationId}`, json(exampleOf(document, schema)))}</details>`
}

function operationHtml(operation) {
  const schema = operation.requestBody?.content['application/json']?.schema
  const parts = [
    `<article id="${operation.operationId}"><h3><a class="anchor" href="#${operation.operationId}">${escape(operation.summary)}</a></h3>`,
    `<p class="route"><span class="method ${operation.method.toLowerCase()}">${operation.method}</span> <code>${escape(operation.path).replaceAll('/', '/<wbr>')}</code> <span class="id">${operation.operationId}</span></p>`,
    prose(operation.description),
    `<p class="access">${access(operation)}${operation.servers ? ` ${escape(operation.servers[0].description)}` : ''}</p>`,
  ]
  if (operation.parameters) parts.push(parameterTable(operation.parameters, 'Parameters'))
  if (schema) parts.push(memberTable(schema, 'Request body', true))
  parts.push(`<details><summary>Example request, ${operation.operationId}</summary>${requestExample(operation, schema)}</details>`)
  parts.push(answers(operation), '</article>')
  return parts.join('\n')
}

// --- the page ---

const groups = document.tags.map((tag) => ({ ...tag, list: operations.filter((o) => o.tags[0] === tag.name) }))

const menu = `<nav aria-label="Contents"><ul>
<li><a href="#top">Overview</a></li>
${groups
  .map(
    (g) =>
      `<li><a href="#${slug(g.name)}">${g.name}</a><ul>${g.list.map((o) => `<li><a href="#${o.operationId}">${escape(o.summary)}</a></li>`).join('')}</ul></li>`,
  )
  .join('\n')}
<li><a href="#objects">Objects</a></li>
<li><a href="#errors">Refusals · <span lang="zh-CN">错误码</span></a></li>
</ul></nav>`

function objectHtml([name, schema]) {
  const merged = mergeAll(document, schema)
  const words = merged.description ? prose(merged.description) : ''
  const forms = merged.oneOf
    ? merged.oneOf.map((form) => memberTable(form, escape(form.title ?? 'Form'))).join('\n')
    : memberTable(merged, `Members of ${name}`)
  return `<article id="object-${name}"><h3><a class="anchor" href="#object-${name}">${name}</a></h3>${words}${forms}</article>`
}

const errorTable = `<table class="errors"><caption>Every code, with its status and texts. <span lang="zh-CN">每个错误码及其状态和文字。</span></caption>
<thead><tr><th scope="col">Code <span lang="zh-CN">错误码</span></th><th scope="col">HTTP</th><th scope="col" lang="zh-CN">中文</th><th scope="col">English</th></tr></thead><tbody>
${errors
  .filter((row) => row.http)
  .map(
    (row) =>
      `<tr id="error-${row.code}"><th scope="row"><a class="anchor" href="#error-${row.code}"><code>${row.code}</code></a></th><td>${row.http}</td><td lang="zh-CN">${escape(row.zh)}</td><td>${escape(row.en)}</td></tr>`,
  )
  .join('\n')}
</tbody></table>`

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escape(document.info.summary)}">
<title>通宝 Tongbao · API ${document.info.version}</title>
<link rel="icon" href="/icons/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js"></script>
</head>
<body>
<a class="skip" href="#top">Skip to the content</a>
<header><p class="brand"><span lang="zh-CN">通宝</span> Tongbao</p><p class="where">API ${document.info.version} · <a href="/docs/openapi.yaml">openapi.yaml</a></p></header>
<div class="frame">
<div class="side"><details class="menu" open><summary>Contents</summary>${menu}</details></div>
<main id="top" tabindex="-1">
<h1>${escape(document.info.title)}</h1>
${prose(document.info.description)}
${groups
  .map(
    (g) => `<section aria-labelledby="${slug(g.name)}"><h2 id="${slug(g.name)}">${g.name}</h2>${prose(g.description)}
${g.list.map(operationHtml).join('\n')}</section>`,
  )
  .join('\n')}
<section aria-labelledby="objects"><h2 id="objects">Objects</h2>
${objects.map(objectHtml).join('\n')}</section>
<section aria-labelledby="errors"><h2 id="errors">Refusals · <span lang="zh-CN">错误码</span></h2>
${errorTable}</section>
</main>
</div>
</body>
</html>
`

const out = here('../dist/docs/')
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
writeFileSync(new URL('index.html', out), page)
writeFileSync(new URL('openapi.yaml', out), readFileSync(here('../../spec/openapi.yaml')))
writeFileSync(
  new URL('docs.css', out),
  readFileSync(here('../kit/ui/tokens.css'), 'utf8') + readFileSync(here('./docs.css'), 'utf8'),
)
writeFileSync(new URL('docs.js', out), readFileSync(here('./docs.js')))
