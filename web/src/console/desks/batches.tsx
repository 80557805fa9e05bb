// The manufacturer's desk for batches: released with progress, printed, watched.
import { useState } from 'preact/hooks'
import { count, when } from '../../text/text'
import { useLoad } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import type { Session } from '../screen'
import { every, messages } from './archive'
import { Working } from './job'
import { Packs } from './packs'
import { may, Once } from './parts'
import { Release } from './release'
import { Rows } from './rows'
import { type Batch, type Certificate, type Job, type MaterialSupply, type Message, types } from './shapes'
import { useManufacturerText } from './text.manufacturer'
import { statusName, useSharedText } from './text.shared'

interface Desk {
  batches: Batch[]
  certificates: Certificate[]
  supplies: Message<MaterialSupply>[]
}

async function desk(): Promise<Desk> {
  const [batches, certificates, supplies] = await Promise.all([
    every<Batch>('/v1/batches'),
    every<Certificate>('/v1/certificates'),
    messages<MaterialSupply>(types.supply, { status: 'received' }),
  ])
  return { batches, certificates, supplies }
}

/** Returns the certificates under which a holder may act now. */
export const usable = (all: Certificate[], holder: string, now: Date): Certificate[] =>
  all.filter((c) => c.holder === holder && c.status === 'valid' && c.valid_from <= now.getTime() && now.getTime() < c.valid_until)

/** Batches shows what was released, with the form that releases; rest is the batch whose packs are shown. */
export function Batches({ session, rest }: { session: Session; rest: string }) {
  const found = useLoad(desk, [])
  return (
    <Shown of={found}>
      {(d) =>
        rest ? (
          <Packs session={session} batch={d.batches.find((b) => b.id === rest)} />
        ) : (
          <List session={session} desk={d} again={found.again} />
        )
      }
    </Shown>
  )
}

function List({ session, desk: d, again }: { session: Session; desk: Desk; again: () => void }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  const [started, setStarted] = useState<{ job: Job; lot: string }>()
  const own = usable(d.certificates, session.organisation.gln, new Date())
  return (
    <>
      {may(session, 'release') && own.length === 0 && <p class="quiet">{text.noCertificate}</p>}
      {may(session, 'release') && own.length > 0 && (
        <Once
          result={started}
          show={(s) => <Started job={s.job} lot={s.lot} again={again} />}
          another={shared.another}
          onAnother={() => setStarted(undefined)}
        >
          <Release session={session} certificates={own} supplies={d.supplies} onStarted={(job, lot) => setStarted({ job, lot })} />
        </Once>
      )}
      <Rows
        id="batches"
        title={text.released}
        rows={d.batches}
        keyOf={(b) => b.id}
        columns={[
          { name: shared.batch, cell: (b) => (b.status === 'releasing' ? b.lot : <a href={href('batches', b.id)}>{b.lot}</a>) },
          { name: shared.gtin, cell: (b) => b.gtin },
          { name: shared.expiry, cell: (b) => b.expiry },
          { name: shared.count, cell: (b) => count(b.size) },
          { name: shared.at, cell: (b) => (b.released ? when(new Date(b.released)) : '') },
          {
            name: shared.status,
            cell: (b) =>
              b.status === 'releasing' && b.job && b.job.id !== started?.job.id ? (
                <Working job={b.job} label={text.making(b.lot)} failed={text.releaseFailed} onDone={again} />
              ) : (
                statusName(shared, 'k', b.status)
              ),
          },
        ]}
      />
    </>
  )
}

function Started({ job, lot, again }: { job: Job; lot: string; again: () => void }) {
  const text = useManufacturerText()
  const [batch, setBatch] = useState('')
  const done = (j: Job) => {
    setBatch(j.result ?? '')
    again()
  }
  return (
    <section class="stack panel" aria-label={text.making(lot)}>
      <Working job={job} label={text.making(lot)} failed={text.releaseFailed} onDone={done} />
      <div role="status">
        {batch && (
          <Notice look="good" title={text.releasedNow(lot)}>
            <a href={href('batches', batch)}>{text.toBatch}</a>
          </Notice>
        )}
      </div>
    </section>
  )
}
