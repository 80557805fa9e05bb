// Packs sent on to a pharmacy, hospital or distributor, or back to the manufacturer (exchange 7).
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { count, when } from '../../text/text'
import { Input } from '../../ui/Input'
import { useLoad, useSend } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { Shown } from '../../ui/Shown'
import type { Session } from '../screen'
import { anchor, every, members, messages } from './archive'
import { Carried, open, useCarrying } from './carried'
import { Parcels } from './parcels'
import { Form, is, may, nameOf, Once, Sent, Who } from './parts'
import { packs } from './ranges'
import { knownOf } from './registrations'
import { Rows } from './rows'
import { type Dispatch, type Distribution, type Holding, type Member, type Message, type Receipt, type Registration, types } from './shapes'
import { type Line, offers, origins, pick } from './stock'
import { statusName, useSharedText } from './text.shared'
import { useTradeText } from './text.trade'

interface Desk {
  members: Member[]
  stock: Holding[]
  came: Message<Distribution | Dispatch>[]
  sent: Message<Dispatch>[]
  receipts: Message<Receipt>[]
  registered: Registration[]
}

async function desk(session: Session): Promise<Desk> {
  const own = session.organisation.gln
  const moved = messages<Dispatch>(types.dispatch)
  const [m, stock, direct, dispatches, receipts, registered] = await Promise.all([
    members(),
    every<Holding>('/v1/stock'),
    messages<Distribution>(types.distribution, { status: 'received' }),
    moved,
    messages<Receipt>(types.receipt, { status: 'received' }),
    open(session, moved),
  ])
  const arrived = dispatches.filter((d) => d.to === own && d.status === 'received')
  const came = [...direct, ...arrived].sort((a, b) => b.created.localeCompare(a.created))
  return { members: m, stock, came, sent: dispatches.filter((d) => d.from === own), receipts, registered }
}

/** Dispatches shows what was sent with the receipts that came, and the form that sends. */
export function Dispatches({ session }: { session: Session }) {
  const found = useLoad(() => desk(session), [])
  const text = useTradeText()
  const shared = useSharedText()
  const [sent, setSent] = useState<Message>()
  return (
    <Shown of={found}>
      {(d) => (
        <>
          {may(session, 'dispatches') && (
            <Once
              result={sent}
              show={(m) => <Sent message={m} then={found.again} />}
              another={shared.another}
              onAnother={() => setSent(undefined)}
            >
              {offers(d.stock, true).length > 0 ? (
                <Send session={session} desk={d} onSent={setSent} />
              ) : (
                <p class="quiet">{text.nothing}</p>
              )}
            </Once>
          )}
          <Gone desk={d} />
        </>
      )}
    </Shown>
  )
}

const consumers = ['pharmacy', 'hospital']

interface SendGiven {
  session: Session
  desk: Desk
  onSent: (m: Message) => void
}

/** What is filled in of a dispatch. */
function useDispatch({ desk: d, onSent }: SendGiven) {
  const [v, set] = useState({ to: '', note: '' })
  const [lines, setLines] = useState<Line[]>([{ batch: '', count: '' }])
  const [tried, setTried] = useState(false)
  const receiver = d.members.find((m) => m.gln === v.to)
  // What is stopped or expired goes back only: not to who would hand it out.
  const back = receiver !== undefined && !receiver.roles?.some((r) => consumers.includes(r))
  const there = offers(d.stock, back)
  const carrying = useCarrying(d.registered, v.to)
  const picked = pick(lines, there, carrying.prefer)
  const parcels = picked.filter((p) => p !== undefined)
  const prev = origins(parcels, d.came)
  const content = { parcels, ...(v.note ? { note: v.note } : {}), ...carrying.content(parcels) }
  const sending = useSend((key) => post<Message>('/v1/dispatches', { to: v.to, prev, content }, key), onSent)
  return { v, set, lines, setLines, tried, setTried, receiver, there, carrying, picked, parcels, prev, sending }
}

function Send(given: SendGiven) {
  const { session, desk: d } = given
  const text = useTradeText()
  const shared = useSharedText()
  const { v, set, lines, setLines, tried, setTried, receiver, there, carrying, picked, parcels, prev, sending } = useDispatch(given)
  return (
    <Form
      id="dispatch"
      title={is(session, 'distributor') ? text.send : text.back}
      sending={sending}
      session={session}
      says={text.dispatchSays(count(parcels.reduce((n, p) => n + packs(p.ranges), 0)), receiver?.name ?? '')}
      submit={text.dispatch}
      good={receiver !== undefined && parcels.length === lines.length && prev !== undefined}
      onTry={() => setTried(true)}
    >
      <Who
        id="dispatch-to"
        label={text.receiver}
        members={d.members}
        roles={['distributor', 'manufacturer', ...consumers]}
        not={session.organisation.gln}
        value={v.to}
        onValue={(to) => set({ ...v, to })}
        wrong={tried && !receiver ? 'missing' : undefined}
      />
      <Parcels lines={lines} setLines={setLines} offers={there} picked={picked} tried={tried} />
      {parcels.length > 0 && !prev && (
        <div role="alert">
          <Notice look="bad">
            <p>{text.noOrigin}</p>
          </Notice>
        </div>
      )}
      <Carried
        id="dispatch-carried"
        all={d.registered}
        to={v.to}
        carrying={carrying}
        parcels={parcels}
        known={knownOf({ stock: d.stock })}
      />
      <Input id="dispatch-note" label={shared.note} hint={text.noteHint} value={v.note} onValue={(note) => set({ ...v, note })} />
    </Form>
  )
}

function Gone({ desk: d }: { desk: Desk }) {
  const text = useTradeText()
  const shared = useSharedText()
  const receipt = (m: Message) => {
    const r = d.receipts.find((x) => x.prev?.includes(anchor(m)))
    if (!r) return <span class="quiet">{text.noReceipt}</span>
    return r.content.differences === 'none' ? text.allThere : <strong class="bad">{r.content.differences}</strong>
  }
  return (
    <Rows
      id="dispatched"
      title={text.sent}
      rows={d.sent}
      keyOf={(m) => m.id}
      columns={[
        { name: shared.to, cell: (m) => nameOf(d.members, m.to) },
        { name: shared.lot, cell: (m) => m.content.parcels?.map((p) => p.lot).join(', ') },
        { name: shared.count, cell: (m) => count(m.content.parcels?.reduce((n, p) => n + packs(p.ranges), 0) ?? 0) },
        { name: shared.note, cell: (m) => m.content.note },
        { name: shared.at, cell: (m) => when(new Date(m.created)) },
        { name: shared.status, cell: (m) => statusName(shared, 'm', m.status) },
        { name: text.receipt, cell: receipt },
      ]}
    />
  )
}
