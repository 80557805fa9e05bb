import { useState } from 'preact/hooks'
import { get } from '../../api/api'
import { count, when } from '../../text/text'
import { Button } from '../../ui/Button'
import { Short } from '../../ui/Copy'
import { Facts } from '../../ui/Facts'
import { type Page, useLoad, usePages } from '../../ui/load'
import { List, Shown } from '../../ui/Shown'
import { useHome } from '../home/text'
import type { Alert } from '../lists'
import { href } from '../route'
import type { Session } from '../screen'
import { every } from './archive'
import type { LinesDesk } from './lines'
import { may, nameOf } from './parts'
import { label, measured } from './registered'
import { hops, placeOfMark } from './registrations'
import { Rows } from './rows'
import type { Mark, Registration } from './shapes'
import { useLinesText } from './text.lines'
import { useMeasureText } from './text.measure'
import { useSharedText } from './text.shared'

/** Registered is one registration, its hops, and which of its things were measured. */
export function Registered({ session, desk: d, one }: { session: Session; desk: LinesDesk; one: Registration }) {
  const text = useLinesText()
  const measure = useMeasureText()
  const shared = useSharedText()
  const [shown, setShown] = useState(false)
  return (
    <>
      <section class="panel" aria-label={text.registration}>
        <Facts
          of={[
            [measure.what, label(one, d, measure)],
            [shared.from, nameOf(d.members, one.from)],
            [shared.to, nameOf(d.members, one.terms.to)],
            [text.place, one.terms.place],
            [measure.measured, measured(one, measure)],
            [shared.at, when(new Date(one.at))],
            [text.epoch, count(one.terms.epoch)],
            [text.registration, <code class="long">{one.id}</code>],
          ]}
        />
      </section>
      <Rows
        id="hops"
        title={text.way}
        rows={hops(d.registrations, one)}
        keyOf={(r) => r.id}
        columns={[
          { name: measure.counter, cell: (r) => count(r.terms.counter) },
          { name: shared.from, cell: (r) => nameOf(d.members, r.from) },
          { name: shared.to, cell: (r) => nameOf(d.members, r.terms.to) },
          { name: measure.measured, cell: (r) => measured(r, measure) },
          {
            name: text.registration,
            cell: (r) => (r.id === one.id ? <strong>{text.thisOne}</strong> : <a href={href('lines', r.id)}>{when(new Date(r.at))}</a>),
          },
        ]}
      />
      {may(session, 'alert-list') && <Alerts desk={d} one={one} />}
      {shown ? (
        <Marks desk={d} one={one} />
      ) : (
        <section class="stack" aria-labelledby="marks-offer">
          <h2 id="marks-offer">{text.marks}</h2>
          <div class="row">
            <Button id="show-marks" onClick={() => setShown(true)}>
              {text.show}
            </Button>
          </div>
        </section>
      )}
    </>
  )
}

/** What the ledger met of these things that should not have been; nothing where there was none. */
function Alerts({ desk: d, one }: { desk: LinesDesk; one: Registration }) {
  const text = useLinesText()
  const home = useHome()
  const shared = useSharedText()
  const found = useLoad(async () => (await every<Alert>('/v1/alerts')).filter((a) => a.registration === one.id), [])
  if (found.data?.length === 0) return null
  return (
    <Shown of={found}>
      {(alerts) => (
        <Rows
          id="registration-alerts"
          title={text.alerts}
          rows={alerts}
          keyOf={(a) => a.id}
          columns={[
            { name: shared.reason, cell: (a) => <span class="tag bad">{home.alert(a.code)}</span> },
            { name: shared.from, cell: (a) => nameOf(d.members, a.by) },
            { name: shared.at, cell: (a) => when(new Date(a.time)) },
            { name: text.alert, cell: (a) => <Short of={a.id} /> },
          ]}
        />
      )}
    </Shown>
  )
}

const pageOf = 20

interface Row {
  index: number
  /** None where who registered it does not answer: then it is not known. */
  mark?: Mark
}

/** Asks for the marks of a page one by one, as they are proven one by one. */
async function page(one: Registration, from: number): Promise<Page<Row>> {
  const to = Math.min(one.size, from + pageOf)
  const asked = Array.from({ length: to - from }, async (_, i): Promise<Row> => {
    const index = from + i
    const mark = await get<Mark>(`/v1/registrations/${one.id}/marks/${index}`).catch(() => undefined)
    return mark ? { index, mark } : { index }
  })
  return { items: await Promise.all(asked), ...(to < one.size ? { next: String(to) } : {}) }
}

function Marks({ desk: d, one }: { desk: LinesDesk; one: Registration }) {
  const text = useLinesText()
  const found = usePages((cursor) => page(one, Number(cursor ?? 0)), [])
  const devices = d.lines.find((l) => l.id === one.terms.line)?.devices ?? []
  const place = (index: number) => {
    const at = placeOfMark(one, index)
    return at === undefined ? text.whole : count(at + 1)
  }
  const by = (m: Mark) => devices.find((x) => x.id === m.device)?.operator
  return (
    <List of={found}>
      {(rows) => (
        <Rows
          id="marks"
          title={text.marks}
          rows={rows}
          keyOf={(r) => String(r.index)}
          columns={[
            { name: text.number, cell: (r) => place(r.index) },
            {
              name: text.measuredAt,
              cell: (r) => {
                if (!r.mark) return <span class="quiet">{text.unanswered}</span>
                return r.mark.verified ? when(new Date(r.mark.verified)) : text.notYet
              },
            },
            {
              name: text.device,
              cell: (r) => {
                if (!r.mark?.device) return null
                const operator = by(r.mark)
                return operator ? nameOf(d.members, operator) : <Short of={r.mark.device} />
              },
            },
          ]}
        />
      )}
    </List>
  )
}
