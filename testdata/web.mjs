// Answers a line of JSON for each line of JSON: what the browser's verifier says of a
// case. Go's test starts it with the built module.
//
//	node web.mjs MODULE
import path from 'node:path'
import readline from 'node:readline'
import { pathToFileURL } from 'node:url'

const { canVerify, parseBundle, parseTrust, Refusal, verify } = await import(pathToFileURL(path.resolve(process.argv[2])))
if (!(await canVerify())) throw new Error('this node cannot verify')

const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'))

// Go's zero time is never.
const day = (at) => (at === undefined || at.getTime() === -62_135_596_800_000 ? 'never' : at.getTime())

async function answer({ bundle, trust, now, label }) {
  try {
    const v = await verify(parseBundle(bytes(bundle)), parseTrust(bytes(trust)), new Date(now), label ?? undefined)
    const { verdict, step, blame, proven, code, facts: f } = v
    if (!v.reason.startsWith(code)) throw new Error(v.reason)
    const facts = [f.gtin, f.serial, f.lot, f.expiry, f.state, f.custodian, f.certificate?.number ?? '', ...f.materials, f.exchanges.length]
    for (const a of f.alerts) facts.push(a.code, a.by, day(a.at))
    for (const m of f.measured ?? []) {
      facts.push(m.counter, m.from, m.to, m.place, day(m.registered), day(m.verified), m.whole, m.material ?? '', m.current)
    }
    facts.push(f.codes ?? false)
    if (f.redeemed) facts.push(day(f.redeemed.at), f.redeemed.by, f.redeemed.browser)
    return { verdict, step, blame, proven, code, facts: facts.join(' ') }
  } catch (err) {
    if (!(err instanceof Refusal)) return { verdict: 'broken', code: `${err.stack}` }
    return { verdict: 'unreadable', step: '', blame: '', proven: false, code: err.code, facts: '' }
  }
}

for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n')
}
