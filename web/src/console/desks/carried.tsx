import { useState } from 'preact/hooks'
import { count } from '../../text/text'
import type { Session } from '../screen'
import { may } from './parts'
import { label } from './registered'
import { fits, type Known, maxCarried, preferred, registrations, unsent } from './registrations'
import type { Dispatch, Distribution, LGTIN, MaterialSupply, Message, Registration } from './shapes'
import type { Picked, Prefer } from './stock'
import { useMeasureText } from './text.measure'

/** Returns the registrations made here that no shipment has taken along; none where the person may not see them. */
export async function open(session: Session, sent: Promise<Message<Distribution | Dispatch | MaterialSupply>[]>): Promise<Registration[]> {
  if (!may(session, 'registration-list')) return []
  const [out, gone] = await Promise.all([registrations('out'), sent])
  return unsent(out, gone)
}

export interface Carrying {
  prefer: Prefer
  /** Those that the ledger takes along with what is filled in. */
  fitting: (parcels: Picked[], lots?: LGTIN[]) => Registration[]
  /** What stands in the message: nothing where nothing goes along. */
  content: (parcels: Picked[], lots?: LGTIN[]) => { registrations?: string[] }
  left: string[]
  toggle: (id: string) => void
}

/** Offers the registrations that go with a shipment to somebody: all that fit, unless somebody leaves one out. */
export function useCarrying(all: Registration[], to: string): Carrying {
  const [left, setLeft] = useState<string[]>([])
  const fitting = (parcels: Picked[], lots?: LGTIN[]) => all.filter((r) => fits(r, to, parcels, lots)).slice(0, maxCarried)
  return {
    prefer: (batch, there, n) => preferred(all, to, batch, there, n),
    fitting,
    content: (parcels, lots) => {
      const ids = fitting(parcels, lots)
        .map((r) => r.id)
        .filter((id) => !left.includes(id))
      return ids.length > 0 ? { registrations: ids } : {}
    },
    left,
    toggle: (id) => setLeft(left.includes(id) ? left.filter((l) => l !== id) : [...left, id]),
  }
}

interface Given {
  id: string
  all: Registration[]
  to: string
  carrying: Carrying
  parcels: Picked[]
  lots?: LGTIN[]
  known: Map<string, Known>
}

/** Carried shows the registrations that go along, and those of the same packs that cannot. */
export function Carried({ id, all, to, carrying, parcels, lots, known }: Given) {
  const text = useMeasureText()
  const fitting = carrying.fitting(parcels, lots)
  const torn = all.filter((r) => r.terms.to === to && !fitting.includes(r) && parcels.some((p) => p.batch === r.terms.batch))
  if (fitting.length === 0 && torn.length === 0) return null
  const name = (r: Registration) => `${label(r, { known }, text)} (${count(r.size)})`
  return (
    <fieldset class="checks" id={id}>
      <legend>{text.carried}</legend>
      <p class="quiet">{text.carriedSays}</p>
      {fitting.map((r) => (
        <label key={r.id}>
          <input type="checkbox" checked={!carrying.left.includes(r.id)} onChange={() => carrying.toggle(r.id)} />
          {name(r)}
        </label>
      ))}
      {torn.map((r) => (
        <p key={r.id} class="quiet">
          {text.torn(name(r))}
        </p>
      ))}
    </fieldset>
  )
}
