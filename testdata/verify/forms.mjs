// Canonical forms, hashes and trees (docs/formats.md, "Forms" and "Trees").
import crypto from 'node:crypto'

export class Refusal extends Error {
  constructor(outcome, text) { super(text); this.outcome = outcome }
}
export const refuse = (text, outcome = 'refused') => { throw new Refusal(outcome, text) }
export const must = (ok, text, outcome) => { if (!ok) refuse(text, outcome) }

export const utf8 = (s) => Buffer.from(s, 'utf8')
export const same = (a, b) => a.length === b.length && Buffer.compare(a, b) === 0
export const zero = (b) => b.every((x) => x === 0)
export const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest()
export const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b }
export const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b }

// Encode(tag, fields…): each preceded by its length in four bytes.
export const encode = (tag, ...fields) => Buffer.concat([utf8(tag), ...fields].flatMap((f) => [u32(f.length), f]))
export const hash = (tag, ...fields) => sha256(encode(tag, ...fields))

// b64 reads unpadded base64url in its one spelling.
export function b64(text, size) {
  must(typeof text === 'string', 'not a text', 'unreadable')
  const b = Buffer.from(text, 'base64url')
  must(b.toString('base64url') === text && (size === undefined || b.length === size), 'not canonical base64url', 'unreadable')
  return b
}
export const digest = (text) => b64(text, 32)
export const hashes = (text) => {
  const b = b64(text)
  must(b.length % 32 === 0, 'hashes of another size', 'unreadable')
  return Array.from({ length: b.length / 32 }, (_, i) => b.subarray(32 * i, 32 * i + 32))
}

// jcs writes RFC 8785 JSON.
export function jcs(v) {
  if (Array.isArray(v)) return '[' + v.map(jcs).join(',') + ']'
  if (v === null || typeof v !== 'object') return JSON.stringify(v)
  return '{' + Object.keys(v).sort().map((k) => JSON.stringify(k) + ':' + jcs(v[k])).join(',') + '}'
}
export function parseJSON(raw, what) {
  let v
  try { v = JSON.parse(raw.toString('utf8')) } catch { refuse(`${what}: not JSON`, 'unreadable') }
  must(same(utf8(jcs(v)), raw), `${what}: not canonical`, 'unreadable')
  return v
}

// shape holds an object against the members that it must and may have.
export function shape(v, names, optional = '') {
  must(v && typeof v === 'object' && !Array.isArray(v), 'not an object', 'unreadable')
  const all = names.split(' ').filter(Boolean)
  const may = [...all, ...optional.split(' ')]
  must(all.every((n) => n in v) && Object.keys(v).every((n) => may.includes(n)), `members ${Object.keys(v)}`, 'unreadable')
  return v
}

// cbor writes core deterministic CBOR of integers, byte strings, texts, lists, maps
// with rising integer labels, and true.
export function cbor(v) {
  const head = (major, n) => {
    n = BigInt(n)
    if (n < 24n) return Buffer.from([major << 5 | Number(n)])
    const size = n < 1n << 8n ? 1 : n < 1n << 16n ? 2 : n < 1n << 32n ? 4 : 8
    return Buffer.concat([Buffer.from([major << 5 | 24 + Math.log2(size)]), u64(n).subarray(8 - size)])
  }
  if (v === true) return Buffer.from([0xf5])
  if (typeof v === 'number' || typeof v === 'bigint') return v < 0 ? head(1, -1n - BigInt(v)) : head(0, v)
  if (Buffer.isBuffer(v)) return Buffer.concat([head(2, v.length), v])
  if (typeof v === 'string') return Buffer.concat([head(3, utf8(v).length), utf8(v)])
  if (Array.isArray(v)) return Buffer.concat([head(4, v.length), ...v.map(cbor)])
  return Buffer.concat([head(5, v.size), ...[...v].flatMap(([k, x]) => [cbor(k), cbor(x)])])
}

