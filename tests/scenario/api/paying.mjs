// Shops' codes and orders; what the scanner says.
import assert from 'node:assert/strict'
import { newKey } from '../../node/wallet.mjs'
import { available, expect, other, refused, repeated, yuan } from './expect.mjs'

export default async function paying(world) {
  const { step, browser, a, c, shop } = world
  const [{ pin }] = world.people
  const till = browser({ authorization: `Bearer ${shop.merchant_key}` })
  world.till = till
  const pay = (body, key = newKey(), who = a) => who.post('/api/v1/payments', body, { key })
  const scan = (text) => a.post('/api/v1/scan', { text })
  const newOrder = async (value, text = '拿铁 × 1', more = {}) =>
    expect(await till.post('/api/v1/merchant/orders', { amount: yuan(value), order_text: text, ...more }, { key: newKey() }), 201)
  let token

  // REQ-067
  await step("the shop's own code is recognised, a changed one is not", async () => {
    const { qr_text } = expect(await till.get('/api/v1/merchant/code'), 200)
    assert.equal(qr_text, shop.static_qr_text)
    const found = expect(await scan(qr_text), 200)
    assert.equal(found.kind, 'merchant_static')
    assert.equal(found.merchant.name, shop.name)
    token = found.token
    refused(await scan(qr_text.slice(0, -1) + (qr_text.endsWith('A') ? 'B' : 'A')), 'qr-invalid')
  })
  await step('what else a scanner meets', async () => {
    const { digits } = expect(await c.post('/api/v1/paycodes'), 201)
    const kinds = { '130000000000000000': 'foreign', [world.people[0].cards[0].card_number]: 'card', [digits]: 'paycode' }
    for (const [text, kind] of Object.entries(kinds)) assert.equal(expect(await scan(text), 200).kind, kind, text)
    assert.deepEqual(expect(await scan('https://shop.example/x?y'), 200), { kind: 'url', host: 'shop.example' })
    for (const [text, issuer] of [['00020101021', 'emv'], ['HTTPS://QR.ALIPAY.COM/FKX0ABC', 'alipay'], ['wxp://f2f0abc', 'wechat'], ['https://qr.95516.com/0001/1', 'unionpay']])
      assert.deepEqual(expect(await scan(text), 200), { kind: 'foreign', issuer })
    assert.equal(expect(await scan('你好'), 200).kind, 'text')
  })
  // REQ-067
  await step('paying the static code without PIN', async () => {
    const before = await available(a)
    const key = newKey()
    const first = await pay({ token, amount: yuan('12.30'), memo: '咖啡' }, key)
    const operation = expect(first, 201)
    assert.equal(operation.state, 'succeeded')
    assert.equal(operation.method, 'scan_static')
    assert.equal(operation.counterparty.name, shop.name)
    assert.equal(await available(a), before - 1230)
    repeated(await pay({ token, amount: yuan('12.30'), memo: '咖啡' }, key), first)
    refused(await pay({ token, amount: yuan('12.31'), memo: '咖啡' }, key), 'conflict-idempotency', { pointer: '/amount', charged: false })
    refused(await pay({ token, amount: yuan('12.30'), memo: '茶' }, key), 'conflict-idempotency', { pointer: '/memo' })
    refused(await a.post('/api/v1/transfers', { payee_id: 'x', amount: yuan('12.30'), pin }, { key }), 'payee-not-found')
    assert.equal(await available(a), before - 1230)
  })
  await step('what a payment is refused for', async () => {
    refused(await a.post('/api/v1/payments', { token, amount: yuan('1.00') }), 'idempotency-missing')
    refused(await pay({ token: `${token}x`, amount: yuan('1.00') }), 'qr-invalid', { charged: false })
    refused(await pay({ token, amount: yuan('0') }), 'amount-invalid', { charged: false })
    refused(await pay({ token, amount: yuan('1.00'), pin: other(pin) }), 'pin-wrong', { charged: false })
    refused(await pay({ token, amount: yuan('600.00') }), 'limit-exceeded', { rule: 'limit.barcode.grade_d', charged: false })
    refused(await pay({ token, amount: yuan('1.00'), memo: '好'.repeat(41) }), 'request-invalid', { pointer: '/memo', reason: 'long' })
  })
  // REQ-064
  await step('an order is paid with exactly its amount, once', async () => {
    const order = await newOrder('25.00')
    const found = expect(await scan(order.qr_text), 200)
    assert.equal(found.kind, 'merchant_order')
    assert.deepEqual(found.amount, yuan('25.00'))
    refused(await pay({ token: found.token, amount: yuan('24.00') }), 'conflict-idempotency', { pointer: '/amount', reason: 'order.amount' })
    const operation = expect(await pay({ token: found.token, amount: yuan('25.00') }), 201)
    assert.equal(operation.counterparty.detail, '拿铁 × 1')
    const paid = expect(await till.get(`/api/v1/merchant/orders/${order.id}`), 200)
    assert.equal(paid.state, 'paid')
    assert.equal(paid.paid_by, operation.id)
    refused(await pay({ token: found.token, amount: yuan('25.00') }), 'order-paid', { charged: false })
    refused(await scan(order.qr_text), 'order-paid')
  })
  await step('over the amount without PIN the PIN is asked for, under the same key', async () => {
    const order = await newOrder('1200.00', '')
    const { token: dynamic } = expect(await scan(order.qr_text), 200)
    const key = newKey()
    refused(await pay({ token: dynamic, amount: yuan('1200.00') }, key), 'pin-required', { rule: 'nopin.tx', charged: false })
    const first = await pay({ token: dynamic, amount: yuan('1200.00'), pin }, key)
    assert.equal(expect(first, 201).state, 'succeeded')
    repeated(await pay({ token: dynamic, amount: yuan('1200.00'), pin }, key), first)
  })
  await step('payments without PIN can be switched off; on again needs the PIN', async () => {
    expect(await a.put('/api/v1/me/nopin', { enabled: false }), 200)
    refused(await pay({ token, amount: yuan('1.00') }), 'pin-required', { rule: 'nopin.off' })
    expect(await pay({ token, amount: yuan('1.00'), pin }), 201)
    const on = (more) => a.put('/api/v1/me/nopin', { enabled: true, ...more })
    refused(await on(), 'pin-required', { charged: false })
    refused(await on({ pin: '' }), 'request-invalid')
    refused(await on({ pin: other(pin) }), 'pin-wrong')
    assert.equal(expect(await a.get('/api/v1/me'), 200).nopin.enabled, false)
    assert.equal(expect(await on({ pin }), 200).nopin.enabled, true)
  })
  await step('more than the balance', async () => {
    const order = await newOrder('800.00')
    const { token: dynamic } = expect(await scan(order.qr_text), 200)
    const problem = refused(await pay({ token: dynamic, amount: yuan('800.00') }, newKey(), c), 'balance-insufficient', { charged: false })
    assert.deepEqual(problem.params.amount, yuan('240.00'))
  })
  // REQ-071
  await step('orders: the same key gives the same order', async () => {
    const key = newKey()
    const wish = { amount: yuan('3.00'), expires_s: 60 }
    const order = expect(await till.post('/api/v1/merchant/orders', wish, { key }), 201)
    assert.equal(expect(await till.post('/api/v1/merchant/orders', wish, { key }), 201).id, order.id)
    refused(await till.post('/api/v1/merchant/orders', { ...wish, amount: yuan('4.00') }, { key }), 'conflict-idempotency')
    refused(await till.post('/api/v1/merchant/orders', { ...wish, expires_s: 5 }, { key: newKey() }), 'request-invalid', { reason: 'range' })
    refused(await till.post('/api/v1/merchant/orders', { amount: yuan('0.00') }, { key: newKey() }), 'amount-invalid')
    refused(await till.post('/api/v1/merchant/orders', wish), 'idempotency-missing')
    refused(await till.get('/api/v1/merchant/orders/ord_x'), 'not-found')
  })
  await step('merchant routes want the merchant key', async () => {
    for (const stranger of [browser(), browser({ authorization: 'Bearer nobody' }), a])
      refused(await stranger.get('/api/v1/merchant/code'), 'merchant-key-invalid')
  })
}
