// Steps of an opening over a bad network: each attempt has one key; while nothing comes back the
// page says what is known (not sent, or sent and being confirmed) and sends again under the same key.
import { shallowRef } from 'vue'
import { uuid7, waits } from './attempt.ts'
import { call, get, NoAnswer, type Ask } from './client.ts'
import { asProblem } from './problem.ts'

export type Sending = 'idle' | 'sending' | 'unsent' | 'confirming'
/** What the page says about the step under way. */
export const sending = shallowRef<Sending>('idle')

interface Running {
  path: string
  body: string
  answer: Promise<unknown>
}
let running: Running | undefined
let wake: () => void = () => undefined

/** Tries again now: the person pressed, or the network is back. */
export function retryNow(): void {
  wake()
}

function pause(seconds: number): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(end, seconds * 1000)
    function end(): void {
      clearTimeout(timer)
      removeEventListener('online', end)
      wake = () => undefined
      done()
    }
    addEventListener('online', end)
    wake = end
  })
}

/** Did this attempt reach the bank? undefined = nobody answers. */
async function reached(key: string): Promise<boolean | undefined> {
  try {
    const path = `/applications/current/attempts/${key}`
    return (await get<{ reached: boolean }>(path, { quiet: true })).reached
  } catch (thrown) {
    return asProblem(thrown).status > 0 ? false : undefined
  }
}

async function send<T>(method: string, path: string, ask: Ask): Promise<T> {
  const key = ask.key ?? uuid7()
  for (let round = 0; ; round++) {
    sending.value = round === 0 ? 'sending' : sending.value
    try {
      return await call<T>(method, path, { ...ask, key })
    } catch (thrown) {
      const problem = asProblem(thrown)
      if (!(problem instanceof NoAnswer) && problem.code !== 'offline') throw problem
    }
    const arrived = await reached(key)
    sending.value = arrived ? 'confirming' : 'unsent'
    if (arrived === undefined) await pause(waits[Math.min(round, waits.length - 1)])
  }
}

/** Sends a step; the same one pressed again while it is under way is the same attempt. */
export async function sendStep<T>(method: string, path: string, ask: Ask): Promise<T> {
  const body = JSON.stringify(ask.body ?? null)
  if (running && running.path === path && running.body === body) return running.answer as Promise<T>
  while (running) await running.answer.catch(() => undefined)
  const answer = send<T>(method, path, ask)
  running = { path, body, answer }
  try {
    return await answer
  } finally {
    running = undefined
    sending.value = 'idle'
  }
}
