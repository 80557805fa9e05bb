// The service worker of the public page. It installs the page whole, answers from
// that, and gives way to a newer one only when the person agrees: an installed page
// stays what it was, and can be compared with what the ledger has. Requests of the
// API and of the console go to the network as if it were not there.
import { answer, install, kept, list, prefix, type Store } from './keep'
import { type Page, parse } from './page'

declare const __VERSION__: string

// TypeScript has the worker's types in a library that excludes the page's.
interface Extendable extends Event {
  waitUntil(p: Promise<unknown>): void
}
interface Fetching extends Extendable {
  readonly request: Request
  respondWith(p: Promise<Response>): void
}
interface Scope {
  readonly location: Location
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', f: (e: Extendable) => void): void
  addEventListener(type: 'fetch', f: (e: Fetching) => void): void
  addEventListener(type: 'message', f: (e: MessageEvent) => void): void
}
const scope = self as unknown as Scope

// It also keeps the worker's bytes apart from those of other versions.
const note = `theriac-version-${__VERSION__}`
const noted = '/digest'

const fresh = (path: string): Promise<Response> => fetch(path, { cache: 'no-store', redirect: 'error', credentials: 'omit' })

interface Own {
  name: string
  store: Store
  page: Page
}

// A worker is ended at any time; what it knows is read again.
let own: Promise<Own> | undefined

async function load(): Promise<Own> {
  const name = await (await (await caches.open(note)).match(noted))?.text()
  if (!name) throw new Error('worker: nothing is installed')
  const store = await caches.open(name)
  const raw = await (await store.match(list))?.text()
  if (!raw) throw new Error('worker: the page is gone')
  return { name, store, page: await parse(raw) }
}

function mine(): Promise<Own> {
  own ??= load().catch((err: unknown) => {
    own = undefined
    throw err
  })
  return own
}

async function enter(): Promise<void> {
  const page = await install((name) => caches.open(name), fresh)
  await (await caches.open(note)).put(noted, new Response(prefix + page.digest))
}

async function takeOver(): Promise<void> {
  const { name } = await mine()
  const all = await caches.keys()
  // Older ones only, in the order of their making: a still newer one may be on its way.
  const old = all.filter((k, i) => i < Math.min(all.indexOf(name), all.indexOf(note)) && k.startsWith('theriac-') && k !== name)
  await Promise.all(old.map((k) => caches.delete(k)))
  await scope.clients.claim()
}

async function respond(request: Request): Promise<Response> {
  const url = new URL(request.url)
  let have: Own
  try {
    have = await mine()
  } catch {
    // The person cleared the browser's storage: the page is the server's again.
    return fetch(request)
  }
  const file = kept(have.page, url, request.mode === 'navigate')
  return file ? answer(have.store, file, fresh) : fetch(request)
}

// The paths that may be a page's: all else must not wait for the worker.
function concerns(request: Request): boolean {
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== scope.location.origin || url.pathname === list) return false
  return !/^\/(v1|inbox|epcis|console|openapi|metrics|livez|readyz)(\/|\.|$)/.test(url.pathname)
}

scope.addEventListener('install', (e) => e.waitUntil(enter()))
scope.addEventListener('activate', (e) => e.waitUntil(takeOver()))
scope.addEventListener('fetch', (e) => {
  if (concerns(e.request)) e.respondWith(respond(e.request))
})
scope.addEventListener('message', (e) => {
  if (e.data === 'update') void scope.skipWaiting()
  if (e.data === 'page') {
    void mine().then(
      (o) => e.ports[0]?.postMessage(o.name),
      () => e.ports[0]?.postMessage(''),
    )
  }
})
