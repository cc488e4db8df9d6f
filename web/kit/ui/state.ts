// The words, icon and colour of a payment's state: the same everywhere.
import type { BillRow, OperationState } from '../api/types.ts'
import { t, type Key } from '../i18n/t.ts'
import type { IconName } from './icons.ts'

export interface Look {
  icon: IconName
  tone: 'ok' | 'bad' | 'warn' | 'info' | 'idle'
}

const looks: Record<OperationState, Look> = {
  created: { icon: 'clock-bare', tone: 'idle' },
  awaiting_user: { icon: 'hand', tone: 'info' },
  processing: { icon: 'clock-bare', tone: 'info' },
  unknown: { icon: 'bang', tone: 'warn' },
  succeeded: { icon: 'check', tone: 'ok' },
  failed: { icon: 'cross', tone: 'bad' },
  closed: { icon: 'dash', tone: 'idle' },
  refunded: { icon: 'undo', tone: 'idle' },
  partially_refunded: { icon: 'undo', tone: 'idle' },
}

export function lookOf(state: OperationState): Look {
  return looks[state] ?? looks.unknown
}

type Some = Pick<BillRow, 'kind' | 'direction' | 'state'> & {
  failure?: { charged?: boolean } | null
}

/** "转账成功", "结果确认中，请勿重复支付" … */
export function stateText(op: Some): string {
  if (op.state === 'succeeded') {
    if (op.kind === 'transfer') return t(op.direction === 'in' ? 'done.received' : 'done.transfer')
    if (op.kind === 'payment' && op.direction === 'in') return t('done.received')
    return t(`done.${op.kind}` as Key)
  }
  if (op.state === 'failed') {
    const what = t(`failed.${op.kind}` as Key)
    return op.failure?.charged === false ? t('failed.free', { what }) : what
  }
  if (op.state === 'processing' && op.kind === 'withdrawal') return t('state.withdrawal.accepted')
  return t(`state.${op.state}` as Key)
}

const kinds: Record<BillRow['kind'], IconName> = {
  payment: 'store',
  transfer: 'transfer',
  topup: 'topup',
  withdrawal: 'withdraw',
  refund: 'undo',
  correction: 'file',
}

export function kindIcon(kind: BillRow['kind']): IconName {
  return kinds[kind] ?? 'file'
}
