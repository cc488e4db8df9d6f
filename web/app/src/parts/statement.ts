// The signed statement of a lock: kept in this browser, so that whoever is not logged in finds the lock's page again, and
// checked here with the public key.
import { get } from '@kit/api/client.ts'
import type { LockStatement } from '@kit/api/types.ts'

const KEY = 'tongbao.lock'

/** Keeps the statement of a refusal. */
export function keepStatement(value: unknown): void {
  if (typeof value !== 'object' || value === null || !('signature' in value)) return
  try {
    localStorage.setItem(KEY, JSON.stringify(value))
  } catch {
    // Without storage the page is reached from the refusal only.
  }
}

export function keptStatement(): LockStatement | undefined {
  try {
    return (JSON.parse(localStorage.getItem(KEY) ?? 'null') as LockStatement | null) ?? undefined
  } catch {
    return undefined
  }
}

export function dropStatement(): void {
  try {
    localStorage.removeItem(KEY)
  } catch {
    // There was none.
  }
}

/** The text that is signed; docs: schema LockStatement. */
export function statementText(s: LockStatement): string {
  return ['tongbao-lock-1', s.case_number, s.code, String(s.tries), s.until ?? '', s.at].join('\n')
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, (c) => c.charCodeAt(0))
}

/** undefined: this browser cannot check Ed25519. */
export async function checkStatement(s: LockStatement): Promise<boolean | undefined> {
  const keys = await get<{ data: { use: string; public_key: string }[] }>('/keys')
  const key = keys.data.find((k) => k.use === 'lock-statement')
  if (!key) return undefined
  try {
    const imported = await crypto.subtle.importKey('raw', bytes(key.public_key), { name: 'Ed25519' }, false, ['verify'])
    return await crypto.subtle.verify({ name: 'Ed25519' }, imported, bytes(s.signature), new TextEncoder().encode(statementText(s)))
  } catch {
    return undefined
  }
}
