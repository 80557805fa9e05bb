// The digest of the page as this browser has it, to be compared with the ledger's.
import { list, type Store } from './keep'
import { address, parse, sum } from './page'

export interface Recomputed {
  /** The digest of the page, over all its files. */
  digest: string
  /** How many of its files this browser keeps: each has the digest that the page's was made of. */
  checked: number
}

/** Returns the digest of a page in a cache. It throws if a file there is not the page's. */
export async function recompute(store: Store): Promise<Recomputed> {
  const raw = await (await store.match(list))?.text()
  if (raw === undefined) throw new Error('digest: no page')
  const page = await parse(raw)
  const files = new Map(page.files.map((f) => [address(f.path), f.sha256]))
  let checked = 0
  for (const request of await store.keys()) {
    const path = new URL(request.url).pathname
    if (path === list) continue
    const body = await (await store.match(request))?.arrayBuffer()
    if (!body || files.get(path) !== (await sum(body))) throw new Error(`digest: ${path} is not the page's`)
    checked++
  }
  if (!(await store.match('/'))) throw new Error('digest: the page is not whole')
  return { digest: page.digest, checked }
}

/** Returns the digest of the page that is installed here, nothing if none is. */
export async function installed(): Promise<Recomputed | undefined> {
  const worker = globalThis.navigator?.serviceWorker?.controller
  if (!worker) return undefined
  const name = await new Promise<unknown>((tell) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = (e) => tell(e.data)
    worker.postMessage('page', [port2])
  })
  return typeof name === 'string' && name !== '' ? recompute(await caches.open(name)) : undefined
}
