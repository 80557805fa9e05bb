// Core deterministic CBOR (RFC 8949 section 4.2.1), written, and read by its schema.

import { type Bytes, concat, type Digest, fromUTF8, must, toText, utf8 } from './bytes'
import * as schema from './schema'

function head(major: number, count: number | bigint): Bytes {
  let n = BigInt(count)
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

export const writeInt = (n: bigint): Bytes => (n < 0n ? head(1, -1n - n) : head(0, n))
export const writeBytes = (b: Uint8Array): Bytes => concat(head(2, b.length), b)
export function writeText(s: string): Bytes {
  const b = utf8(s)
  return concat(head(3, b.length), b)
}
export const writeList = (items: Uint8Array[]): Bytes => concat(head(4, items.length), ...items)

/** writeMap writes entries by their labels; what is false is left out. */
export function writeMap(all: Record<number, Uint8Array | false>): Bytes {
  // Properties that are integers rise.
  const entries = Object.entries(all).filter(([, value]) => value) as [string, Uint8Array][]
  return concat(head(5, entries.length), ...entries.flatMap(([label, value]) => [head(0, Number(label)), value]))
}

const maxElements = 131_072n

/** A Source is bytes and how far they were read. */
export interface Source {
  raw: Bytes
  at: number
}

export type Read<T> = (s: Source) => T

/** whole reads one item that is all there is. */
export function whole<T>(raw: Bytes, read: Read<T>): T {
  const s = { raw, at: 0 }
  const v = read(s)
  must(s.at === raw.length)
  return v
}

/** cut reads so many bytes. */
function cut(s: Source, n: number | bigint): Bytes {
  const from = s.at
  must(n <= s.raw.length - from)
  s.at += Number(n)
  return s.raw.slice(from, s.at)
}

function readHead(s: Source): [major: number, n: bigint] {
  const first = cut(s, 1)[0] as number
  const info = first & 31
  if (info < 24) return [first >> 5, BigInt(info)]
  must(info < 28)
  const size = 1 << (info - 24)
  let n = 0n
  for (const b of cut(s, size)) n = (n << 8n) | BigInt(b)
  // The shortest head is the only one.
  must(n >= (size === 1 ? 24n : 1n << BigInt(4 * size)))
  return [first >> 5, n]
}

function of(s: Source, major: number): bigint {
  const [m, n] = readHead(s)
  must(m === major)
  return n
}

export const upTo =
  (most: bigint): Read<bigint> =>
  (s) => {
    const n = of(s, 0)
    must(n <= most)
    return n
  }
export const uint: Read<bigint> = (s) => of(s, 0)

export const int: Read<bigint> = (s) => {
  const [major, n] = readHead(s)
  must(major < 2 && n < 1n << 63n)
  return major === 0 ? n : -1n - n
}

export const bytes: Read<Bytes> = (s) => cut(s, of(s, 2))
export const text: Read<string> = (s) => fromUTF8(cut(s, of(s, 3)))
export const digest: Read<Digest> = (s) => {
  const b = bytes(s)
  must(b.length === 32)
  return toText(b)
}

export const list =
  <T>(item: Read<T>): Read<T[]> =>
  (s) => {
    const n = of(s, 4)
    must(n <= maxElements)
    return Array.from({ length: Number(n) }, () => item(s))
  }

/** map reads one with these entries, of which the labels count from 1. */
export const map =
  <F extends object>(entries: F): Read<schema.Types<F>> =>
  (s) => {
    let left = of(s, 5)
    const v = schema.fields(s, entries, (_, place) => {
      const there = left > 0n && s.raw[s.at] === place + 1
      if (there) {
        left--
        s.at++
      }
      return there
    })
    must(left === 0n)
    return v
  }
