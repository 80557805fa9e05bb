// The manufacturer's desk for exchanges 3 and 4: dossiers, and what was decided.
import { useState } from 'preact/hooks'
import { when } from '../../text/text'
import { useLoad } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import type { Session } from '../screen'
import { anchor, members, messages } from './archive'
import { HandIn } from './handin'
import { may, nameOf, Once, Sent } from './parts'
import { Rows } from './rows'
import { type Decision, type Dossier, type MaterialSupply, type Member, type Message, types } from './shapes'
import { useManufacturerText } from './text.manufacturer'
import { statusName, useSharedText } from './text.shared'

interface Desk {
  members: Member[]
  supplies: Message<MaterialSupply>[]
  dossiers: Message<Dossier>[]
  decisions: Message<Decision>[]
}

async function desk(): Promise<Desk> {
  const [m, supplies, dossiers, decisions] = await Promise.all([
    members(),
    messages<MaterialSupply>(types.supply, { status: 'received' }),
    messages<Dossier>(types.dossier),
    messages<Decision>(types.decision, { status: 'received' }),
  ])
  return { members: m, supplies, dossiers, decisions }
}

const decisionOn = (d: Desk, m: Message): Message<Decision> | undefined => d.decisions.find((x) => x.prev?.includes(anchor(m)))

/** Returns the question with this anchor, and what it asks about. */
function questionOf(d: Desk, bc: string) {
  const decision = d.decisions.find((x) => anchor(x) === bc && x.content.decision === 'question')
  const dossier = d.dossiers.find((x) => decision?.prev?.includes(anchor(x)))
  return decision && dossier ? { decision, dossier } : undefined
}

/** Approvals shows dossiers with their answers; rest is the question that a further dossier answers. */
export function Approvals({ session, rest }: { session: Session; rest: string }) {
  const found = useLoad(desk, [])
  const text = useManufacturerText()
  const shared = useSharedText()
  const [sent, setSent] = useState<Message>()
  return (
    <Shown of={found}>
      {(d) => (
        <>
          {may(session, 'dossiers') && d.supplies.length === 0 && <p class="quiet">{text.noSupplies}</p>}
          {may(session, 'dossiers') && d.supplies.length > 0 && (
            <Once
              result={sent}
              show={(m) => <Sent message={m} then={found.again} />}
              another={shared.another}
              onAnother={() => setSent(undefined)}
            >
              <HandIn
                key={rest}
                session={session}
                members={d.members}
                supplies={d.supplies}
                question={questionOf(d, rest)}
                onSent={setSent}
              />
            </Once>
          )}
          <HandedIn desk={d} onQuestion={() => setSent(undefined)} />
        </>
      )}
    </Shown>
  )
}

function HandedIn({ desk: d, onQuestion }: { desk: Desk; onQuestion: () => void }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  const state = (m: Message<Dossier>) => {
    if (m.status !== 'sent') return statusName(shared, 'm', m.status)
    const decision = decisionOn(d, m)
    if (!decision?.content.decision) return text.waitsForDecision
    return text[`d_${decision.content.decision}`]
  }
  const reasons = (m: Message<Dossier>) => {
    const decision = decisionOn(d, m)
    if (decision?.content.decision !== 'question') return decision?.content.reasons
    const answered = d.dossiers.some((x) => x.prev?.includes(anchor(decision)) && x.status !== 'refused')
    return (
      <>
        {decision.content.reasons}{' '}
        {!answered && (
          <a href={href('approvals', anchor(decision))} onClick={onQuestion}>
            {text.answerQuestion}
          </a>
        )}
      </>
    )
  }
  return (
    <Rows
      id="dossiers"
      title={text.handedIn}
      rows={d.dossiers}
      keyOf={(m) => m.id}
      columns={[
        { name: shared.product, cell: (m) => m.content.product },
        { name: shared.gtin, cell: (m) => m.content.gtins?.join(', ') },
        { name: shared.to, cell: (m) => nameOf(d.members, m.to) },
        { name: shared.at, cell: (m) => when(new Date(m.created)) },
        { name: shared.status, cell: state },
        { name: text.reasons, cell: reasons },
      ]}
    />
  )
}
