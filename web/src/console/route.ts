// Where one is stands in the fragment, as #/messages/ID?type=dmms/1: the server
// has one page, and back and forward work.
import { useEffect, useState } from 'preact/hooks'

export interface Route {
  /** First part, the path of a screen; empty: home. */
  path: string
  /** What follows it, decoded. */
  rest: string
  query: URLSearchParams
}

/** Reads a fragment. */
export function parse(hash: string): Route {
  const [where = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [path = '', ...rest] = where.split('/')
  return { path, rest: decode(rest.join('/')), query: new URLSearchParams(query) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // somebody's own percent sign
  }
}

/** Returns the link to a screen, or to one thing of it. */
export function href(path: string, rest = '', query: Record<string, string> = {}): string {
  const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== ''))
  return `#/${path}${rest ? `/${encodeURIComponent(rest)}` : ''}${q.size > 0 ? `?${q}` : ''}`
}

/** Leads to a screen, with an entry in the browser's history. */
export function lead(path: string, rest = '', query: Record<string, string> = {}): void {
  location.hash = href(path, rest, query)
}

/** Puts filters into the address without an entry in the history. */
export function remember(path: string, query: Record<string, string>): void {
  history.replaceState(null, '', href(path, '', query))
}

/** Returns where one is, and again when that changes. */
export function useRoute(): Route {
  const [hash, set] = useState(location.hash)
  useEffect(() => {
    const tell = () => set(location.hash)
    addEventListener('hashchange', tell)
    return () => removeEventListener('hashchange', tell)
  }, [])
  return parse(hash)
}
