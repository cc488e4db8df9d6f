// What the node tests share: the document, the validator, the table of codes, numbered steps.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { parse } from 'yaml'

/** Splits one CSV line; quotes may hold commas, a doubled quote is one quote. */
function cells(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => (m[1] ?? m[2]).replaceAll('""', '"'))
}

function readErrors(root) {
  const [head, ...lines] = readFileSync(join(root, 'spec/errors.csv'), 'utf8').trimEnd().split('\n')
  const names = cells(head)
  return lines.map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i], cell])))
}

/** A step returns null (passed) or says what is wrong; throwing is wrong as well. */
export function steps() {
  let passed = 0
  let failed = 0
  async function step(name, run) {
    let wrong
    try {
      wrong = await run()
    } catch (error) {
      wrong = error.stack ?? String(error)
    }
    if (wrong === null || wrong === undefined) passed++
    else {
      failed++
      console.log(`FAIL ${name}: ${wrong}`)
    }
    return wrong === null || wrong === undefined
  }
  function finish() {
    console.log(`${passed} passed, ${failed} failed`)
    process.exitCode = failed || !passed ? 1 : 0
  }
  return { step, finish }
}

export function tools(root) {
  return {
    document: parse(readFileSync(join(root, 'spec/openapi.yaml'), 'utf8')),
    errorCodes: readErrors(root),
    Validator,
    steps,
  }
}
