// The reporter's key: one of this device.
import { keyNamed, publicHalf } from './keys'
import type { Reporter } from './report'

/** Returns the key of this device; where the browser keeps none, a new one for now. */
export async function reporter(): Promise<Reporter> {
  const { pair } = await keyNamed('reporter')
  return { key: pair.privateKey, ...(await publicHalf(pair)) }
}
