// What a page is made of, and its digest: docs/formats.md, Page.

export interface File {
  path: string
  sha256: string
}

export interface Page {
  digest: string
  files: File[]
}

const maxFiles = 1000
const utf8 = new TextEncoder()

const sha256 = async (b: BufferSource): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await crypto.subtle.digest('SHA-256', b))

/** Returns bytes as base64url. */
export const text = (b: Uint8Array): string =>
  btoa(String.fromCharCode(...b))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** Returns the SHA-256 of bytes as base64url. */
export const sum = async (b: BufferSource): Promise<string> => text(await sha256(b))

function bytes(digest: string): Uint8Array<ArrayBuffer> {
  const b = Uint8Array.from(atob(digest.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
  if (b.length !== 32 || text(b) !== digest) throw new Error(`page: ${digest} is no digest`)
  return b
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    out.set(p, at)
    at += p.length
  }
  return out
}

function encode(...fields: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return join(
    ...fields.flatMap((f) => {
      const size = new Uint8Array(4)
      new DataView(size.buffer).setUint32(0, f.length)
      return [size, f]
    }),
  )
}

async function root(leaves: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const [first] = leaves
  if (leaves.length === 1 && first) return join(first)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(join(Uint8Array.of(1), await root(leaves.slice(0, split)), await root(leaves.slice(split))))
}

/** Of these letters, the order of texts is that of their bytes. */
const path = /^(?!\.{0,2}(\/|$))([\w.-]+)(\/(?!\.{0,2}(\/|$))[\w.-]+)*$/

/** Returns the digest of a page with these files, which must rise by path. */
export async function digest(files: readonly File[]): Promise<string> {
  if (files.length === 0 || files.length > maxFiles) throw new Error(`page: ${files.length} files`)
  const leaves: Uint8Array[] = []
  let before = ''
  for (const f of files) {
    if (!path.test(f.path) || before >= f.path) throw new Error(`page: file ${f.path}`)
    before = f.path
    leaves.push(await sha256(join(Uint8Array.of(0), encode(utf8.encode('theriac/page/1'), utf8.encode(f.path), bytes(f.sha256)))))
  }
  return text(await root(leaves))
}

/** Reads the list of a page; throws unless its digest is that of its files. */
export async function parse(raw: string): Promise<Page> {
  const p: unknown = JSON.parse(raw)
  const { digest: claimed, files } = Object(p) as { digest?: unknown; files?: unknown }
  if (typeof claimed !== 'string' || !Array.isArray(files)) throw new Error('page: no list')
  const page = { digest: claimed, files: files.map((f) => ({ path: String(Object(f).path), sha256: String(Object(f).sha256) })) }
  if ((await digest(page.files)) !== claimed) throw new Error('page: the list has another digest than it says')
  return page
}

/** Returns where a server serves a file of a page. */
export function address(path: string): string {
  if (path === 'index.html') return '/'
  if (path === 'console.html') return '/console'
  return `/${path}`
}
