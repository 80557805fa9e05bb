import { elementString, parseIdentifier } from '../gs1/gs1'
import { when } from '../text/text'
import { Facts } from '../ui/Facts'
import { Notice } from '../ui/Notice'
import type { Measurement, Facts as Proven, Verdict } from '../verifier'
import { day } from './format'
import { type Text, textOf } from './text'
import { recall } from './verdict'

/** What the evidence says of the pack. Where it failed, it says so first. */
export function PackView({ verdict, text }: { verdict: Verdict; text: Text }) {
  const { facts } = verdict
  if (!facts.gtin) return null
  const cert = facts.certificate
  return (
    <>
      <section id="pack" class="panel" aria-labelledby="pack-title">
        <h2 id="pack-title">{text.pack}</h2>
        {unproven(verdict) && (
          <Notice look="warn">
            <p>{text.claimed}</p>
          </Notice>
        )}
        <Facts
          of={[
            [text.product, cert?.name],
            [text.strength, cert?.strength],
            [text.form, cert?.form],
            [text.substance, cert?.substance],
            [text.lot, facts.lot],
            [text.expiry, day(facts.expiry)],
            [text.serial, facts.serial],
            [text.gtin, facts.gtin],
            [text.state, facts.state && textOf(text, 'state_', facts.state, 'state_inactive')],
            [text.measured, measuredNow(facts, text)],
            [text.custodian, nameOf(facts, facts.custodian)],
            [text.recall, textOf(text, 'recall_', recall(verdict), 'recall_unknown')],
          ]}
        />
      </section>
      {(cert || facts.materials.length > 0) && <ApprovalView facts={facts} text={text} />}
    </>
  )
}

/** Says whether the facts are claims only: the evidence failed, and not merely the pack's state today. */
export function unproven(verdict: Verdict): boolean {
  return verdict.verdict === 'refused' && !['pack_dispensed', 'recalled', 'past_expiry', 'not_active'].includes(verdict.code)
}

function ApprovalView({ facts, text }: { facts: Proven; text: Text }) {
  const cert = facts.certificate
  const suppliers = new Set(facts.exchanges.filter((x) => x.type === 'msdm/1').map((x) => nameOf(facts, x.from)))
  return (
    <section id="approval" class="panel" aria-labelledby="approval-title">
      <h2 id="approval-title">{text.approval}</h2>
      <Facts
        of={[
          [text.certificate, cert?.number],
          [text.issuer, cert && nameOf(facts, cert.issuer)],
          [text.part_manufacturer, cert && nameOf(facts, cert.holder)],
          [text.valid, cert && text.validFromTo(day(cert.validFrom), day(cert.validUntil))],
          [text.material, facts.materials.length > 0 && <List of={facts.materials.map(lot)} />],
          [text.suppliedBy, [...suppliers].join(', ')],
        ]}
      />
    </section>
  )
}

function List({ of }: { of: string[] }) {
  if (of.length === 1) return <span class="code">{of[0]}</span>
  return (
    <ul class="plain">
      {of.map((one) => (
        <li key={one} class="code">
          {one}
        </li>
      ))}
    </ul>
  )
}

/** A lot for people; the evidence names it by its Digital Link. */
export function lot(link: string): string {
  try {
    const id = parseIdentifier(link, new Date(0))
    return elementString(id)
  } catch {
    return link
  }
}

/** The name of a member, as far as the evidence has it. */
export const nameOf = (facts: Proven, gln: string): string => (Object.hasOwn(facts.members, gln) ? (facts.members[gln] ?? gln) : gln)

/** What came of a registration: its thing was measured, once; or was not. */
export function sayMeasured(m: Measurement, facts: Proven, text: Text): string {
  const who = nameOf(facts, m.to)
  if (m.verified) return (m.whole ? text.measuredCase : text.measuredOnce)(who, when(m.verified))
  if (!m.current) return text.measuredNever(who)
  return (m.whole ? text.measuredCaseNotYet : text.measuredNotYet)(who)
}

/** What there is to say of the pack as it is registered now; nothing if it never was. */
function measuredNow(facts: Proven, text: Text): string | undefined {
  const now = facts.measured?.find((m) => m.current && !m.material)
  return now && sayMeasured(now, facts, text)
}
