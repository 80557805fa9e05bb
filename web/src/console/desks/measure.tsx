// The consignee's desk of paper 001: what was registered for this organisation, and
// the walk that measures it.
import { get } from '../../api/api'
import type { components } from '../../api/schema'
import { useLoad } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import type { Session } from '../screen'
import { members } from './archive'
import { may } from './parts'
import { knownHere, List, label, type Names } from './registered'
import { complete, registrations } from './registrations'
import type { Registration } from './shapes'
import { useMeasureText } from './text.measure'
import { useSharedText } from './text.shared'
import { Walkthrough } from './walk'

export interface MeasureDesk extends Names {
  incoming: Registration[]
  outgoing: Registration[]
  devices: string[]
}

async function desk(session: Session): Promise<MeasureDesk> {
  const [m, incoming, outgoing, known, devices] = await Promise.all([
    members(),
    registrations('in'),
    registrations('out'),
    knownHere(session),
    get<components['schemas']['MeasuringDevices']>('/v1/devices'),
  ])
  return { members: m, incoming, outgoing, known, devices: (devices.items ?? []).map((d) => d.address) }
}

/** What follows the path where no registration was chosen: a pack or lot says itself which one it has. */
export const any = 'any'

/** Measure shows what was registered for this organisation; rest is the registration that is measured. */
export function Measure({ session, rest }: { session: Session; rest: string }) {
  const found = useLoad(() => desk(session), [])
  const text = useMeasureText()
  const shared = useSharedText()
  return (
    <Shown of={found}>
      {(d) => {
        if (!rest) return <Overview session={session} desk={d} />
        const registration = d.incoming.find((r) => r.id === rest)
        return (
          <>
            <p>
              <a href={href('measure')}>{shared.back}</a>
            </p>
            {!registration && rest !== any && <p>{text.unknown}</p>}
            {(registration || rest === any) && !may(session, 'measure') && <p>{text.mayNot}</p>}
            {(registration || rest === any) && may(session, 'measure') && (
              <Walkthrough key={rest} session={session} desk={d} registration={registration} again={found.again} />
            )}
          </>
        )
      }}
    </Shown>
  )
}

function Overview({ session, desk: d }: { session: Session; desk: MeasureDesk }) {
  const text = useMeasureText()
  const permitted = may(session, 'measure')
  const replaced = new Set(d.incoming.concat(d.outgoing).flatMap((r) => r.before ?? []))
  return (
    <>
      <p>{text.says}</p>
      {!permitted && <p>{text.mayNot}</p>}
      {permitted && d.devices.length === 0 && (
        <Notice look="warn">
          <p>{text.noDevices}</p>
        </Notice>
      )}
      {permitted && d.devices.length > 0 && (
        <p>
          <a class="button main" href={href('measure', any)}>
            {text.any}
          </a>
        </p>
      )}
      <List
        id="incoming"
        title={text.incoming}
        empty={text.noIncoming}
        rows={openFirst(d.incoming)}
        desk={d}
        own={session.organisation.gln}
      >
        {(r) => {
          if (complete(r)) return text.all
          if (!r.message) return <span class="quiet">{text.notCome}</span>
          if (!permitted || d.devices.length === 0) return replaced.has(r.id) ? text.replaced : null
          return (
            <>
              {replaced.has(r.id) && <span class="quiet">{text.replaced} </span>}
              <a class="button" href={href('measure', r.id)} aria-label={`${text.begin}: ${label(r, d, text)}`}>
                {text.begin}
              </a>
            </>
          )
        }}
      </List>
      {d.outgoing.length > 0 && (
        <List id="outgoing" title={text.outgoing} empty={text.noOutgoing} rows={d.outgoing} desk={d} own={session.organisation.gln} sent />
      )}
    </>
  )
}

const openFirst = (rows: Registration[]): Registration[] => [...rows.filter((r) => !complete(r)), ...rows.filter(complete)]
