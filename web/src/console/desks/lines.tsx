// The maker's desk of paper 001: product lines with their devices, and what became
// of the things that were registered, also by others on the way.
import { get } from '../../api/api'
import type { components } from '../../api/schema'
import { count, when } from '../../text/text'
import { Short } from '../../ui/Copy'
import { Facts } from '../../ui/Facts'
import { useLoad } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import type { Session } from '../screen'
import { members } from './archive'
import { nameOf } from './parts'
import { knownHere, label, measured, type Names } from './registered'
import { Registered } from './registration'
import { registrations } from './registrations'
import { Rows } from './rows'
import type { ProductLine, Registration } from './shapes'
import { useLinesText } from './text.lines'
import { useMeasureText } from './text.measure'
import { useSharedText } from './text.shared'

export interface LinesDesk extends Names {
  lines: ProductLine[]
  registrations: Registration[]
}

async function desk(session: Session): Promise<LinesDesk> {
  const [m, lines, all, known] = await Promise.all([
    members(),
    get<components['schemas']['Lines']>('/v1/lines'),
    registrations('line'),
    knownHere(session),
  ])
  return { members: m, lines: lines.items ?? [], registrations: all, known }
}

/** Lines shows product lines; rest is one of them, or a registration. */
export function Lines({ session, rest }: { session: Session; rest: string }) {
  const found = useLoad(() => desk(session), [])
  const text = useLinesText()
  const shared = useSharedText()
  return (
    <Shown of={found}>
      {(d) => {
        if (!rest) return <Overview session={session} desk={d} />
        const line = d.lines.find((l) => l.id === rest)
        const one = d.registrations.find((r) => r.id === rest)
        return (
          <>
            <p>
              <a href={href('lines', one && d.lines.some((l) => l.id === one.terms.line) ? one.terms.line : '')}>{shared.back}</a>
            </p>
            {line && <Line session={session} desk={d} line={line} />}
            {one && <Registered key={one.id} session={session} desk={d} one={one} />}
            {!line && !one && <p>{text.unknown}</p>}
          </>
        )
      }}
    </Shown>
  )
}

function Overview({ session, desk: d }: { session: Session; desk: LinesDesk }) {
  const text = useLinesText()
  const shared = useSharedText()
  return (
    <>
      <p>{text.says}</p>
      <Rows
        id="lines"
        title={text.lines}
        rows={d.lines}
        keyOf={(l) => l.id}
        empty={text.noLines}
        columns={[
          { name: shared.gtin, cell: (l) => <a href={href('lines', l.id)}>{l.gtin}</a> },
          { name: text.epoch, cell: (l) => count(l.epoch) },
          { name: text.devices, cell: (l) => count(l.devices?.length ?? 0) },
          { name: text.operator, cell: (l) => [...new Set((l.devices ?? []).map((x) => nameOf(d.members, x.operator)))].join(', ') },
          { name: text.since, cell: (l) => when(new Date(l.at)) },
        ]}
      />
      <WentOut session={session} desk={d} rows={d.registrations} />
    </>
  )
}

function Line({ session, desk: d, line }: { session: Session; desk: LinesDesk; line: ProductLine }) {
  const text = useLinesText()
  const shared = useSharedText()
  return (
    <>
      <section class="panel" aria-label={text.title}>
        <Facts
          of={[
            [shared.gtin, line.gtin],
            [text.epoch, `${count(line.epoch)} (${text.epochHint})`],
            [text.criteria, <code class="long">{line.criteria}</code>],
            [text.since, when(new Date(line.at))],
          ]}
        />
      </section>
      <Rows
        id="line-devices"
        title={text.devices}
        rows={line.devices ?? []}
        keyOf={(x) => x.point}
        empty={text.noDevices}
        columns={[
          { name: text.device, cell: (x) => <Short of={x.id ?? x.point} /> },
          { name: text.operator, cell: (x) => nameOf(d.members, x.operator) },
        ]}
      />
      <WentOut session={session} desk={d} rows={d.registrations.filter((r) => r.terms.line === line.id)} />
    </>
  )
}

function WentOut({ session, desk: d, rows }: { session: Session; desk: LinesDesk; rows: Registration[] }) {
  const text = useLinesText()
  const measure = useMeasureText()
  const shared = useSharedText()
  const own = session.organisation.gln
  return (
    <Rows
      id="went-out"
      title={text.registrations}
      rows={rows}
      keyOf={(r) => r.id}
      empty={text.noRegistrations}
      columns={[
        { name: measure.what, cell: (r) => <a href={href('lines', r.id)}>{label(r, d, measure)}</a> },
        { name: shared.from, cell: (r) => (r.from === own ? text.first : `${nameOf(d.members, r.from)} (${text.hop})`) },
        { name: shared.to, cell: (r) => nameOf(d.members, r.terms.to) },
        { name: measure.counter, cell: (r) => count(r.terms.counter) },
        { name: measure.measured, cell: (r) => measured(r, measure) },
        { name: shared.at, cell: (r) => when(new Date(r.at)) },
      ]}
    />
  )
}
