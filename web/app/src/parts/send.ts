// The last step of every money page: the PIN sheet, one request, the result.
import { shallowRef } from 'vue'
import { useRouter } from 'vue-router'
import { sendMoney } from '@kit/api/attempt.ts'
import { asProblem, problemField, problemText, type Problem } from '@kit/api/problem.ts'

/** Opens the PIN sheet, sends the form once, leads to the result. */
export function useSend(path: string, form: () => object, done: () => void) {
  const router = useRouter()
  const asking = shallowRef(false)
  const busy = shallowRef(false)
  const pinError = shallowRef('')
  const problem = shallowRef<Problem>()

  function open(): void {
    problem.value = undefined
    pinError.value = ''
    asking.value = true
  }
  function close(): void {
    if (!busy.value) asking.value = false
  }
  async function send(pin?: string): Promise<void> {
    if (busy.value) return
    busy.value = true
    pinError.value = ''
    try {
      const sent = await sendMoney(path, form(), pin === undefined ? {} : { pin })
      done()
      await router.replace({ name: 'result', params: { id: sent.id } })
    } catch (thrown) {
      const refused = asProblem(thrown)
      if (problemField(refused) === 'pin' && refused.code !== 'pin-required') {
        pinError.value = problemText(refused)
      } else if (refused.code === 'pin-required') {
        asking.value = true
      } else {
        asking.value = false
        problem.value = refused
      }
    } finally {
      busy.value = false
    }
  }
  return { asking, busy, pinError, problem, open, close, send }
}
