// Keys of this device: made here, kept by the browser, and shown to nobody, not even to
// this page.
const base = 'theriac'
const store = 'keys'

/** A Held key has a name; kept says whether the browser has it the next time too. */
export interface Held {
  pair: CryptoKeyPair
  kept: boolean
}

/** Returns the key of a name, made at the first call; where the browser keeps none, a new one for now. */
export async function keyNamed(name: string): Promise<Held> {
  const pair = await stored(name).catch(() => undefined)
  return pair ? { pair, kept: true } : { pair: await made(), kept: false }
}

/** Returns the public half, which always exports; nothing exports the private one. */
export async function publicHalf(pair: CryptoKeyPair): Promise<{ x: string; y: string }> {
  const { x = '', y = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return { x, y }
}

const made = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])

async function stored(name: string): Promise<CryptoKeyPair> {
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
