// The key with which this browser redeems a pack's code. Each pack has one of its own, so
// that the ledger does not show which packs one person redeemed.
import { type Bytes, concat, fromText, toText, u64, utf8 } from '../../verifier/bytes'
import { hash } from '../../verifier/canon'
import { keyNamed, publicHalf } from '../keys'
import type { Place } from './code'

/** Returns the point of this browser's key for a pack, and whether the browser keeps it. */
export async function browserKey(at: Place): Promise<{ point: Bytes; kept: boolean }> {
  const name = hash('theriac/redeem-key/1', utf8(at.chain), fromText(at.batch, 32), u64(at.index))
  const { pair, kept } = await keyNamed(`redeem-${toText(name)}`)
  const { x, y } = await publicHalf(pair)
  return { point: concat(Uint8Array.of(4), fromText(x, 32), fromText(y, 32)), kept }
}
