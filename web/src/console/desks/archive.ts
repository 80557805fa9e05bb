// Asks for lists whole: a form that follows earlier messages must know them all.
import { get } from '../../api/api'
import type { Page } from '../../ui/load'
import type { Member, Message } from './shapes'

// A desk works on what is open; who has more than this has a program of his own.
const maxPages = 50

/** Returns all items of a list that comes in pages, the newest first. */
export async function every<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T[]> {
  const out: T[] = []
  let cursor: string | undefined
  for (let i = 0; i < maxPages; i++) {
    const page: Page<T> = await get(path, { limit: 200, ...query, cursor })
    out.push(...(page.items ?? []))
    if (!page.next) break
    cursor = page.next
  }
  return out
}

/** Returns the messages of a type. */
export const messages = <C>(type: string, more: Record<string, string> = {}): Promise<Message<C>[]> =>
  every<Message<C>>('/v1/messages', { type, ...more })

/** Returns the members of the consortium. */
export const members = (): Promise<Member[]> => get<Member[]>('/v1/members')

/** Returns the anchor of a message, by which others follow it; empty before it is on the ledger. */
export const anchor = (m: Message): string => m.receipt?.bc ?? ''
