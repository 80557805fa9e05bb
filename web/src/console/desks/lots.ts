import { anchor } from './archive'
import type { LGTIN, MaterialSupply, Message } from './shapes'

/** A Supplied is a lot of material with the supply that brought it. */
export interface Supplied extends LGTIN {
  id: string
  label: string
  /** Anchor of the supply. */
  supply: string
}

/** Returns the lots that supplies brought, each once: the same lot may come again. */
export function lotsOf(supplies: Message<MaterialSupply>[]): Supplied[] {
  const found = new Map<string, Supplied>()
  for (const m of supplies) {
    for (const l of m.content.lots ?? []) {
      const id = `${l.gtin}/${l.lot}`
      if (!found.has(id))
        found.set(id, { id, gtin: l.gtin, lot: l.lot, supply: anchor(m), label: `${m.content.material ?? ''} · ${l.lot} (${l.gtin})` })
    }
  }
  return [...found.values()]
}
