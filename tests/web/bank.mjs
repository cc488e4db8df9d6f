// Bank card, top-up, withdrawal: what is typed wrong, what the bank answers, and a bank that does not
// answer: shown as unknown, solved by itself, never charged twice.
import { expect, refusal, same, step, until, World } from './world.mjs'

const world = await World.start()
const person = world.person('沈清和')
const phone = await world.loggedIn(person)
const { page } = phone
const [card] = person.cards

await step('3.1 without a card: what to do first', async () => {
  await phone.go('/topup')
  await phone.sees(phone.t('money.nocard'))
  await phone.looks('bank-1-none')
  await page.getByRole('link', { name: phone.t('cards.add') }).click()
  await phone.atPath('/cards/add')
})

// REQ-042
await step('3.2 a wrong card number is told while typing; an unknown bank as well', async () => {
  const field = phone.field('cardadd.number')
  const last = card.card_number.at(-1)
  await field.fill(card.card_number.slice(0, -1) + ((Number(last) + 1) % 10))
  await phone.sees(phone.t('cardadd.number.bad'))
  await phone.looks('bank-2-wrong')
  await field.fill('6222020000000000')
  await phone.sees(refusal('zh-CN', 'card-not-supported'))
  await field.fill(card.card_number)
  await phone.sees(card.bank)
  await until('no error', async () => (await page.locator('#app .error').count()) === 0)
})

await step('3.3 the bank sends a code; a wrong one shows the tries left, the right one adds the card', async () => {
  await phone.field('cardadd.phone').fill(person.phone)
  await phone.press('do.next')
  await phone.sees(/验证码已发送至 158\*\*\*\*0043/)
  const code = await world.code(person.phone)
  await phone.field('cardadd.code').fill(code === '111222' ? '222111' : '111222')
  await phone.sees(/验证码不正确，还可试 \d 次。/)
  await phone.looks('bank-3-code-wrong')
  await phone.field('cardadd.code').fill(code)
  await phone.sees(phone.t('cardadd.bound'))
  await phone.looks('bank-4-bound')
})

/** The big word of the result page. */
const word = (words) => until(words, () => page.locator('.result-word', { hasText: words }).isVisible(), 60_000)

async function move(way, amount, path) {
  await phone.go(path)
  await phone.sees(card.bank)
  await phone.keys(amount)
  await page.locator('.key.ok').click()
  await phone.pin(person.pin)
}

// REQ-077
await step('3.4 top-up: submitted, then done; the balance follows', async () => {
  await move('topup', '300', '/topup')
  await word(phone.t('done.topup'))
  await phone.sees('¥300.00')
  await phone.looks('bank-5-topup')
  same(await phone.balance(), '860.00', 'balance')
})

// REQ-069
await step('3.5 a slow bank: processing is shown with its steps, then it is done without a hand', async () => {
  await world.play('bank/faults', { operation: 'credit', fault: 'late_success', once: true })
  await move('withdraw', '100.5', '/withdraw')
  await word(phone.t('state.withdrawal.accepted'))
  await phone.looks('bank-6-withdraw-processing')
  await word(phone.t('done.withdrawal'))
  await phone.looks('bank-7-withdraw-done')
  same(await phone.balance(), '759.50', 'balance')
})

// REQ-003
await step('3.6 no answer after the money moved: unknown, no second payment offered, solved by itself', async () => {
  await world.play('bank/faults', { operation: 'debit', fault: 'timeout_after', once: true })
  await move('topup', '50', '/topup')
  await word(phone.t('state.unknown'))
  await phone.sees(phone.t('result.unknown'))
  await phone.looks('bank-8-unknown')
  same(await page.getByText('未扣款').count(), 0, 'promises')
  await page.reload()
  await word(phone.t('done.topup'))
  same(await phone.balance(), '809.50', 'balance')
})

await step('3.7 the bank refuses: failed, not charged, with the reason', async () => {
  await world.play('bank/faults', { operation: 'debit', fault: 'refuse', once: true })
  await move('topup', '60', '/topup')
  await word(phone.t('failed.free', { what: phone.t('failed.topup') }))
  await phone.looks('bank-9-refused')
  same(await phone.balance(), '809.50', 'balance')
})

await step('3.8 withdraw all, then the card is removed with the PIN', async () => {
  await phone.go('/withdraw')
  await phone.press('withdraw.all')
  same((await page.locator('[data-test=amount]').innerText()).replace(/\s/g, ''), '¥809.50', 'amount')
  await phone.go('/cards')
  await page.locator('.plastic').click()
  await phone.press('card.remove')
  await phone.looks('bank-10-remove')
  await phone.answer('card.remove')
  await phone.pin(person.pin)
  await phone.sees(phone.t('cards.empty'))
  expect(phone.path() === '/cards', phone.path())
})

await world.finish()
