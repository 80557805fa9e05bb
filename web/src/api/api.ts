// The API of the organisation that serves the page. Types come from schema.ts,
// which is generated from its OpenAPI document.

/** A problem document (RFC 9457). Code is stable; detail is for people. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    detail: string,
  ) {
    super(detail)
  }
}

/** The server did not answer, or not with what an API answers. */
export const unreachable = 'unreachable'

/** Told of each answer that asks for a login (401). */
export const onLoggedOut: { tell: () => void } = { tell: () => undefined }

async function problem(res: Response): Promise<Problem> {
  try {
    const p = (await res.json()) as { code?: unknown; detail?: unknown; title?: unknown }
    return new Problem(String(p.code ?? unreachable), res.status, String(p.detail ?? p.title ?? res.statusText))
  } catch {
    return new Problem(unreachable, res.status, res.statusText)
  }
}

async function call(method: string, path: string, init: RequestInit): Promise<Response> {
  let res: Response
  try {
    res = await fetch(path, { method, credentials: 'same-origin', redirect: 'error', ...init })
  } catch (e) {
    throw new Problem(unreachable, 0, e instanceof Error ? e.message : String(e))
  }
  if (res.status === 401) onLoggedOut.tell()
  if (!res.ok) throw await problem(res)
  return res
}

function withBody(body: unknown, key?: string): RequestInit {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' }
  if (key) headers['Idempotency-Key'] = key
  return { headers, body: JSON.stringify(body ?? {}) }
}

/** Returns the answer to a GET. */
export async function get<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T> {
  const q = new URLSearchParams()
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== '') q.set(k, String(v))
  const text = q.size > 0 ? `?${q}` : ''
  return (await (await call('GET', path + text, {})).json()) as T
}

/** Returns the bytes of an answer, as of a PDF. */
export async function bytes(path: string): Promise<Blob> {
  return await (await call('GET', path, {})).blob()
}

/** Returns the bytes of an answer that is not for repeating: no address holds what is asked. */
export async function postBytes(path: string, body: unknown): Promise<Blob> {
  return await (await call('POST', path, withBody(body))).blob()
}

/**
 * Asks for a change. The key makes it happen once, however often it is sent: a form makes one when it opens. Whoever
 * gives up by the signal does not know what was done.
 */
export async function post<T>(path: string, body: unknown, key?: string, signal?: AbortSignal): Promise<T> {
  const res = await call('POST', path, { ...withBody(body, key), ...(signal ? { signal } : {}) })
  return (res.status === 204 ? undefined : await res.json()) as T
}

/** Replaces something. */
export async function put<T>(path: string, body: unknown): Promise<T> {
  const res = await call('PUT', path, withBody(body))
  return (res.status === 204 ? undefined : await res.json()) as T
}

/** Ends something. */
export async function remove(path: string): Promise<void> {
  await call('DELETE', path, {})
}

/** Returns a key for one change. */
export const onceKey = (): string => crypto.randomUUID()
