import { when } from '../text/text'
import { layout } from '../ui/picture'
import { Timeline } from '../ui/Timeline'
import { TimelinePicture } from '../ui/TimelinePicture'
import type { Verdict } from '../verifier'
import { nameOf } from './PackView'
import { type Text, textOf } from './text'

/** Which messages a step of the verification is about. */
const stepOf: Record<string, string> = {
  'dmms/1': 'material',
  'msdm/1': 'material',
  'dmda/1': 'approval',
  'dadm/1': 'approval',
  'dmdd/1': 'distribution',
  'dddm/1': 'distribution',
  'dispatch/1': 'distribution',
  'receipt/1': 'distribution',
}

/** The way of the pack, drawn and told: who signed what for whom, and when. */
export function WayView({ verdict, text }: { verdict: Verdict; text: Text }) {
  const { facts } = verdict
  if (facts.exchanges.length === 0) return null
  const name = (gln: string) => nameOf(facts, gln)
  const drawn = layout(facts.exchanges, name)
  const blamed = verdict.verdict === 'refused' && verdict.blame ? verdict.blame : undefined
  return (
    <section id="way" class="panel" aria-labelledby="way-title">
      <h2 id="way-title">{text.way}</h2>
      <TimelinePicture
        {...drawn}
        title={text.wayPicture}
        partName={(part) => textOf(text, 'short_', part, 'part_supplier')}
        {...(blamed ? { blamed, blamedName: verdict.proven ? text.blamedProven : text.blamedUnproven } : {})}
      />
      <Timeline
        moments={facts.exchanges.map((x, i) => ({
          key: `${i} ${x.bc}`,
          title: textOf(text, 'msg_', x.type.split('/')[0] ?? '', 'msg_dispatch'),
          at: x.at,
          when: when(x.at),
          detail: text.signedTo(name(x.from), name(x.to)),
          failed: verdict.verdict === 'refused' && stepOf[x.type] === verdict.step,
        }))}
      />
    </section>
  )
}
