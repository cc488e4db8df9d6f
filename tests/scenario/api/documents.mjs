// What may be opened with what: classes, documents, and help with a mistyped number.
import assert from 'node:assert/strict'
import { png } from '../../node/picture.mjs'
import { expect, refused, signIn } from './expect.mjs'

const current = '/api/v1/applications/current'

export default async function documents(world) {
  const { step, browser } = world
  const client = browser()

  // REQ-036 REQ-039 REQ-040 REQ-041
  await step('what it takes is told before anything is typed', async () => {
    const { classes, documents: kinds, self_open_age } = expect(await client.get('/api/v1/opening'), 200)
    assert.deepEqual(classes.map((one) => [one.class, one.open, one.needs.join()]), [
      [4, true, 'phone'], [3, true, 'phone,id'], [2, false, 'phone,id,card'], [1, false, 'phone,id,card,counter'],
    ])
    assert.equal(kinds.length, 9)
    assert.equal(kinds.find((one) => one.document === 'passport').photo_policy, 'require')
    assert.equal(self_open_age, 16)
  })
  // REQ-024 REQ-044 REQ-045
  await step('a typo is found with the person, and no other number is told', async () => {
    const check = async (id_number, birth_date) => expect(await client.post('/api/v1/opening/check-number', { id_number, birth_date }), 200)
    assert.equal((await check('320124198808240056')).advice, 'good')
    assert.deepEqual(await check('320124198807240056'), { advice: 'birth_date', length: 18, candidates: 12, places: [], offer: null })
    const told = await check('320124198807240056', '1988-08-24')
    assert.deepEqual(told, { advice: 'places', length: 18, candidates: 1, places: [12], offer: null })
    assert.equal((await check('32O124198808240056')).offer, '320124198808240056')
    assert.equal((await check('110105491231002')).offer, '11010519491231002X')
    assert.equal((await check('320124198808240065', '1988-08-24')).advice, 'groups')
    refused(await client.post('/api/v1/opening/check-number', { id_number: '1', birth_date: '1988-02-30' }), 'birth-date-invalid')
  })
  // REQ-035 REQ-036
  await step('documents: each fault is named', async () => {
    const wish = { terms_version: world.terms, consent_terms: true, consent_face: true }
    expect(await client.post('/api/v1/applications', wish), 201)
    const put = (body) => client.put(`${current}/identity`, body)
    const permit = { document: 'residence_permit_tw', name: '陈怡君', id_number: '83000019850505003X', valid_until: '2031-05-04' }
    refused(await put({ ...permit, valid_until: '2020-05-04' }), 'document-expired', { pointer: '/valid_until' })
    refused(await put({ ...permit, valid_until: undefined }), 'document-date-invalid', { pointer: '/valid_until' })
    refused(await put({ ...permit, valid_until: 'long-term' }), 'document-date-invalid', { pointer: '/valid_until' })
    refused(await put({ ...permit, document: 'library_card' }), 'document-not-accepted', { pointer: '/document' })
    refused(await put({ ...permit, name: '通宝客服' }), 'name-reserved', { pointer: '/name' })
    const travel = { document: 'travel_permit_hk_mo', name: '何嘉欣', id_number: 'H12345678', valid_until: '2031-05-04' }
    refused(await put({ ...travel, id_number: 'T12345678' }), 'document-number-invalid', { pointer: '/id_number' })
    refused(await put(travel), 'birth-date-invalid', { pointer: '/birth_date' })
    refused(await put({ ...travel, birth_date: '2015-03-01', sex: 'female' }), 'age-not-eligible', { pointer: '/birth_date', reason: 'minors.guardian' })
    const taken = expect(await put({ ...travel, birth_date: '1991-07-14', sex: 'female' }), 200)
    assert.deepEqual([taken.step, taken.identity.birth_date, taken.identity.sex, taken.identity.valid_until], ['phone', '1991-07-14', 'female', '2031-05-04'])
    const derived = expect(await put(permit), 200)
    assert.deepEqual([derived.identity.birth_date, derived.identity.sex, derived.identity.document], ['1985-05-05', 'male', 'residence_permit_tw'])
    assert.equal((await client.delete(current)).status, 204)
  })
  // REQ-028
  await step('photos of the document, and a person instead of the machine', async () => {
    const photo = (name, raw) => client.call('PUT', `${current}/photos/${name}`, { raw, headers: { 'content-type': 'image/png' } })
    refused(await photo('id_front', png(8, 8)), 'not-found')
    expect(await client.post('/api/v1/applications', { terms_version: world.terms, consent_terms: true, consent_face: true }), 201)
    refused(await photo('id_front', Buffer.from('no picture')), 'photo-invalid')
    refused(await photo('id_front', png(6000, 5000)), 'photo-too-large')
    assert.deepEqual(expect(await photo('id_front', png(80, 50)), 200).photos.have, ['id_front'])
    refused(await client.post(`${current}/review`), 'step-order')
    assert.equal((await client.delete(current)).status, 204)
  })
  await step('the class a card is good for, and a renewed document', async () => {
    const person = await signIn(world, 3)
    refused(await person.post('/api/v1/wallet/upgrade'), 'not-allowed', { rule: 'class.card' })
    refused(await person.put('/api/v1/me/document', { valid_until: '2020-01-01' }), 'document-expired')
    refused(await person.put('/api/v1/me/document', { valid_until: 'soon' }), 'document-date-invalid')
    assert.equal((await person.put('/api/v1/me/document', { valid_until: 'long-term' })).status, 204)
    refused(await person.post('/api/v1/applications', { terms_version: world.terms, consent_terms: true, consent_face: true, upgrade: true }), 'not-allowed')
  })
}
