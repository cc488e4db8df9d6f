// What a scanned text is: the server says; payments and receive codes go on to their pages.
import type { Router } from 'vue-router'
import { post } from '@kit/api/client.ts'
import { Problem } from '@kit/api/problem.ts'
import type { Payee, Scan } from '@kit/api/types.ts'

/** Asks the server; a text longer than any code is not sent. */
export async function resolveText(text: string): Promise<Scan> {
  if (text.length > 512) return { kind: 'text' }
  return post<Scan>('/scan', { text })
}

/** Opens the confirm page of a payable code; false when it is nothing to pay. */
export async function openScan(router: Router, scan: Scan): Promise<boolean> {
  if (scan.kind === 'merchant_static' || scan.kind === 'merchant_order') {
    await router.replace({ name: 'pay', state: { scan: JSON.stringify(scan) } })
    return true
  }
  if (scan.kind === 'receive' && scan.payee) {
    const payee = await findPayee({ wallet_number: scan.payee.wallet_number })
    const state = { payee: JSON.stringify(payee), amount: scan.amount?.value ?? '' }
    await router.replace({ name: 'transfer-amount', state })
    return true
  }
  return false
}

/** Looks up who gets the money; one's own number is refused here already. */
export async function findPayee(by: {
  phone?: string
  wallet_number?: string
}): Promise<Payee> {
  const payee = await post<Payee>('/payees/find', by)
  if (payee.self) throw new Problem({ code: 'payee-self', status: 409 })
  return payee
}

/** Reads what a page was given by the one before; survives a reload of the tab. */
export function handed<T>(name: string): T | undefined {
  const text = (window.history.state as Record<string, unknown> | null)?.[name]
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}

