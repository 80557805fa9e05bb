import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { register } from './register'

/** A worker or registration, as far as register looks at it. */
class Thing extends EventTarget {
  state = 'installing'
  said: unknown[] = []
  postMessage(m: unknown) {
    this.said.push(m)
  }
  become(state: string) {
    this.state = state
    this.dispatchEvent(new Event('statechange'))
  }
}

class Registration extends EventTarget {
  active: Thing | null = null
  waiting: Thing | null = null
  installing: Thing | null = null
}

let registration: Registration
let container: EventTarget & { register: () => Promise<Registration> }
const reload = vi.fn()

beforeEach(() => {
  registration = new Registration()
  container = Object.assign(new EventTarget(), { register: async () => registration })
  vi.stubGlobal('navigator', { serviceWorker: container })
  vi.stubGlobal('location', { reload })
})
afterEach(() => {
  vi.unstubAllGlobals()
  reload.mockReset()
})

it('asks nobody when the first version is installed', async () => {
  const worker = new Thing()
  registration.installing = worker
  const waiting = vi.fn()
  await register(waiting)
  worker.become('installed')
  container.dispatchEvent(new Event('controllerchange'))
  expect(waiting).not.toHaveBeenCalled()
  expect(reload).not.toHaveBeenCalled()
})

it('offers what waits already, and loads again once it was accepted', async () => {
  registration.active = new Thing()
  registration.waiting = new Thing()
  const waiting = vi.fn<(accept: () => void) => void>()
  await register(waiting)
  expect(waiting).toHaveBeenCalledOnce()
  expect(registration.waiting.said).toEqual([])
  container.dispatchEvent(new Event('controllerchange'))
  expect(reload).not.toHaveBeenCalled()
  waiting.mock.calls[0]?.[0]()
  expect(registration.waiting.said).toEqual(['update'])
  container.dispatchEvent(new Event('controllerchange'))
  expect(reload).toHaveBeenCalledOnce()
})

it('offers what comes later, when it is whole', async () => {
  registration.active = new Thing()
  const waiting = vi.fn()
  await register(waiting)
  const worker = new Thing()
  registration.installing = worker
  registration.dispatchEvent(new Event('updatefound'))
  expect(waiting).not.toHaveBeenCalled()
  worker.become('redundant')
  expect(waiting).not.toHaveBeenCalled()
  worker.become('installed')
  expect(waiting).toHaveBeenCalledOnce()
})

it('does without where there are no workers', async () => {
  vi.stubGlobal('navigator', {})
  await register(() => expect.unreachable())
})

it('offers the page of a worker that the browser took by itself', async () => {
  const said: unknown[] = []
  const controller = {
    postMessage: (word: string, [port]: MessagePort[]) => {
      said.push(word)
      port?.postMessage(word === 'newer' ? true : 'updated')
    },
  }
  Object.assign(container, { controller })
  const accept = await new Promise<() => void>((offered) => register(offered))
  expect(reload).not.toHaveBeenCalled()
  accept()
  await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce())
  expect(said).toEqual(['newer', 'update'])
})
