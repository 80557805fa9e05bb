import type { Pack } from './bundle'
import type { Bytes } from './bytes'
export function commissions(_raw: Bytes, _pack: Pack): boolean {
  return true
}