// decode reads what cbor writes; a map comes with its labels as keys.
export function decode(raw) {
  let at = 0
  const item = () => {
    const major = raw[at] >> 5
    const info = raw[at++] & 31
    let n = BigInt(info)
    if (info >= 24) {
      const size = 1 << (info - 24)
      must(info < 28 && at + size <= raw.length, 'CBOR')
      n = raw.subarray(at, at + size).reduce((sum, b) => sum << 8n | BigInt(b), 0n)
      at += size
    }
    const count = Number(n)
    if (major === 7 && info === 21) return true
    if (major === 0) return n <= Number.MAX_SAFE_INTEGER ? count : n
    if (major === 1) return -1 - count
    if (major === 2 || major === 3) {
      const b = raw.subarray(at, at += count)
      return major === 2 ? b : b.toString('utf8')
    }
    must((major === 4 || major === 5) && count <= raw.length, 'CBOR')
    if (major === 4) return Array.from({ length: count }, item)
    return new Map(Array.from({ length: count }, () => [item(), item()]))
  }
  const v = item()
  must(at === raw.length && same(cbor(v), raw), 'CBOR is not canonical')
  return v
}

// --- trees

export const leafHash = (b) => sha256(Buffer.from([0]), b)
export const nodeHash = (l, r) => sha256(Buffer.from([1]), l, r)
const split = (n) => { let k = 1; while (2 * k < n) k *= 2; return k }

export function root(leaves) {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return leaves[0]
  const k = split(leaves.length)
  return nodeHash(root(leaves.slice(0, k)), root(leaves.slice(k)))
}

// multi is the root that leaves [index, hash] by rising index and the hashes of
// the largest subtrees without them lead to. An inclusion proof is turned into one.
export function multi(leaves, size, proof) {
  must(leaves.every(([i], n) => i < size && (n === 0 || leaves[n - 1][0] < i)), 'leaves do not rise')
  const next = () => { must(proof.length > 0, 'proof is too short'); return proof.shift() }
  const walk = (lo, hi) => {
    if (leaves.length === 0 || leaves[0][0] >= hi) return next()
    if (hi - lo === 1) return leaves.shift()[1]
    const mid = lo + split(hi - lo)
    const left = walk(lo, mid)
    return nodeHash(left, walk(mid, hi))
  }
  leaves = [...leaves]
  proof = [...proof]
  const got = walk(0, size)
  must(proof.length === 0, 'proof is too long')
  return got
}

export function included(leaf, index, size, path) {
  must(index < size, 'no such leaf')
  const up = [] // is the sibling on the left? from the root down
  for (let lo = 0, hi = size; hi - lo > 1;) {
    const mid = lo + split(hi - lo)
    up.unshift(index >= mid)
    if (index < mid) hi = mid
    else lo = mid
  }
  must(up.length === path.length, 'path of another length')
  return path.reduce((h, p, i) => up[i] ? nodeHash(p, h) : nodeHash(h, p), leaf)
}

// proven holds a record against the state root; without a value it is absent.
export function proven(r, stateRoot) {
  const [key, bucket, siblings] = [b64(r.key), hashes(r.bucket), hashes(r.siblings)]
  const spot = sha256(Buffer.from([2]), key)
  must(bucket.length % 2 === 0 && bucket.length <= 32 && siblings.length % 4 === 0 && siblings.length <= 256, 'state proof')
  const paths = bucket.filter((_, i) => i % 2 === 0)
  must(paths.every((p, i) => i === 0 || Buffer.compare(paths[i - 1], p) < 0), 'bucket out of order')
  let h = bucket.length ? sha256(Buffer.from([0]), ...bucket) : Buffer.alloc(32)
  const depth = siblings.length / 4
  siblings.forEach((s, i) => {
    const d = depth - 1 - (i >> 2)
    const nibble = spot[d >> 1] >> (d % 2 ? 0 : 4) & 15
    h = nibble >> (i % 4) & 1 ? nodeHash(s, h) : nodeHash(h, s)
  })
  must(same(h, stateRoot), 'state proof leads to another root')
  const at = paths.findIndex((p) => same(p, spot))
  if (r.value === undefined) return must(at < 0, 'record is there')
  must(at >= 0 && same(bucket[2 * at + 1], sha256(Buffer.from([3]), b64(r.value))), 'record is not there')
}
