// Reads codes in pictures, away from the thread that draws the page. The reader's
// WebAssembly is a file of our own; its default would be a CDN's.
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url'
import type { Found, Job, Reply } from './reader'

prepareZXingModule({ overrides: { locateFile: () => wasm } })

async function find(job: Job): Promise<Found[]> {
  const results = await readBarcodes(job.picture, {
    formats: ['DataMatrix', 'QRCode', 'EAN13', 'Code128'],
    tryHarder: true,
    tryDenoise: job.harder,
    tryInvert: job.harder,
    maxNumberOfSymbols: 4,
    // A code that was found and not read tells that the picture is blurred.
    returnErrors: true,
    textMode: 'Plain',
  })
  return results.map((r) => ({
    text: r.symbologyIdentifier + r.text,
    matrix: r.format.startsWith('DataMatrix') || r.format.startsWith('QRCode'),
    read: r.isValid,
  }))
}

addEventListener('message', (e: MessageEvent<Job>) => {
  find(e.data).then(
    (found) => postMessage({ id: e.data.id, found } satisfies Reply),
    (err) => postMessage({ id: e.data.id, error: String(err) } satisfies Reply),
  )
})
