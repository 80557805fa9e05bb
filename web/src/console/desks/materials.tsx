// The manufacturer's desk for exchanges 1 and 2: material asked for and supplied.
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { when } from '../../text/text'
import { Input } from '../../ui/Input'
import { useLoad, useSend } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import type { Session } from '../screen'
import { anchor, members, messages } from './archive'
import { caseOf, text as checkText } from './fields'
import { Form, may, nameOf, Once, Sent, Who } from './parts'
import { Rows } from './rows'
import { type MaterialRequest, type MaterialSupply, type Member, type Message, types } from './shapes'
import { useManufacturerText } from './text.manufacturer'
import { statusName, useSharedText, wrong } from './text.shared'

interface Desk {
  members: Member[]
  requests: Message<MaterialRequest>[]
  supplies: Message<MaterialSupply>[]
}

async function desk(): Promise<Desk> {
  const [m, requests, supplies] = await Promise.all([
    members(),
    messages<MaterialRequest>(types.request),
    messages<MaterialSupply>(types.supply, { status: 'received' }),
  ])
  return { members: m, requests, supplies }
}

/** Materials shows what was asked for and what came, with the form that asks. */
export function Materials({ session }: { session: Session }) {
  const found = useLoad(desk, [])
  const shared = useSharedText()
  const [sent, setSent] = useState<Message>()
  return (
    <Shown of={found}>
      {(d) => (
        <>
          {may(session, 'material-requests') && (
            <Once
              result={sent}
              show={(m) => <Sent message={m} then={found.again} />}
              another={shared.another}
              onAnother={() => setSent(undefined)}
            >
              <Ask session={session} members={d.members} onSent={setSent} />
            </Once>
          )}
          <Lists desk={d} />
        </>
      )}
    </Shown>
  )
}

function Ask({ session, members: all, onSent }: { session: Session; members: Member[]; onSent: (m: Message) => void }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  const [v, set] = useState({ to: '', material: '', product: '', quantity: '' })
  const [tried, setTried] = useState(false)
  const put = (k: keyof typeof v) => (value: string) => set({ ...v, [k]: value })
  const { to, ...content } = v
  const sending = useSend((key) => post<Message>('/v1/material-requests', { to, case: caseOf(v.product, key), content }, key), onSent)
  return (
    <Form
      id="ask"
      title={text.askTitle}
      sending={sending}
      session={session}
      says={text.askSays}
      submit={text.ask}
      good={to !== '' && !checkText(v.material) && !checkText(v.product)}
      onTry={() => setTried(true)}
    >
      <Who
        id="ask-to"
        label={text.supplier}
        members={all}
        roles={['supplier']}
        not={session.organisation.gln}
        value={to}
        onValue={put('to')}
        wrong={tried && to === '' ? 'missing' : undefined}
      />
      <Input
        id="ask-material"
        label={shared.material}
        value={v.material}
        onValue={put('material')}
        error={wrong(shared, tried ? checkText(v.material) : undefined)}
      />
      <Input
        id="ask-product"
        label={text.wantedFor}
        value={v.product}
        onValue={put('product')}
        error={wrong(shared, tried ? checkText(v.product) : undefined)}
      />
      <Input id="ask-quantity" label={shared.quantity} hint={text.quantityHint} value={v.quantity} onValue={put('quantity')} />
    </Form>
  )
}

function Lists({ desk: d }: { desk: Desk }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  const state = (m: Message) => {
    if (m.status !== 'sent') return statusName(shared, 'm', m.status)
    return d.supplies.some((s) => s.prev?.includes(anchor(m))) ? text.supplied : text.waits
  }
  return (
    <>
      <Rows
        id="supplies"
        title={text.came}
        rows={d.supplies}
        keyOf={(m) => m.id}
        columns={[
          { name: shared.material, cell: (m) => m.content.material },
          { name: text.lots, cell: (m) => m.content.lots?.map((l) => `${l.lot} (${text.produced} ${l.produced})`).join(', ') },
          { name: shared.quantity, cell: (m) => m.content.quantity },
          { name: shared.from, cell: (m) => nameOf(d.members, m.from) },
          { name: shared.at, cell: (m) => when(new Date(m.created)) },
        ]}
      />
      <Rows
        id="requests"
        title={text.asked}
        rows={d.requests}
        keyOf={(m) => m.id}
        columns={[
          { name: shared.material, cell: (m) => m.content.material },
          { name: text.wantedFor, cell: (m) => m.content.product },
          { name: shared.to, cell: (m) => nameOf(d.members, m.to) },
          { name: shared.at, cell: (m) => when(new Date(m.created)) },
          { name: shared.status, cell: state },
        ]}
      />
    </>
  )
}
