// Does a document commission a pack? EPCIS 2.0 in JSON-LD and 1.2 or 2.0 in XML, as Go's
// package epcis reads them; a part of its own, since few packs are captured ones.

import type { Pack } from '../bundle'
import { type Bytes, fromUTF8, must } from '../bytes'
import { type Prefixes, readContext } from './context'
import { convertDocument } from './convert'
import { type Event, readEvent } from './event'
import { check, document, get, items, str } from './shapes'
import { parseTree, type Tree } from './tree'

const maxSize = 16 << 20
const maxEvents = 50_000

/** commissions throws for a document that is refused, and reports whether it brings the pack of this lot into being. */
export function commissions(raw: Bytes, pack: Pack): boolean {
  must(raw.length <= maxSize, 'too large')
  const source = fromUTF8(raw).replace(/^\uFEFF/, '')
  must(!source.includes('\0'), 'NUL')
  const start = source.replace(/^[ \t\r\n]*/, '').charAt(0)
  must(start === '{' || start === '<', 'neither a JSON object nor XML')
  return declares(start === '{' ? readJSON(source) : readEvents(convertDocument(source), new Map(), true), pack)
}

function readJSON(source: string): Event[] {
  const v = parseTree(source, 64, 1 << 20)
  checkTree(v)
  const context = get(v, '@context')
  must(context, 'no @context')
  const names = readContext(context)
  if (str(v, 'type') !== 'EPCISDocument') {
    must(str(v, 'type') !== 'EPCISQueryDocument', 'query document')
    return [readEvent(v, names, false)]
  }
  check(document, v, false)
  must(str(v, 'schemaVersion').startsWith('2.'), 'no version in JSON but 2')
  const events = items(get(v, 'epcisBody'), 'eventList')
  return readEvents(events, names, false)
}

function readEvents(events: Tree[], names: Prefixes, xml: boolean): Event[] {
  must(events.length <= maxEvents, 'too many events')
  return events.map((e) => readEvent(e, names, xml))
}

/** checkTree refuses NUL in a text, and numbers that no double holds. */
function checkTree(v: Tree): void {
  must(!v.text.includes('\0'), 'NUL in a text')
  must(v.kind !== 'number' || Number.isFinite(Number(v.text)), 'number out of range')
  for (const k of v.kids) checkTree(k.value)
}

/** declares holds the events against each other: a lot has one expiry date, and a pack begins once. */
function declares(events: Event[], pack: Pack): boolean {
  const wrong = new Set(events.filter((e) => e.declaredWrong && e.id !== '').map((e) => e.id))
  const [expiries, seen] = [new Map<string, string>(), new Set<string>()]
  let found = false
  for (const e of events) {
    if (!e.commissions || e.declaredWrong || wrong.has(e.id)) continue
    const { lot, expiry, packs } = e.commissions
    for (const { gtin, serial } of packs) {
      must(!seen.has(gtin + serial), 'commissioned twice')
      seen.add(gtin + serial)
      must((expiries.get(gtin + lot) ?? expiry) === expiry, 'two expiry dates for one lot')
      expiries.set(gtin + lot, expiry)
      found ||= gtin === pack.gtin && lot === pack.lot && expiry === pack.expiry && serial === pack.serial
    }
  }
  return found
}
