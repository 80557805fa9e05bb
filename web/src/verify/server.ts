// What the page asks its server. Answers are bytes of bounded length, and
// nothing in them is believed here.

/** A refusal in the server's own words (RFC 9457). */
export interface Problem {
  code: string
  detail: string
  status: number
  /** What the server says of a concealed code that was used. */
  redeemed?: unknown
}

export type Answer = { kind: 'bytes'; bytes: Uint8Array } | { kind: 'problem'; problem: Problem } | { kind: 'offline' }

/** Bundles are at most 32 MiB (docs/formats.md). */
export const maxBundle = 32 << 20
const maxSmall = 1 << 20
const patience = 30_000
const maxWords = 500

export type Fetch = typeof fetch

/** Reads an answer up to a size. A longer one is refused as if it were none. */
export async function ask(path: string, limit: number, get: Fetch = fetch, init: RequestInit = {}): Promise<Answer> {
  try {
    const answer = await get(path, { ...init, cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(patience) })
    if (answer.ok) {
      const bytes = await drain(answer, limit)
      return bytes
        ? { kind: 'bytes', bytes }
        : { kind: 'problem', problem: { code: 'oversized_answer', detail: '', status: answer.status } }
    }
    return { kind: 'problem', problem: problemOf((await drain(answer, maxSmall)) ?? new Uint8Array(), answer.status) }
  } catch {
    return { kind: 'offline' }
  }
}

/** Asks for the evidence of a pack. */
export const askBundle = (code: string, get?: Fetch) => ask(`/v1/bundles?id=${encodeURIComponent(code)}`, maxBundle, get)

/** Asks for the trust root. */
export const askTrust = (get?: Fetch) => ask('/v1/trust', maxSmall, get)

/** Asks for the addresses of the consortium's members; none if there is no good answer. */
export async function askEndpoints(get?: Fetch): Promise<string[]> {
  const answer = await ask('/v1/members', maxSmall, get)
  if (answer.kind !== 'bytes') return []
  const list = parse(answer.bytes)
  if (!Array.isArray(list)) return []
  return list.flatMap((m: unknown) => {
    const endpoint = member(m, 'endpoint')
    return typeof endpoint === 'string' ? [endpoint] : []
  })
}

/** Reads JSON, or undefined. */
export function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** Returns a member of what may be an object. */
export const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

function problemOf(bytes: Uint8Array, status: number): Problem {
  const body = parse(bytes)
  const code = member(body, 'code')
  const detail = member(body, 'detail')
  return {
    code: typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? code : 'no_answer',
    detail: typeof detail === 'string' ? detail.slice(0, maxWords) : '',
    status,
    redeemed: member(body, 'redeemed'),
  }
}

async function drain(answer: Response, limit: number): Promise<Uint8Array | undefined> {
  const reader = answer.body?.getReader()
  if (!reader) return new Uint8Array()
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > limit) {
      await reader.cancel()
      return undefined
    }
    parts.push(value)
  }
  const all = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
