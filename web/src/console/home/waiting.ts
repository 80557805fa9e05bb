// What waits for a person: each kind with what asks for it, where the person may see it.
import { get } from '../../api/api'
import type { components } from '../../api/schema'
import type { Page } from '../../ui/load'
import type { Alert, Dossier, Proposal, Queue } from '../lists'
import { type Message, nameOf } from '../mail/Messages'
import { href } from '../route'
import type { Session } from '../screen'

export type Kind = 'alerts' | 'reports' | 'dossiers' | 'votes' | 'applications' | 'unanswered' | 'failing' | 'jobs'

/** One thing that waits. */
export interface Item {
  id: string
  link: string
  /** What names it: a code, a type or a name, by kind. */
  what: string
  gln?: string
  /** Whom it is about, by name or GLN. */
  about?: string
  at?: number
  count?: number
}

export interface Kept {
  kind: Kind
  all: string
  items: Item[]
}

interface Asking {
  kind: Kind
  needs: string
  roles?: string[]
  all: string
  ask: (session: Session) => Promise<Item[]>
}

const shownOf = 5

const items = async <T>(path: string, query: Record<string, string | number> = {}): Promise<T[]> =>
  (await get<Page<T>>(path, query)).items ?? []

/** Nobody ticks off alerts and reports, so home shows those of two weeks. */
const recent = (at: number): boolean => Date.now() - at < 14 * 24 * 3600 * 1000

const kindOf = (m: Message): string => (m.content as { claims?: { kind?: string } }).claims?.kind ?? ''

const letter =
  (path: string) =>
  (m: Message): Item => ({ id: m.id, link: href(path, nameOf(m)), what: m.type, gln: m.from, at: Date.parse(m.created) })

/** Types whose receiver owes an answer; dossiers have a list of their own. */
const owed = ['dmms/1', 'dmdd/1', 'dispatch/1']

/** Returns messages that came and that nobody here has answered, of the latest. */
export async function unanswered(session: Session): Promise<Item[]> {
  const came = (
    await Promise.all(owed.map((type) => items<Message>('/v1/messages', { type, status: 'received', limit: 2 * shownOf })))
  ).flat()
  const open = await Promise.all(came.map(async (m) => ((await answered(m, session)) ? [] : [m])))
  return open
    .flat()
    .sort((a, b) => b.created.localeCompare(a.created))
    .map(letter('messages'))
}

async function answered(m: Message, session: Session): Promise<boolean> {
  if (!m.receipt) return false
  const later = await items<Message>('/v1/messages', { prev: m.receipt.bc, limit: 20 })
  return later.some((a) => a.from === session.organisation.gln && a.to === m.from)
}

const kinds: Asking[] = [
  {
    kind: 'alerts',
    needs: 'alert-list',
    all: href('alerts'),
    ask: async () =>
      (await items<Alert>('/v1/alerts', { limit: shownOf }))
        .filter((a) => recent(a.time))
        .map((a) => ({ id: a.id, link: href('alerts'), what: a.code, gln: a.by, at: a.time })),
  },
  {
    kind: 'reports',
    needs: 'messages',
    all: href('reports'),
    ask: async () =>
      (await items<Message>('/v1/messages', { type: 'report/1', status: 'received', limit: shownOf }))
        .filter((m) => recent(Date.parse(m.created)))
        .map((m) => ({ ...letter('reports')(m), what: kindOf(m) })),
  },
  {
    kind: 'dossiers',
    needs: 'dossier-list',
    roles: ['administration'],
    all: href('dossiers'),
    ask: async () =>
      (await items<Dossier>('/v1/dossiers', { state: 'undecided', limit: shownOf })).map((d) => ({
        id: d.bc,
        link: href('dossiers', d.bc),
        what: d.product,
        gln: d.from,
        at: Date.parse(d.created),
      })),
  },
  {
    kind: 'votes',
    needs: 'vote',
    roles: ['governor'],
    all: href('decisions'),
    ask: async () =>
      (await items<Proposal>('/v1/proposals', { status: 'open' }))
        .filter((p) => !p.mine)
        .map((p) => ({
          id: p.proposal,
          link: href('decisions'),
          what: p.action.kind,
          about: p.action.name || p.action.member || '',
          gln: p.proposer,
          at: p.opened,
        })),
  },
  {
    kind: 'applications',
    needs: 'applications',
    roles: ['governor'],
    all: href('decisions'),
    ask: async () => {
      const [asked, proposals] = await Promise.all([
        get<components['schemas']['Application'][]>('/v1/applications'),
        items<Proposal>('/v1/proposals', { limit: 200 }),
      ])
      const proposed = new Set(proposals.map((p) => p.action.application))
      return asked
        .filter((a) => !proposed.has(a.id))
        .map((a) => ({ id: a.id, link: href('decisions'), what: a.name, at: Date.parse(a.created) }))
    },
  },
  { kind: 'unanswered', needs: 'messages', all: href('messages', '', { status: 'received' }), ask: unanswered },
  {
    kind: 'failing',
    needs: 'queue',
    all: href('network'),
    ask: async () =>
      ((await get<Queue>('/v1/queue')).receivers ?? [])
        .filter((r) => r.code)
        .map((r) => ({
          id: `${r.gln} ${r.code}`,
          link: href('messages', '', { status: 'queued' }),
          what: r.code ?? '',
          gln: r.gln,
          count: r.messages,
        })),
  },
  {
    kind: 'jobs',
    needs: 'job-list',
    all: href('network'),
    ask: async () =>
      (await items<components['schemas']['Job']>('/v1/jobs', { limit: shownOf }))
        .filter((j) => j.state !== 'done')
        .map((j) => ({
          id: j.id,
          link: href('network'),
          what: j.state === 'failed' ? (j.code ?? 'failed') : '',
          at: Date.parse(j.created),
        })),
  },
]

/** Asks for all that waits, where the session may see it. What waits nowhere is left out. */
export async function waiting(session: Session): Promise<Kept[]> {
  const fits = (k: Asking) => session.may.includes(k.needs) && (!k.roles || k.roles.some((r) => session.organisation.roles.includes(r)))
  const found = await Promise.all(kinds.filter(fits).map(async (k) => ({ kind: k.kind, all: k.all, items: await k.ask(session) })))
  return found.filter((k) => k.items.length > 0).map((k) => ({ ...k, items: k.items.slice(0, shownOf) }))
}
