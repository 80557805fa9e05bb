import { describe, expect, it } from 'vitest'
import vectors from '../../../testdata/page.json'
import { recompute } from './digest'
import { answer, install, kept, list, prefix } from './keep'
import { address, digest, type File, type Page, parse, sum } from './page'

const utf8 = new TextEncoder()
const origin = 'https://theriac.example'

/** A cache in memory, with what of Cache the worker uses. */
class Memory {
  readonly map = new Map<string, Response>()
  private key = (r: RequestInfo | URL) => new URL(r instanceof Request ? r.url : r, origin).href
  async match(r: RequestInfo | URL) {
    return this.map.get(this.key(r))?.clone()
  }
  async put(r: RequestInfo | URL, res: Response) {
    this.map.set(this.key(r), res)
  }
  async keys() {
    return [...this.map.keys()].map((k) => new Request(k))
  }
}

const texts: Record<string, string> = {
  'assets/console-1.js': 'console',
  'assets/reader-1.wasm': 'scanner',
  'assets/verify-1.js': 'verify',
  'console.html': '<console>',
  'index.html': '<verify>',
  'robots.txt': 'User-agent: *',
  'worker.js': 'worker',
}

/** A server of a page, and what it was asked for. */
async function server(content: Record<string, string>) {
  const files: File[] = []
  for (const path of Object.keys(content).sort()) files.push({ path, sha256: await sum(utf8.encode(content[path])) })
  const page: Page = { digest: await digest(files), files }
  const served = new Map(files.map((f) => [address(f.path), content[f.path] ?? '']))
  served.set(list, JSON.stringify(page))
  const asked: string[] = []
  const fetch = async (path: string) => {
    asked.push(path)
    const body = served.get(path)
    return body === undefined
      ? new Response('', { status: 404 })
      : new Response(body, { headers: { 'Content-Encoding': 'gzip', 'Content-Type': 'text/html', Refresh: '0; url=https://evil.example' } })
  }
  return { page, served, asked, fetch }
}

async function installedPage() {
  const s = await server(texts)
  const caches = new Map<string, Memory>()
  const open = async (name: string) => {
    const store = caches.get(name) ?? new Memory()
    caches.set(name, store)
    return store
  }
  await install(open, s.fetch)
  const store = caches.get(prefix + s.page.digest)
  if (!store) throw new Error('not installed')
  return { ...s, store, open, caches }
}

describe('digest', () => {
  for (const v of vectors) {
    it(`is Go's of ${v.files.length} files`, async () => expect(await digest(v.files)).toBe(v.digest))
  }
  it('refuses lists that no page has', async () => {
    const f = (path: string) => ({ path, sha256: 'A'.repeat(43) })
    for (const files of [
      [],
      [f('')],
      [f('/a')],
      [f('../a')],
      [f('a/../b')],
      [f('a//b')],
      [f('a/')],
      [f('.')],
      [f('a b')],
      [f('é')],
      [f('a?b')],
      [f('b'), f('a')],
      [f('a'), f('a')],
      [{ path: 'a', sha256: 'A' }],
      [{ path: 'a', sha256: `${'A'.repeat(42)}B` }],
    ]) {
      await expect(digest(files)).rejects.toThrow()
    }
  })
  it('refuses a list under another digest, and what is none', async () => {
    const { page } = await server(texts)
    const [first, ...rest] = page.files
    for (const raw of [
      '',
      '{}',
      '[]',
      'null',
      '{"digest":"x"}',
      JSON.stringify({ ...page, digest: 'A'.repeat(43) }),
      JSON.stringify({ ...page, files: rest }),
    ]) {
      await expect(parse(raw), raw).rejects.toThrow()
    }
    expect((await parse(JSON.stringify(page))).files[0]).toEqual(first)
  })
})

describe('install', () => {
  it('keeps the public page, whole and unpacked, and leaves the rest', async () => {
    const { store } = await installedPage()
    expect([...store.map.keys()].map((k) => k.slice(origin.length)).sort()).toEqual(['/', '/assets/verify-1.js', '/page.json'])
    expect([...((await store.match('/'))?.headers ?? [])]).toEqual([['content-type', 'text/html']])
  })
  it('refuses a file that is not the list’s, and then has no list', async () => {
    for (const path of ['/', '/assets/verify-1.js']) {
      for (const lie of ['evil', undefined]) {
        const s = await server(texts)
        if (lie === undefined) s.served.delete(path)
        else s.served.set(path, lie)
        const store = new Memory()
        await expect(install(async () => store, s.fetch)).rejects.toThrow('is not the page’s'.replace('’', "'"))
        expect(await store.match(list)).toBeUndefined()
      }
    }
  })
})

describe('answer', () => {
  it('stays what was installed when the server changes', async () => {
    const { page, store, served, fetch } = await installedPage()
    served.set('/', 'evil')
    for (const url of ['/', '/?x=1', '/01/09521141200018/21/A?17=291121']) {
      const file = kept(page, new URL(url, origin), true)
      if (!file) throw new Error(`${url} is not kept`)
      expect(await (await answer(store, file, fetch)).text()).toBe('<verify>')
    }
  })
  it('fetches the scanner once, when it is asked for, and no other', async () => {
    const { page, store, served, asked, fetch } = await installedPage()
    const file = kept(page, new URL('/assets/reader-1.wasm', origin), false)
    if (!file) throw new Error('no scanner')
    asked.length = 0
    served.set('/assets/reader-1.wasm', 'evil')
    await expect(answer(store, file, fetch)).rejects.toThrow()
    served.set('/assets/reader-1.wasm', 'scanner')
    expect(await (await answer(store, file, fetch)).text()).toBe('scanner')
    expect(await (await answer(store, file, fetch)).text()).toBe('scanner')
    expect(asked).toEqual(['/assets/reader-1.wasm', '/assets/reader-1.wasm'])
  })
  it('leaves API, console and strangers to the network', async () => {
    const { page } = await installedPage()
    for (const path of ['/v1/status', '/console', '/assets/console-1.js', '/worker.js', '/page.json', '/assets/other.js', '/index.html']) {
      expect(kept(page, new URL(path, origin), false), path).toBeUndefined()
    }
    expect(kept(page, new URL('/01/1', origin), false)).toBeUndefined()
  })
})

describe('recompute', () => {
  it('returns the digest over what is kept', async () => {
    const { page, store } = await installedPage()
    expect(await recompute(store)).toEqual({ digest: page.digest, checked: 2 })
  })
  it('finds a changed, a foreign and a missing file, and another list', async () => {
    const other = await server({ ...texts, 'index.html': 'other' })
    for (const bend of [
      (s: Memory) => s.put('/', new Response('evil')),
      (s: Memory) => s.put('/evil.js', new Response('evil')),
      (s: Memory) => void s.map.delete(`${origin}/`),
      (s: Memory) => void s.map.delete(origin + list),
      (s: Memory) => s.put(list, new Response(JSON.stringify(other.page))),
    ]) {
      const { store } = await installedPage()
      await bend(store)
      await expect(recompute(store)).rejects.toThrow()
    }
  })
})
