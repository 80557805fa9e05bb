// What came: packs from a manufacturer or a member of the trade, and the
// confirmation (exchanges 6 and 8). Manufacturers get packs back here.
import { count, when } from '../../text/text'
import { useLoad } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import type { Session } from '../screen'
import { anchor, members, messages } from './archive'
import { nameOf } from './parts'
import { packs } from './ranges'
import { Rows } from './rows'
import { type Dispatch, type Distribution, type Member, type Message, type Receipt, type SalesStatus, types } from './shapes'
import { Shipment } from './shipment'
import { useSharedText } from './text.shared'
import { useTradeText } from './text.trade'

export type Came = Message<Distribution & Dispatch>

interface Desk {
  members: Member[]
  came: Came[]
  answers: Message<Receipt | SalesStatus>[]
}

async function desk(): Promise<Desk> {
  const [m, direct, dispatched, receipts, status] = await Promise.all([
    members(),
    messages<Distribution & Dispatch>(types.distribution, { status: 'received' }),
    messages<Distribution & Dispatch>(types.dispatch, { status: 'received' }),
    messages<Receipt>(types.receipt),
    messages<SalesStatus>(types.sales),
  ])
  return { members: m, came: [...direct, ...dispatched].sort(newest), answers: [...receipts, ...status] }
}

const newest = (a: Message, b: Message): number => b.created.localeCompare(a.created)

/** Shipments shows what came; rest is the one that is confirmed. */
export function Shipments({ session, rest }: { session: Session; rest: string }) {
  const found = useLoad(desk, [])
  const text = useTradeText()
  const shared = useSharedText()
  return (
    <Shown of={found}>
      {(d) => {
        if (!rest) return <Arrived session={session} desk={d} />
        const shipment = d.came.find((m) => anchor(m) === rest)
        return (
          <>
            <p>
              <a href={href('shipments')}>{shared.back}</a>
            </p>
            {shipment ? (
              <Shipment key={rest} session={session} shipment={shipment} from={nameOf(d.members, shipment.from)} again={found.again} />
            ) : (
              <p>{text.unknown}</p>
            )}
          </>
        )
      }}
    </Shown>
  )
}

function Arrived({ session, desk: d }: { session: Session; desk: Desk }) {
  const text = useTradeText()
  const shared = useSharedText()
  const answer = (m: Message) =>
    d.answers.find((a) => a.from === session.organisation.gln && a.status !== 'refused' && a.prev?.includes(anchor(m)))
  const state = (m: Message) => {
    const a = answer(m)
    return a ? text.confirmedAt(when(new Date(a.created))) : <strong>{text.toConfirm}</strong>
  }
  return (
    <Rows
      id="shipments"
      title={text.shipments}
      rows={d.came}
      keyOf={(m) => m.id}
      columns={[
        { name: shared.from, cell: (m) => <a href={href('shipments', anchor(m))}>{nameOf(d.members, m.from)}</a> },
        { name: shared.lot, cell: (m) => m.content.parcels?.map((p) => p.lot).join(', ') },
        { name: shared.count, cell: (m) => count(m.content.parcels?.reduce((n, p) => n + packs(p.ranges), 0) ?? 0) },
        { name: shared.note, cell: (m) => m.content.note },
        { name: shared.at, cell: (m) => when(new Date(m.created)) },
        { name: shared.status, cell: state },
      ]}
    />
  )
}
