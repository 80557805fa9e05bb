import type { ComponentChildren } from 'preact'
import { count } from '../../text/text'
import type { Session } from '../screen'
import { every, messages } from './archive'
import { is, may, nameOf } from './parts'
import { type Known, knownOf, thingOf } from './registrations'
import { Rows } from './rows'
import { type Batch, type Dispatch, type Distribution, type Holding, type Member, type Registration, types } from './shapes'
import { type MeasureText, useMeasureText } from './text.measure'
import { useSharedText } from './text.shared'

/** Names are what lists need to write GLNs and batches for people. */
export interface Names {
  members: Member[]
  known: Map<string, Known>
}

/** Gathers what names the batches of registrations, as far as the person may see it. */
export async function knownHere(session: Session): Promise<Map<string, Known>> {
  const [stock, batches, direct, dispatched] = await Promise.all([
    may(session, 'stock') ? every<Holding>('/v1/stock') : [],
    may(session, 'batch-list') && is(session, 'manufacturer') ? every<Batch>('/v1/batches') : [],
    may(session, 'messages') ? messages<Distribution>(types.distribution) : [],
    may(session, 'messages') ? messages<Dispatch>(types.dispatch) : [],
  ])
  return knownOf({ stock, batches, shipments: [...direct, ...dispatched] })
}

/** Names what a registration is of, in one line. */
export function label(r: Registration, d: Pick<Names, 'known'>, text: MeasureText): string {
  const thing = thingOf(r, d.known)
  return thing ? [thing.product ?? thing.gtin, thing.lot, text[`kind_${thing.kind}`]].join(' · ') : text.unknownThing
}

/** Writes how many things of a registration were measured. */
export function measured(r: Registration, text: MeasureText): string {
  const n = r.more ? text.atLeast(count(r.verified)) : count(r.verified)
  return text.measuredOf(n, count(r.size))
}

interface ListGiven {
  id: string
  title: string
  empty: string
  rows: Registration[]
  desk: Names
  own: string
  sent?: boolean
  children?: (r: Registration) => ComponentChildren
}

/** A List shows registrations that came or went. */
export function List({ id, title, empty, rows, desk: d, own, sent, children }: ListGiven) {
  const text = useMeasureText()
  const shared = useSharedText()
  const columns = [
    { name: text.what, cell: (r: Registration) => label(r, d, text) },
    {
      name: sent ? shared.to : shared.from,
      cell: (r: Registration) => nameOf(d.members, sent ? r.terms.to : r.from),
    },
    { name: text.measured, cell: (r: Registration) => measured(r, text) },
    { name: text.place, cell: (r: Registration) => (r.terms.place === own ? text.here : <span class="code">{r.terms.place}</span>) },
    { name: text.counter, cell: (r: Registration) => count(r.terms.counter) },
    ...(children ? [{ name: shared.status, cell: children }] : []),
  ]
  return <Rows id={id} title={title} rows={rows} keyOf={(r) => r.id} empty={empty} columns={columns} />
}
