// What the ledger shows of the supplies behind a dossier. They went to the
// manufacturer; the administration reads their disclosed fields off the ledger.
import type { components } from '../../api/schema'
import type { SuppliedLot } from './shapes'

type Exchange = components['schemas']['Exchange']

/** A Statement is what a supplier signed of a lot. */
export interface Statement extends SuppliedLot {
  supplier: string
  leaf: number
  /** Anchor of the supply. */
  bc: string
}

/** Reads the claims of a compact JWS. The server verified it when it was anchored; a dossier's judge may verify the pack's whole history later. */
function claims(jws: string): { iss?: unknown } {
  const part = jws.split('.')[1] ?? ''
  const text = atob(part.replaceAll('-', '+').replaceAll('_', '/'))
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0)))) as { iss?: unknown }
}

/** Returns what suppliers said of lots in the exchanges of a case. */
export function statements(exchanges: Exchange[]): Statement[] {
  return exchanges
    .filter((x) => x.type === 'msdm/1')
    .flatMap((x) => {
      const lots = x.body?.find((f) => 'name' in f && f.name === 'lots') as { value?: SuppliedLot[] } | undefined
      const supplier = String(claims(x.envelope).iss ?? '')
      return (lots?.value ?? []).map((l) => ({ ...l, supplier, leaf: x.leaf.index, bc: x.anchor.id }))
    })
}
