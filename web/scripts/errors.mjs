// Makes kit/i18n/errors.ts from spec/errors.csv: the one source of every refusal text.
import { readFileSync, writeFileSync } from 'node:fs'

const source = new URL('../../spec/errors.csv', import.meta.url)
const target = new URL('../kit/i18n/errors.ts', import.meta.url)

/** Splits one CSV line; quotes may hold commas, a doubled quote is one quote. */
function cells(line) {
  const out = ['']
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    const c = line[i]
    if (c === '"' && quoted && line[i + 1] === '"') {
      out[out.length - 1] += '"'
      i++
    } else if (c === '"') quoted = !quoted
    else if (c === ',' && !quoted) out.push('')
    else out[out.length - 1] += c
  }
  if (quoted) throw new Error(`errors.csv: open quote in: ${line}`)
  return out
}

const [head, ...lines] = readFileSync(source, 'utf8').trim().split(/\r?\n/)
const names = cells(head)
const rows = lines.filter(Boolean).map((line) => {
  const row = cells(line)
  if (row.length !== names.length) throw new Error(`errors.csv: ${row.length} cells in: ${line}`)
  return Object.fromEntries(names.map((name, i) => [name, row[i]]))
})
const body = rows
  .map((r) => {
    const actions = r.actions ? r.actions.split('|') : []
    const value = { http: Number(r.http), zh: r.zh, actions, field: r.field }
    return `  ${JSON.stringify(r.code)}: ${JSON.stringify(value)},`
  })
  .join('\n')
const english = rows.map((r) => `  ${JSON.stringify(r.code)}: ${JSON.stringify(r.en)},`).join('\n')
writeFileSync(
  new URL('../kit/i18n/errors.en.ts', import.meta.url),
  `// Generated from spec/errors.csv by scripts/errors.mjs. Do not edit.
import type { ErrorCode } from './errors.ts'

export const errorsEn: Record<ErrorCode, string> = {
${english}
}
`,
)
writeFileSync(
  target,
  `// Generated from spec/errors.csv by scripts/errors.mjs. Do not edit.
export interface ErrorText {
  http: number
  zh: string
  actions: string[]
  field: string
}
export const errors = {
${body}
} satisfies Record<string, ErrorText>
export type ErrorCode = keyof typeof errors
`,
)
