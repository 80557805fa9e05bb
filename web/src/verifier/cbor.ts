// Core deterministic CBOR (RFC 8949 section 4.2.1), written, and read by its schema.

import { type Bytes, concat, type Digest, fromUTF8, must, toText, utf8, zeroDigest } from './bytes'

function head(major: number, n: bigint): Bytes {
  if (n < 24n) return Uint8Array.of((major << 5) | Number(n))
  const size = n < 1n << 8n ? 0 : n < 1n << 16n ? 1 : n < 1n << 32n ? 2 : 3
  const out = new Uint8Array(1 + (1 << size))
  out[0] = (major << 5) | (24 + size)
  for (let i = out.length - 1; i > 0; i--) {
    out[i] = Number(n & 255n)
    n >>= 8n
  }
  return out
}

export const integer = (n: bigint): Bytes => (n < 0n ? head(1, -1n - n) : head(0, n))
export const string = (b: Uint8Array): Bytes => concat(head(2, BigInt(b.length)), b)
export function text(s: string): Bytes {
  const b = utf8(s)
  return concat(head(3, BigInt(b.length)), b)
}
export const list = (items: Uint8Array[]): Bytes => concat(head(4, BigInt(items.length)), ...items)

/** map writes entries of which the labels rise. */
export const map = (entries: [label: number, value: Uint8Array][]): Bytes =>
  concat(head(5, BigInt(entries.length)), ...entries.flatMap(([label, value]) => [integer(BigInt(label)), value]))

const maxElements = 1n << 17n
const maxInt = (1n << 63n) - 1n

export class Decoder {
  private at = 0

  constructor(private readonly raw: Bytes) {}

  /** whole reads one item that is all there is. */
  static whole<T>(raw: Bytes, read: (d: Decoder) => T): T {
    const d = new Decoder(raw)
    const v = read(d)
    must(d.at === raw.length, 'more than one item')
    return v
  }

  private head(): [major: number, n: bigint] {
    must(this.at < this.raw.length, 'CBOR ends')
    const first = this.raw[this.at++] as number
    const info = first & 31
    if (info < 24) return [first >> 5, BigInt(info)]
    must(info < 28, 'CBOR head')
    const size = 1 << (info - 24)
    must(this.at + size <= this.raw.length, 'CBOR ends')
    let n = 0n
    for (let i = 0; i < size; i++) n = (n << 8n) | BigInt(this.raw[this.at++] as number)
    must(n >= (size === 1 ? 24n : 1n << BigInt(4 * size)), 'CBOR head is not the shortest')
    return [first >> 5, n]
  }

  private of(major: number): bigint {
    const [m, n] = this.head()
    must(m === major, 'another CBOR type')
    return n
  }

  uint(most = (1n << 64n) - 1n): bigint {
    const n = this.of(0)
    must(n <= most, 'integer out of range')
    return n
  }

  int(): bigint {
    const [major, n] = this.head()
    must(major < 2 && n <= maxInt, 'no integer, or out of range')
    return major === 0 ? n : -1n - n
  }

  private cut(major: number): Bytes {
    const n = this.of(major)
    must(n <= BigInt(this.raw.length - this.at), 'CBOR ends')
    this.at += Number(n)
    return this.raw.slice(this.at - Number(n), this.at)
  }

  string(): Bytes {
    return this.cut(2)
  }

  digest(): Digest {
    const b = this.cut(2)
    must(b.length === 32, 'no digest')
    return toText(b)
  }

  text(): string {
    return fromUTF8(this.cut(3))
  }

  list<T>(item: (d: Decoder) => T): T[] {
    const n = this.of(4)
    must(n <= maxElements, 'too many items')
    const out: T[] = []
    for (let i = 0; i < Number(n); i++) out.push(item(this))
    return out
  }

  /** map reads the entries that read asks for, in that order. */
  map<T>(read: (e: Entries) => T): T {
    const e = new Entries(this, Number(this.of(5)))
    const v = read(e)
    must(e.left === 0, 'an entry that is not known')
    return v
  }

  /** label reads a label if it comes next. */
  label(n: number): boolean {
    if (this.raw[this.at] !== n) return false
    this.at++
    return true
  }
}

const empty = (v: unknown) => v === 0n || v === zeroDigest || v === '' || ((Array.isArray(v) || v instanceof Uint8Array) && v.length === 0)

/** Entries are those of one map, asked for by rising labels below 24. */
export class Entries {
  constructor(
    private readonly decoder: Decoder,
    public left: number,
  ) {}

  need<T>(label: number, read: (d: Decoder) => T): T {
    must(this.left > 0 && this.decoder.label(label), 'an entry is missing')
    this.left--
    return read(this.decoder)
  }

  /** may reads an entry that is left out where it would be empty. */
  may<T>(label: number, read: (d: Decoder) => T): T | undefined {
    if (this.left === 0 || !this.decoder.label(label)) return undefined
    this.left--
    const v = read(this.decoder)
    must(!empty(v), 'an empty entry')
    return v
  }
}
