// The drug administration's desk for exchange 4: dossiers are opened and decided.
import { useState } from 'preact/hooks'
import { get } from '../../api/api'
import { when } from '../../text/text'
import { Button } from '../../ui/Button'
import { Short } from '../../ui/Copy'
import { Facts } from '../../ui/Facts'
import { useLoad } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import type { Session } from '../screen'
import { every, members } from './archive'
import { Answer, Approve } from './decide'
import { Documents } from './documents'
import { may, nameOf, Once, Sent } from './parts'
import { Rows } from './rows'
import type { Member, Message } from './shapes'
import { type Statement, statements } from './statements'
import { useAdministrationText } from './text.administration'
import { useSharedText } from './text.shared'

/** A Dossier is one that came, with the latest decision. */
export interface Dossier {
  bc: string
  case: string
  from: string
  created: string
  product: string
  gtins: string[] | null
  materials: { gtin: string; lot: string }[] | null
  state: 'undecided' | 'approved' | 'refused' | 'question'
  reasons?: string
}

interface Desk {
  members: Member[]
  dossiers: Dossier[]
}

async function desk(): Promise<Desk> {
  const [m, dossiers] = await Promise.all([members(), every<Dossier>('/v1/dossiers')])
  // What waits for a decision stands first; the newest first within.
  const waits = (d: Dossier) => (d.state === 'undecided' ? 0 : 1)
  return { members: m, dossiers: dossiers.toSorted((a, b) => waits(a) - waits(b)) }
}

/** Dossiers shows what came; rest is the one that is judged. */
export function Dossiers({ session, rest }: { session: Session; rest: string }) {
  const found = useLoad(desk, [])
  const text = useAdministrationText()
  const shared = useSharedText()
  return (
    <Shown of={found}>
      {(d) => {
        if (!rest) return <Came desk={d} />
        const dossier = d.dossiers.find((x) => x.bc === rest)
        return (
          <>
            <p>
              <a href={href('dossiers')}>{shared.back}</a>
            </p>
            {dossier ? <Judge session={session} dossier={dossier} members={d.members} again={found.again} /> : <p>{text.unknown}</p>}
          </>
        )
      }}
    </Shown>
  )
}

function useWord(state: Dossier['state']): string {
  const text = useAdministrationText()
  return state === 'undecided' ? text.undecided : text[`s_${state}`]
}

function StateOf({ of }: { of: Dossier['state'] }) {
  return <span class={`tag ${of === 'undecided' ? 'warn' : of === 'approved' ? 'good' : ''}`}>{useWord(of)}</span>
}

function Came({ desk: d }: { desk: Desk }) {
  const text = useAdministrationText()
  const shared = useSharedText()
  return (
    <Rows
      id="dossiers"
      title={text.dossiers}
      rows={d.dossiers}
      keyOf={(x) => x.bc}
      columns={[
        { name: shared.product, cell: (x) => <a href={href('dossiers', x.bc)}>{x.product}</a> },
        { name: shared.from, cell: (x) => nameOf(d.members, x.from) },
        { name: shared.gtin, cell: (x) => x.gtins?.join(', ') },
        { name: shared.at, cell: (x) => when(new Date(x.created)) },
        { name: shared.status, cell: (x) => <StateOf of={x.state} /> },
      ]}
    />
  )
}

interface JudgeGiven {
  session: Session
  dossier: Dossier
  members: Member[]
  again: () => void
}

function Judge({ session, dossier, members: all, again }: JudgeGiven) {
  const text = useAdministrationText()
  const shared = useSharedText()
  const exchanges = useLoad(async () => statements(await get('/v1/cases', { case: dossier.case })), [dossier.case])
  return (
    <>
      <section class="stack panel" aria-labelledby="dossier-title">
        <h2 id="dossier-title">{dossier.product}</h2>
        <Facts
          of={[
            [shared.from, nameOf(all, dossier.from)],
            [shared.at, when(new Date(dossier.created))],
            [shared.gtin, dossier.gtins?.join(', ')],
            [shared.case, dossier.case],
            [shared.status, <StateOf key="state" of={dossier.state} />],
            [text.reasons, dossier.reasons],
          ]}
        />
      </section>
      {may(session, 'dossier-documents') && <Documents bc={dossier.bc} />}
      <Shown of={exchanges}>{(found) => <Materials dossier={dossier} found={found} members={all} />}</Shown>
      <Decide session={session} dossier={dossier} members={all} again={again} />
    </>
  )
}

function Materials({ dossier, found, members: all }: { dossier: Dossier; found: Statement[]; members: Member[] }) {
  const text = useAdministrationText()
  const shared = useSharedText()
  const of = (m: { gtin: string; lot: string }) => found.find((s) => s.gtin === m.gtin && s.lot === m.lot)
  return (
    <Rows
      id="materials"
      title={text.materials}
      rows={dossier.materials ?? []}
      keyOf={(m) => `${m.gtin}/${m.lot}`}
      columns={[
        { name: shared.gtin, cell: (m) => m.gtin },
        { name: shared.lot, cell: (m) => m.lot },
        { name: text.producedBy, cell: (m) => nameOf(all, of(m)?.supplier ?? '') },
        { name: text.produced, cell: (m) => of(m)?.produced },
        { name: text.analysis, cell: (m) => <Short of={of(m)?.analysis ?? ''} /> },
        {
          name: text.statement,
          cell: (m) => (of(m) ? text.supplySeen(String(of(m)?.leaf)) : <strong class="bad">{text.supplyMissing}</strong>),
        },
      ]}
    />
  )
}

type Kind = 'approve' | 'refused' | 'question'

function Decide({ session, dossier, members: all, again }: JudgeGiven) {
  const to = nameOf(all, dossier.from)
  const text = useAdministrationText()
  const shared = useSharedText()
  const [kind, setKind] = useState<Kind>('approve')
  const [sent, setSent] = useState<Message>()
  const kinds = (
    [
      ['approve', text.approve],
      ['refused', text.refuse],
      ['question', text.ask],
    ] as [Kind, string][]
  ).filter(([k]) => may(session, k === 'approve' ? 'approve' : 'answer'))
  if (kinds.length === 0) return <p>{shared.notPermitted}</p>
  // What was just signed stays on the screen when the list says so too.
  if (dossier.state !== 'undecided' && !sent) return null
  return (
    <Once result={sent} show={(m) => <Sent message={m} then={again} />} another={shared.another} onAnother={() => setSent(undefined)}>
      <fieldset class="row plain">
        <legend class="hidden">{text.decide}</legend>
        {kinds.map(([k, name]) => (
          <Button key={k} look={k === kind ? 'main' : 'plain'} aria-pressed={k === kind} data-decide={k} onClick={() => setKind(k)}>
            {name}
          </Button>
        ))}
      </fieldset>
      {kind === 'approve' ? (
        <Approve session={session} dossier={dossier} to={to} members={all} onSent={setSent} />
      ) : (
        <Answer key={kind} session={session} dossier={dossier} to={to} decision={kind} onSent={setSent} />
      )}
    </Once>
  )
}
