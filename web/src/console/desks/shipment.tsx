import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { count, when } from '../../text/text'
import { Facts } from '../../ui/Facts'
import { Input } from '../../ui/Input'
import { useSend } from '../../ui/load'
import { href } from '../route'
import type { Session } from '../screen'
import { anchor } from './archive'
import { whole } from './fields'
import { Form, may, Once, Sent } from './parts'
import { packs, places } from './ranges'
import { Rows } from './rows'
import { type Message, type Parcel, type SalesCount, types } from './shapes'
import type { Came } from './shipments'
import { useMeasureText } from './text.measure'
import { useSharedText, wrong } from './text.shared'
import { useTradeText } from './text.trade'

interface Given {
  session: Session
  shipment: Came
  from: string
  again: () => void
}

/** A Shipment is one that came, with the form that confirms it. */
export function Shipment({ session, shipment, from, again }: Given) {
  const text = useTradeText()
  const measure = useMeasureText()
  const shared = useSharedText()
  const registrations = shipment.content.registrations ?? []
  const [sent, setSent] = useState<Message>()
  const direct = shipment.type === types.distribution
  const permitted = may(session, direct ? 'sales-status' : 'receipts')
  return (
    <>
      <section class="panel" aria-label={text.shipments}>
        <Facts
          of={[
            [shared.from, from],
            [shared.at, when(new Date(shipment.created))],
            [shared.certificate, shipment.content.certificate],
            [text.salesMethod, shipment.content.sales_method],
            [shared.note, shipment.content.note],
            [shared.case, shipment.case],
          ]}
        />
      </section>
      <Rows
        id="parcels"
        title={shared.which}
        rows={shipment.content.parcels ?? []}
        keyOf={(p) => p.batch}
        columns={[
          { name: shared.gtin, cell: (p) => p.gtin },
          { name: shared.lot, cell: (p) => p.lot },
          { name: shared.expiry, cell: (p) => p.expiry },
          { name: shared.count, cell: (p) => count(packs(p.ranges)) },
          { name: text.places, cell: (p) => places(p.ranges) },
        ]}
      />
      {registrations.length > 0 && may(session, 'registration-list') && (
        <p>
          {measure.brings(registrations.length)}{' '}
          <a href={href('measure', registrations.length === 1 ? registrations[0] : '')}>{measure.measureIt}</a>
        </p>
      )}
      {!permitted && <p>{shared.notPermitted}</p>}
      {permitted && (
        <Once result={sent} show={(m) => <Sent message={m} then={again} />} another={shared.another} onAnother={() => setSent(undefined)}>
          <Confirm session={session} shipment={shipment} from={from} direct={direct} onSent={setSent} />
        </Once>
      )}
    </>
  )
}

/** A Count is a row of the form, as typed. */
interface Count {
  received: string
  sold: string
  returned: string
}

/** Reads a row; what is left follows from the rest. */
export function read(batch: string, c: Count): SalesCount | undefined {
  const [received, sold, returned] = [whole(c.received, 0), whole(c.sold, 0), whole(c.returned, 0)]
  if (received === undefined || sold === undefined || returned === undefined || sold + returned > received) return undefined
  return { batch, received, sold, returned, remaining: received - sold - returned }
}

interface ConfirmGiven {
  session: Session
  shipment: Came
  from: string
  direct: boolean
  onSent: (m: Message) => void
}

function Confirm({ session, shipment, from, direct, onSent }: ConfirmGiven) {
  const text = useTradeText()
  const shared = useSharedText()
  const parcels = shipment.content.parcels ?? []
  const [rows, setRows] = useState<Count[]>(parcels.map((p) => ({ received: String(packs(p.ranges)), sold: '0', returned: '0' })))
  const [differences, setDifferences] = useState('')
  const [tried, setTried] = useState(false)
  const counts = parcels.map((p, i) => rows[i] && read(p.batch, rows[i]))
  const differs = parcels.some((p, i) => counts[i]?.received !== packs(p.ranges))
  const unsaid = !direct && differs && differences.trim() === ''
  const known = counts.filter((c) => c !== undefined)
  const content = direct ? { counts: known } : { differences: differences.trim() || 'none', received: known }
  const sending = useSend(
    (key) => post<Message>(direct ? '/v1/sales-status' : '/v1/receipts', { to: shipment.from, prev: [anchor(shipment)], content }, key),
    onSent,
  )
  const put = (i: number, change: Partial<Count>) => setRows(rows.map((r, j) => (j === i ? { ...r, ...change } : r)))
  return (
    <Form
      id="confirm"
      title={text.confirmTitle}
      sending={sending}
      session={session}
      says={direct ? text.statusSays(from) : text.receiptSays(from)}
      submit={text.confirm}
      good={known.length === parcels.length && !unsaid}
      onTry={() => setTried(true)}
    >
      {parcels.map((p, i) => (
        <CountFields key={p.batch} n={i} parcel={p} row={rows[i]} count={counts[i]} all={direct} put={(c) => put(i, c)} />
      ))}
      {!direct && (
        <Input
          id="confirm-differences"
          label={text.differences}
          hint={text.differencesHint}
          value={differences}
          onValue={setDifferences}
          error={tried && unsaid ? text.differencesMissing : ''}
          lines={2}
        />
      )}
      {tried && known.length < parcels.length && (
        <p class="wrong" role="alert">
          {wrong(shared, 'number')}
        </p>
      )}
    </Form>
  )
}

interface CountGiven {
  n: number
  parcel: Parcel
  row: Count | undefined
  count: SalesCount | undefined
  /** Also what was sold and came back, which a sales status tells. */
  all: boolean
  put: (change: Partial<Count>) => void
}

function CountFields({ n, parcel, row, count: read, all, put }: CountGiven) {
  const text = useTradeText()
  const shared = useSharedText()
  const id = `count-${n}`
  const error = read ? '' : wrong(shared, 'number')
  return (
    <fieldset class="group stack">
      <legend>
        {parcel.lot} · {text.announced}: {count(packs(parcel.ranges))}
      </legend>
      <div class="columns">
        <Input
          id={`${id}-received`}
          label={text.received}
          value={row?.received ?? ''}
          onValue={(v) => put({ received: v })}
          error={error}
        />
        {all && <Input id={`${id}-sold`} label={text.sold} value={row?.sold ?? ''} onValue={(v) => put({ sold: v })} error={error} />}
        {all && (
          <Input
            id={`${id}-returned`}
            label={text.returned}
            value={row?.returned ?? ''}
            onValue={(v) => put({ returned: v })}
            error={error}
          />
        )}
      </div>
      {all && read && (
        <p class="quiet">
          {text.remaining}: {count(read.remaining)}
        </p>
      )}
    </fieldset>
  )
}
