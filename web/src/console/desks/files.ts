// Files that people choose.

/** Writes bytes as the ledger writes digests: base64url without padding. */
function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

// String.fromCharCode takes its arguments from the stack, so a file goes in parts.
const part = 0x8000

/** Writes bytes in base64. */
export function base64(bytes: Uint8Array): string {
  let s = ''
  for (let i = 0; i < bytes.length; i += part) s += String.fromCharCode(...bytes.subarray(i, i + part))
  return btoa(s)
}

/** Reads base64. */
export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))

/** Returns the digest of a file, by which the ledger knows it. The file itself stays here. */
export async function digest(file: Blob): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer())))
}

// A signed dossier has at most 32 MiB (docs/formats.md); base64 adds a third twice.
export const maxDocuments = 16 << 20

/** What a browser may show in a page of its own without being led by it: the rest is only saved. */
const shown = new Set(['application/pdf', 'text/plain', 'image/png', 'image/jpeg'])

/** Says whether a document of somebody else may be opened, not only saved. */
export const opens = (media: string): boolean => shown.has(media)

/** Returns an address of bytes, of a harmless type if theirs could run scripts in our name. */
export function addressOf(bytes: Uint8Array<ArrayBuffer>, media: string): string {
  return URL.createObjectURL(new Blob([bytes], { type: opens(media) ? media : 'application/octet-stream' }))
}

/** Saves bytes as a file of the person's. */
export function save(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has begun to read by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
