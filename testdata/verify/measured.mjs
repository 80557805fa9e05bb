// What the ledger has of paper 001 (docs/formats.md, "Bundle", step 5): that all is there
// which the page, the batch and the records of material name, and nothing of other things.
import { hash, must, same, u64, utf8, zero } from './forms.mjs'

const key = (word, ...parts) => Buffer.concat([utf8(`${word}/`), ...parts]).toString('latin1')

export function measured(v) {
  const { index } = v.b.pack
  const known = new Set()
  const record = (name) => {
    must(v.state.has(name), `record ${name} is missing`)
    known.add(name)
    return v.state.get(name)
  }
  const now = new Map() // registration by thing, of which the pack has no name
  const run = v.page.get(4)?.find((r) => index % 2048 < r.get(1))
  if (run && !zero(run.get(2))) now.set('', run.get(2))
  for (const { gtin, lot } of v.lots ?? []) {
    const name = key('material', hash('theriac/material/1', utf8(gtin), utf8(lot)))
    if (v.state.has(name) && record(name)) now.set(`${gtin} ${lot}`, v.state.get(name))
  }
  let current = 0
  for (const [name, r] of v.state) {
    if (!name.startsWith('registration/')) continue
    must(r, 'a registration that is not there')
    const id = Buffer.from(name.slice('registration/'.length), 'latin1')
    const [thing, mark] = about(r.get(1), v.batchID, index)
    must(now.has(thing), 'a registration of other things')
    known.add(name)
    record(key('mark', id, u64(mark)))
    if (same(now.get(thing), id)) current++
  }
  must(current === now.size, 'a registration is missing')
  if (v.release.has(11)) record(key('redeemed', v.batchID, u64(index)))
  for (const name of v.state.keys()) {
    must(known.has(name) || !/^(mark|material|redeemed|registration)\/./s.test(name), `${name} is of other things`)
  }
}

// about returns what terms are about, and the index of its mark.
function about(terms, batchID, index) {
  const material = terms.get(10)
  if (material) return [`${material.get(1)} ${material.get(2)}`, 0]
  let before = 0
  for (const r of same(terms.get(7), batchID) ? terms.get(8) : []) {
    const [from, to] = [r.get(1), r.get(2)]
    if (from <= index && index < to) return ['', terms.get(9) ? 0 : before + index - from]
    before += to - from
  }
  return [undefined, 0]
}
