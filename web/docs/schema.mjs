// Reading schemas of the API document: names, types, members of several parts, examples.

/** Follows local references. */
export function resolve(document, node) {
  while (node?.$ref)
    node = node.$ref
      .slice(2)
      .split('/')
      .reduce((at, step) => at?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], document)
  return node
}

/** The name of a referenced schema, else ''. */
export const nameOf = (schema) => /^#\/components\/schemas\/(.+)$/.exec(schema?.$ref ?? '')?.[1] ?? ''

/** A schema with its allOf parts laid into one object. */
export function mergeAll(document, schema) {
  const own = resolve(document, schema)
  const parts = (own.allOf ?? []).map((part) => mergeAll(document, part))
  return {
    ...own,
    required: [...parts.flatMap((part) => part.required ?? []), ...(own.required ?? [])],
    properties: Object.assign({}, ...parts.map((part) => part.properties ?? {}), own.properties),
  }
}

/** The words for a type: names of objects, or string, integer, list of …; null last. */
export function typeOf(document, schema) {
  const name = nameOf(schema)
  const own = resolve(document, schema)
  if (own.oneOf && !name) return own.oneOf.flatMap((one) => typeOf(document, one))
  const object = own.properties || own.allOf || own.oneOf
  if (name && object) return [name]
  if (own.items) return [`list of ${typeOf(document, own.items).join(' or ')}`]
  const types = [own.type ?? (own.enum ? 'text' : typeof own.const === 'boolean' ? 'boolean' : 'text')].flat()
  return types.map((type) => (type === 'string' ? 'text' : type))
}

/** A value that the schema allows, for people to look at. */
export function exampleOf(document, schema) {
  const own = resolve(document, schema)
  if (own.examples) return own.examples[0]
  if (own.const !== undefined) return own.const
  if (own.enum) return own.enum[0]
  if (own.default !== undefined) return own.default
  if (own.oneOf) return exampleOf(document, own.oneOf[0])
  const merged = mergeAll(document, own)
  const type = [merged.type ?? 'object'].flat()[0]
  if (type === 'array') return [exampleOf(document, merged.items)]
  if (type === 'integer') return merged.minimum ?? 1
  if (type === 'boolean') return true
  if (type === 'string') return merged.format === 'date-time' ? '2026-11-22T04:31:07.512Z' : 'text'
  if (type === 'null') return null
  const pairs = Object.entries(merged.properties)
  return Object.fromEntries(pairs.map(([key, value]) => [key, exampleOf(document, value)]))
}
