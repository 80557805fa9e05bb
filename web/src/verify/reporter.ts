// The reporter's key: made on this device, kept by the browser, and shown to
// nobody, not even to this page.
import type { Reporter } from './report'

const base = 'theriac'
const store = 'keys'
const name = 'reporter'

/** Returns the key of this device; where the browser keeps none, a new one for now. */
export async function reporter(): Promise<Reporter> {
  const pair = (await stored().catch(() => undefined)) ?? (await made())
  // The public half always exports; nothing exports the private one.
  const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return { key: pair.privateKey, x: jwk.x ?? '', y: jwk.y ?? '' }
}

const made = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])

async function stored(): Promise<CryptoKeyPair> {
  const db = await open()
  try {
    const fresh = await made()
    // One transaction: two pages that are open at once get one key.
    return await new Promise((done, fail) => {
      const tx = db.transaction(store, 'readwrite')
      const found: IDBRequest<CryptoKeyPair | undefined> = tx.objectStore(store).get(name)
      let kept = fresh
      found.onsuccess = () => {
        if (found.result) kept = found.result
        else tx.objectStore(store).put(fresh, name)
      }
      tx.oncomplete = () => done(kept)
      tx.onerror = tx.onabort = () => fail(tx.error)
    })
  } finally {
    db.close()
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    const request = indexedDB.open(base, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(store)
    request.onsuccess = () => done(request.result)
    request.onerror = request.onblocked = () => fail(request.error)
  })
}
