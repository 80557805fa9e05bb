// The forms of single values in our JSON (docs/formats.md, "Forms").

import { fromText, must, zeroDigest } from './bytes'
import { day, isGLN, isGTIN, isItem, type LGTIN } from './gs1'
import { bytes, digest, held, integer, list, object, type Read, type Source } from './json'

export const uint = integer(0n, (1n << 64n) - 1n)
export const int = integer(-(1n << 63n), (1n << 63n) - 1n)
export const within =
  (least: bigint, most: bigint): Read<number> =>
  (s) =>
    Number(integer(least, most)(s))
/** safe reads an integer that JavaScript's numbers hold. */
export const safe = within(0n, (1n << 53n) - 1n)

/** base64 reads the text of any bytes. */
export const base64 = held((s) => fromText(s))
/** id reads the text of 16 bytes. */
export const id = held((s) => fromText(s, 16))
/** someDigest reads one that is not zero. */
export const someDigest: Read<string> = (s) => {
  const d = digest(s)
  must(d !== zeroDigest)
  return d
}

export const hashes = (s: Source): Uint8Array[] => {
  const b = bytes(s)
  must(b.length % 32 === 0)
  return Array.from({ length: b.length / 32 }, (_, i) => b.subarray(32 * i, 32 * i + 32))
}

export const date = held((s) => day(s) !== undefined)
export const gln = held(isGLN)
export const gtin = held(isGTIN)
export const item = held(isItem)
export const lot: Read<LGTIN> = object({ gtin, lot: item })

/** some reads a list that is not empty and has at most so many items. */
export const some =
  <T>(one: Read<T>, most = 64): Read<T[]> =>
  (s) => {
    const all = list(one)(s)
    must(all.length > 0 && all.length <= most)
    return all
  }

/** rising reports whether each text is greater than the one before. */
export const rising = (all: string[]) => all.every((s, i) => i === 0 || (all[i - 1] as string) < s)

/** risingGTINs reads 1 to 64 product codes. */
export const risingGTINs: Read<string[]> = (s) => {
  const all = some(gtin)(s)
  must(rising(all))
  return all
}
