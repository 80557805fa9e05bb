// What the worker keeps of a page, and how it answers from that.
import { address, type File, type Page, parse, sum } from './page'

export const list = '/page.json'
export const prefix = 'theriac-page-'

export type Fetch = (path: string) => Promise<Response>
export type Store = Pick<Cache, 'match' | 'put' | 'keys'>

/** Reports whether a file is the console's, which works with its server only, or nobody's to see. */
const foreign = (path: string): boolean =>
  path === 'console.html' || path.startsWith('assets/console-') || path === 'robots.txt' || path === 'worker.js'

/** Reports whether a file is fetched when it is first asked for: the scanner is many times the rest. */
const late = (path: string): boolean => path.endsWith('.wasm')

/** Headers that say what a file is, or take liberties away. */
const harmless = [
  'Content-Security-Policy',
  'Content-Type',
  'Cross-Origin-Opener-Policy',
  'Cross-Origin-Resource-Policy',
  'Permissions-Policy',
  'Referrer-Policy',
  'X-Content-Type-Options',
]

async function fetched(f: File, fetch: Fetch): Promise<Response> {
  const res = await fetch(address(f.path))
  const body = await res.arrayBuffer()
  if (!res.ok || (await sum(body)) !== f.sha256) throw new Error(`worker: ${f.path} is not the page's: ${res.status}`)
  // No digest covers headers: a refresh to elsewhere, say, must not be kept.
  const headers = new Headers()
  for (const name of harmless) {
    const value = res.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  return new Response(body, { headers })
}

/** Fetches a page whole into a cache of its own, or throws and leaves it unfinished. */
export async function install(open: (name: string) => Promise<Store>, fetch: Fetch): Promise<Page> {
  const res = await fetch(list)
  if (!res.ok) throw new Error(`worker: ${list}: ${res.status}`)
  const raw = await res.text()
  const page = await parse(raw)
  const store = await open(prefix + page.digest)
  for (const f of page.files) {
    if (!foreign(f.path) && !late(f.path)) await store.put(address(f.path), await fetched(f, fetch))
  }
  // Last: a cache that has the list has the page.
  await store.put(list, new Response(raw, { headers: { 'Content-Type': 'application/json' } }))
  return page
}

/** Returns under which address a request is kept, nothing for what goes to the network. */
export function kept(page: Page, url: URL, navigates: boolean): File | undefined {
  const path = navigates && url.pathname.startsWith('/01/') ? '/' : url.pathname
  return page.files.find((f) => address(f.path) === path && !foreign(f.path))
}

/** Answers with a file of the page as it was installed, whatever the server has now. */
export async function answer(store: Store, f: File, fetch: Fetch): Promise<Response> {
  const have = await store.match(address(f.path))
  if (have) return have
  const res = await fetched(f, fetch)
  await store.put(address(f.path), res.clone())
  return res
}
