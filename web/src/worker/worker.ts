// The service worker of the public page. It installs the page whole, answers from
// that, and shows a newer one only when the person agrees: an installed page stays
// what it was, and can be compared with what the ledger has. A browser replaces the
// worker by itself once no tab is open, so a worker shows the page that was agreed to,
// be it older than its own. A server that lies sends a worker that does not; against
// that only the comparison helps. Requests of the API and of the console go to the
// network as if it were not there.
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
  addEventListener(type: 'message', f: (e: Extendable & MessageEvent) => void): void
}
const scope = self as unknown as Scope

// It also keeps the worker's bytes apart from those of other versions.
const note = `theriac-version-${__VERSION__}`
const noted = '/digest'
// What the person agreed to, for whichever worker comes.
const agreed = 'theriac-agreed'

const fresh = (path: string): Promise<Response> => fetch(path, { cache: 'no-store', redirect: 'error', credentials: 'omit' })

interface Own {
  name: string
  store: Store
  page: Page
}

// A worker is ended at any time; what it knows is read again.
let own: Promise<Own> | undefined

const read = async (cache: string): Promise<string | undefined> => (await (await caches.open(cache)).match(noted))?.text()
const write = async (cache: string, name: string): Promise<void> => (await caches.open(cache)).put(noted, new Response(name))

/** Returns the page that is shown: what was agreed to, if it is there. */
async function shown(): Promise<string | undefined> {
  const name = await read(agreed)
  return name && (await (await caches.open(name)).match(list)) ? name : read(note)
}

async function load(): Promise<Own> {
  const name = await shown()
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
  // Before the note: where nothing was agreed to, this is the first.
  const before = await shown()
  await write(note, prefix + page.digest)
  if (!before) await write(agreed, prefix + page.digest)
}

/** Takes the worker's own page for the one that was agreed to. */
async function agree(): Promise<void> {
  const name = await read(note)
  if (name) await write(agreed, name)
  own = undefined
  await scope.skipWaiting()
}

async function takeOver(): Promise<void> {
  const { name } = await mine()
  const all = await caches.keys()
  // Older ones only, in the order of their making: a still newer one may be on its way.
  const old = all.filter(
    (k, i) => i < Math.min(all.indexOf(name), all.indexOf(note)) && k.startsWith('theriac-') && k !== name && k !== agreed,
  )
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
  const tell = (word: unknown) => e.ports[0]?.postMessage(word)
  if (e.data === 'update') e.waitUntil(agree().then(() => tell('updated')))
  if (e.data === 'newer') {
    void Promise.all([shown(), read(note)]).then(
      ([is, could]) => tell(is !== could),
      () => tell(false),
    )
  }
  if (e.data === 'page') {
    void mine().then(
      (o) => tell(o.name),
      () => tell(''),
    )
  }
})
