// Holds observed answers against spec/openapi.yaml.
import Ajv2020 from 'ajv/dist/2020.js'

const formats = {
  'date-time': /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z$/,
  date: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
}

/** Follows a local reference of the document. */
export function resolve(document, node) {
  while (node && node.$ref) {
    const steps = node.$ref.slice(2).split('/')
    node = steps.reduce((at, step) => at?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], document)
  }
  return node
}

/** All operations of the document: [{id, method, path, operation}]. */
export function operations(document) {
  const methods = ['get', 'put', 'post', 'delete', 'patch']
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method])
      .map((method) => ({ id: item[method].operationId, method: method.toUpperCase(), path, operation: item[method] })),
  )
}

/** The path of the document that a request path belongs to; a literal one wins over a template. */
function findPath(document, path) {
  const plain = path.split('?')[0]
  if (document.paths[plain]) return plain
  return Object.keys(document.paths).find((template) => {
    if (!template.includes('{')) return false
    const pattern = template
      .split('/')
      .map((part) => (part === '{tail}' ? '.+' : part.startsWith('{') ? '[^/]+' : part.replace(/[.]/g, '\\.')))
      .join('/')
    return new RegExp(`^${pattern}$`).test(plain)
  })
}

function pointerOf(error) {
  const params = error.params
  const member = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty
  return error.instancePath + (member === undefined ? '' : `/${member}`)
}

// Of the errors of a choice the deepest one says most about what is wrong.
function worst(errors) {
  return errors.reduce((best, error) => (pointerOf(error).length > pointerOf(best).length ? error : best))
}

/** A checker for one document. check() returns null, or {pointer, message} of the first deviation. */
export function contract(document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false, formats })
  ajv.addSchema(document, 'document')
  const compiled = new Map()
  const seen = new Map()

  function validate(schema, value, at) {
    if (!compiled.has(schema)) compiled.set(schema, ajv.compile(rooted(schema)))
    const check = compiled.get(schema)
    if (check(value)) return null
    const error = worst(check.errors)
    return { pointer: pointerOf(error), message: `${at}: ${error.message}` }
  }

  function rooted(schema) {
    return JSON.parse(JSON.stringify(schema), (key, value) =>
      key === '$ref' && typeof value === 'string' && value.startsWith('#') ? `document${value}` : value,
    )
  }

  function checkHeaders(response, headers) {
    for (const [name, reference] of Object.entries(response.headers ?? {})) {
      const header = resolve(document, reference)
      const value = headers[name.toLowerCase()]
      if (value === undefined && header.required) return { pointer: '', message: `header ${name} is missing` }
      if (value === undefined) continue
      const wrong = validate(header.schema, String(value), `header ${name}`)
      if (wrong) return wrong
    }
    return null
  }

  function checkBody(response, type, body) {
    if (!response.content) return body === '' ? null : { pointer: '', message: 'a body where none is described' }
    const media = response.content[type]
    if (!media) return { pointer: '', message: `content type ${type || '(none)'} is not described` }
    if (!type.includes('json')) return validate(media.schema, body, type)
    let value
    try {
      value = JSON.parse(body)
    } catch {
      return { pointer: '', message: 'the body is not JSON' }
    }
    return validate(media.schema, value, type)
  }

  /** @param {string} body the raw text; @param {object} headers names in lower case */
  function check(method, path, status, headers, body) {
    const template = findPath(document, path)
    const operation = template && document.paths[template][method.toLowerCase()]
    if (!operation) return { pointer: '', message: `${method} ${path} is not described` }
    seen.set(operation.operationId, (seen.get(operation.operationId) ?? new Set()).add(status))
    const response = resolve(document, operation.responses[String(status)])
    if (!response) return { pointer: '', message: `status ${status} of ${operation.operationId} is not described` }
    const type = (headers['content-type'] ?? '').split(';')[0]
    return checkHeaders(response, headers) ?? checkBody(response, type, body)
  }

  return { check, seen }
}
