// The two trees of the ledger (docs/formats.md, "Trees").

import { type Bytes, compare, concat, same } from './bytes'
import { sha256 } from './sha256'

export const leafHash = (b: Uint8Array): Bytes => sha256(Uint8Array.of(0), b)
const nodeHash = (left: Uint8Array, right: Uint8Array): Bytes => sha256(Uint8Array.of(1), left, right)

/** root returns the root over leaf hashes (RFC 9162 section 2.1.1). */
export function root(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256()
  let level = leaves
  // A node without a sibling goes up as it is: that is the split at the largest power of two.
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as Uint8Array, level[i + 1]]
      above.push(right ? nodeHash(left, right) : left)
    }
    level = above
  }
  return level[0] as Uint8Array
}

/** included reports whether path shows the leaf at index (RFC 9162 section 2.1.3.2). */
export function included(leaf: Uint8Array, index: bigint, size: bigint, path: Uint8Array[], want: Uint8Array): boolean {
  if (index >= size) return false
  let [fn, sn] = [index, size - 1n]
  let h = leaf
  for (const p of path) {
    if (sn === 0n) return false
    if ((fn & 1n) === 1n || fn === sn) {
      h = nodeHash(p, h)
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n
        sn >>= 1n
      }
    } else {
      h = nodeHash(h, p)
    }
    fn >>= 1n
    sn >>= 1n
  }
  return sn === 0n && same(h, want)
}

export interface Leaf {
  index: bigint
  hash: Uint8Array
}

function split(n: bigint): bigint {
  let k = 1n
  while (k << 1n < n) k <<= 1n
  return k
}

/** includedAll reports whether proof shows all leaves, which stand by rising index. */
export function includedAll(leaves: Leaf[], size: bigint, proof: Uint8Array[], want: Uint8Array): boolean {
  const last = leaves.at(-1)
  if (!last || last.index >= size || leaves.some((l, i) => i > 0 && (leaves[i - 1] as Leaf).index >= l.index)) return false
  let [shown, used] = [0, 0]
  const walk = (lo: bigint, hi: bigint): Uint8Array | undefined => {
    const next = leaves[shown]
    if (!next || next.index >= hi) return proof[used++]
    if (hi - lo === 1n) {
      shown++
      return next.hash
    }
    const mid = lo + split(hi - lo)
    const left = walk(lo, mid)
    const right = left && walk(mid, hi)
    return right && nodeHash(left, right)
  }
  const got = walk(0n, size)
  return got !== undefined && used === proof.length && same(got, want)
}

/** A StateProof shows what the state tree holds at the place of a key. */
export interface StateProof {
  bucket: Uint8Array[] // path and value hash of each entry
  siblings: Uint8Array[]
}

/** holds reports whether the tree with this root has the value at the key; without a value, that it has none. */
export function holds(p: StateProof, want: Uint8Array, key: Uint8Array, value?: Uint8Array): boolean {
  const depth = p.siblings.length / 4
  if (p.bucket.length % 2 !== 0 || p.siblings.length % 4 !== 0 || depth > 64 || p.bucket.length > 32) return false
  const path = sha256(Uint8Array.of(2), key)
  let found: Uint8Array | undefined
  for (let i = 0; i < p.bucket.length; i += 2) {
    const at = p.bucket[i] as Uint8Array
    if (i > 0 && compare(p.bucket[i - 2] as Uint8Array, at) >= 0) return false
    if (same(at, path)) found = p.bucket[i + 1]
  }
  let h = p.bucket.length === 0 ? new Uint8Array(32) : sha256(concat(Uint8Array.of(0), ...p.bucket))
  p.siblings.forEach((s, i) => {
    const d = depth - 1 - (i >> 2)
    const nibble = ((path[d >> 1] as number) >> (d % 2 ? 0 : 4)) & 15
    h = (nibble >> (i % 4)) & 1 ? nodeHash(s, h) : nodeHash(h, s)
  })
  if (!same(h, want)) return false
  return value === undefined ? found === undefined : found !== undefined && same(found, sha256(Uint8Array.of(3), value))
}
