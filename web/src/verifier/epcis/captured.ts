// A pack that somebody's document declares.

import { fromText, utf8 } from '../bytes'
import { sum } from '../canon'
import { date, evidence, recordName } from '../chain'
import { as } from '../refusal'
import { check, onLedger, record, type Verification } from '../verification'
import { commissions } from '.'

/** captured verifies that the document is the one that was anchored, and commissions the pack. Nothing proves an approval, so it is never genuine. */
export function captured(v: Verification): void {
  const { batch, bundle } = v
  const document = bundle.document ?? new Uint8Array()
  const digest = sum(document)
  check(bundle.exchanges.length === 0 && !bundle.transformation, 'batch', 'bad_bundle')
  check(digest === batch.release.evidence, 'batch', 'bad_capture')
  const anchor = record(v, recordName('evidence', fromText(digest), utf8(batch.holder)), evidence)
  onLedger(anchor)
  const shown = as('bad_capture', () => commissions(document, bundle.pack.pack), 'batch')
  check(shown, 'batch', 'bad_capture')
  v.pass('batch', 'document', date(anchor.at))
}
