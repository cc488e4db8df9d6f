// Freezing, new secrets, locks; a closed bank; removing a card.
import assert from 'node:assert/strict'
import { newKey } from '../../node/wallet.mjs'
import { expect, other, refused, signIn, yuan } from './expect.mjs'
import { ended } from './funds.mjs'

export default async function security(world) {
  const { step, browser, a, b, c } = world
  const [first, second, third] = world.people
  const findBy = async (who, phone) => expect(await who.post('/api/v1/payees/find', { phone }), 200).payee_id

  // REQ-099
  await step('a frozen wallet only receives', async () => {
    assert.equal(expect(await a.post('/api/v1/wallet/freeze'), 200).state, 'frozen')
    assert.equal(expect(await a.post('/api/v1/wallet/freeze'), 200).state, 'frozen')
    assert.equal(expect(await a.get('/api/v1/me'), 200).frozen, true)
    const { token } = expect(await a.post('/api/v1/scan', { text: world.shop.static_qr_text }), 200)
    refused(await a.post('/api/v1/payments', { token, amount: yuan('1.00') }, { key: newKey() }), 'wallet-frozen', { charged: false })
    const payee_id = await findBy(a, second.phone)
    refused(await a.post('/api/v1/transfers', { payee_id, amount: yuan('1.00'), pin: first.pin }, { key: newKey() }), 'wallet-frozen')
    refused(await a.post('/api/v1/topups', { card_id: world.cardA.id, amount: yuan('1.00'), pin: first.pin }, { key: newKey() }), 'wallet-frozen')
    refused(await a.post('/api/v1/paycodes', {}), 'wallet-frozen')
    const back = await findBy(b, first.phone)
    expect(await b.post('/api/v1/transfers', { payee_id: back, amount: yuan('2.00'), pin: second.pin }, { key: newKey() }), 201)
    refused(await a.post('/api/v1/wallet/unfreeze', { pin: other(first.pin) }), 'pin-wrong')
    assert.equal(expect(await a.post('/api/v1/wallet/unfreeze', { pin: first.pin }), 200).state, 'active')
    expect(await a.post('/api/v1/payments', { token, amount: yuan('1.00') }, { key: newKey() }), 201)
  })
  await step('a new password ends the other log-ins', async () => {
    const elsewhere = await signIn(world, 0)
    const change = (current, password) => a.post('/api/v1/me/password', { current, password })
    refused(await change('not-the-one-7', 'walnut6compass'), 'password-wrong')
    refused(await change(first.password, 'password1'), 'password-weak', { pointer: '/password' })
    assert.equal((await change(first.password, 'walnut6compass')).status, 204)
    refused(await elsewhere.get('/api/v1/me'), 'login-required')
    expect(await a.get('/api/v1/me'), 200)
    refused(await browser().post('/api/v1/sessions', { login: first.phone, password: first.password }), 'login-failed')
    expect(await browser().post('/api/v1/sessions', { login: first.phone, password: 'walnut6compass' }), 201)
  })
  await step('a new PIN counts at once', async () => {
    const change = (current, pin) => a.post('/api/v1/me/pin', { current, pin })
    refused(await change(other(first.pin), '730418'), 'pin-wrong')
    refused(await change(first.pin, '111111'), 'pin-weak', { pointer: '/pin' })
    assert.equal((await change(first.pin, '730418')).status, 204)
    const payee_id = await findBy(a, second.phone)
    const body = { payee_id, amount: yuan('1.00') }
    refused(await a.post('/api/v1/transfers', { ...body, pin: first.pin }, { key: newKey() }), 'pin-wrong')
    expect(await a.post('/api/v1/transfers', { ...body, pin: '730418' }, { key: newKey() }), 201)
  })
  // REQ-104
  await step('five wrong PINs lock paying, not the rest', async () => {
    const attempt = (pin) => c.post('/api/v1/wallet/unfreeze', { pin })
    for (let left = 4; left > 0; left--) assert.equal(refused(await attempt(other(third.pin)), 'pin-wrong').params.tries_left, left)
    const problem = refused(await attempt(other(third.pin)), 'pin-locked')
    assert.ok(problem.params.until)
    refused(await attempt(third.pin), 'pin-locked')
    const me = expect(await c.get('/api/v1/me'), 200)
    assert.deepEqual(me.locks.map((lock) => [lock.code, lock.scope, lock.case_number]), [['L02', 'pay', problem.params.case]])
    expect(await c.get('/api/v1/bills'), 200)
  })
  // REQ-105 REQ-109
  await step('five wrong passwords lock the log-in, with the right one too', async () => {
    const attempt = (password) => browser().post('/api/v1/sessions', { login: third.phone, password })
    for (let i = 0; i < 4; i++) refused(await attempt('not-the-one-7'), 'login-failed')
    refused(await attempt('not-the-one-7'), 'account-locked')
    refused(await attempt(third.password), 'account-locked')
    expect(await c.get('/api/v1/me'), 200)
    // A stranger's tries do not stop who is logged in.
    refused(await c.post('/api/v1/me/password', { current: 'not-the-one-7', password: 'walnut6compass' }), 'password-wrong')
  })
  await step('a bank that is down is not asked again at once; what was asked ends when it is back', async () => {
    expect(await b.put('/sandbox/api/bank/faults', { operation: 'debit', fault: 'down', once: false }), 200)
    const order = { card_id: world.cardB.id, amount: yuan('1.00'), pin: second.pin }
    const asked = []
    let answer
    do {
      answer = await b.post('/api/v1/topups', order, { key: newKey() })
      if (answer.status === 202) asked.push(answer.json.id)
    } while (answer.status === 202 && asked.length < 40)
    refused(answer, 'bank-maintenance', { charged: false })
    expect(await b.post('/sandbox/api/reset'), 200)
    for (const id of asked) await ended(b, id, 120)
  })
  await step('a card is removed with the PIN, once', async () => {
    const path = `/api/v1/cards/${world.cardA.id}/remove`
    refused(await a.post(path, { pin: first.pin }), 'pin-wrong')
    assert.equal((await a.post(path, { pin: '730418' })).status, 204)
    assert.equal((await a.post(path, { pin: '730418' })).status, 204)
    refused(await a.post('/api/v1/topups', { card_id: world.cardA.id, amount: yuan('1.00'), pin: '730418' }, { key: newKey() }), 'card-not-usable')
    assert.deepEqual(expect(await a.get('/api/v1/cards'), 200).data, [])
  })
}
