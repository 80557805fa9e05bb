import type { Bar } from '../../ui/Chart'
import type { Block } from '../lists'

/** Returns blocks by rising height: servers give the newest first. */
const rising = (blocks: Block[]): Block[] => [...blocks].sort((a, b) => a.height - b.height)

/** Returns how many transactions each block had. */
export const transactions = (blocks: Block[]): Bar[] => rising(blocks).map((b) => ({ label: String(b.height), value: b.transactions }))

/** Returns how many seconds passed before each block but the first. */
export function intervals(blocks: Block[]): Bar[] {
  const r = rising(blocks)
  return r.slice(1).map((b, i) => ({ label: String(b.height), value: Math.max(0, b.time - (r[i]?.time ?? b.time)) / 1000 }))
}
