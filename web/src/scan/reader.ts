// The page's side of the reader.

/** A Job is a picture to read. */
export interface Job {
  id: number
  picture: ImageData | Blob
  /** Takes longer and finds more. */
  harder: boolean
}

/** A Found is a code in a picture; its text begins with the symbology identifier, so that a link is told from an element string. */
export interface Found {
  text: string
  matrix: boolean
  read: boolean
}

export interface Reply {
  id: number
  found?: Found[]
  error?: string
}

/** A Reader reads pictures in a worker until it is closed. */
export class Reader {
  private worker = new Worker(new URL('./reader.worker.ts', import.meta.url), { type: 'module' })
  private last = 0
  private waiting = new Map<number, { done: (f: Found[]) => void; fail: (e: Error) => void }>()

  constructor() {
    this.worker.addEventListener('message', (e: MessageEvent<Reply>) => {
      const waiter = this.waiting.get(e.data.id)
      this.waiting.delete(e.data.id)
      if (e.data.found) waiter?.done(e.data.found)
      else waiter?.fail(new Error(e.data.error))
    })
    this.worker.addEventListener('error', (e) => {
      for (const waiter of this.waiting.values()) waiter.fail(new Error(e.message))
      this.waiting.clear()
    })
  }

  /** Returns the codes in a picture. */
  read(picture: ImageData | Blob, harder: boolean): Promise<Found[]> {
    const id = ++this.last
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail })
      const job: Job = { id, picture, harder }
      this.worker.postMessage(job, picture instanceof ImageData ? [picture.data.buffer] : [])
    })
  }

  /** Ends the worker; what it was reading is dropped. */
  close(): void {
    this.worker.terminate()
    this.waiting.clear()
  }
}

export type Sight = { kind: 'code'; text: string } | { kind: 'linear' } | { kind: 'blurred' } | { kind: 'nothing' }

/** Says what a picture shows. A stripe code names no pack, so the search goes on beside it. */
export function sight(found: Found[]): Sight {
  // A pack can bear an advertiser's QR code beside its own GS1 symbol.
  const matrix = found.find((f) => f.read && /^\](d2|Q3)/.test(f.text)) ?? found.find((f) => f.read && f.matrix)
  if (matrix) return { kind: 'code', text: matrix.text }
  // GS1-128 can hold a serial number (AI 21); an EAN-13 cannot.
  const long = found.find((f) => f.read && f.text.startsWith(']C1'))
  if (long) return { kind: 'code', text: long.text }
  if (found.some((f) => f.read)) return { kind: 'linear' }
  return { kind: found.length > 0 ? 'blurred' : 'nothing' }
}
