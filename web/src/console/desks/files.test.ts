import { describe, expect, test } from 'vitest'
import { addressOf, base64, bytesOf, digest, opens } from './files'

describe('files', () => {
  test('base64 goes there and back, over the parts too', () => {
    for (const n of [0, 1, 2, 3, 0x8000 - 1, 0x8000, 0x8001]) {
      const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 31 + n) & 255)
      expect(bytesOf(base64(bytes))).toEqual(bytes)
    }
  })

  // RFC 4648, section 10.
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foobar', 'Zm9vYmFy'],
  ])('base64 of %j', (text, want) => expect(base64(new TextEncoder().encode(text))).toBe(want))

  // The digest of the empty string, FIPS 180-4 SHA-256, in base64url.
  test('the digest is that of canon.Sum', async () => {
    expect(await digest(new Blob([]))).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
    expect(await digest(new Blob(['abc']))).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })

  // Attack: a dossier's document that runs as a page of ours.
  test.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml', 'TEXT/HTML', 'text/plain;x', ''])(
    '%s is only saved',
    async (media) => {
      expect(opens(media)).toBe(false)
      const url = addressOf(new Uint8Array([60]), media)
      expect((await (await fetch(url)).blob()).type).toBe('application/octet-stream')
      URL.revokeObjectURL(url)
    },
  )
})
