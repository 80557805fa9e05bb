import { when } from '../text/text'
import type { Facts, Measurement, Verdict } from '../verifier'
import { lot, nameOf, sayMeasured } from './PackView'
import type { Text } from './text'

/** All that was registered to be measured, of the pack and its material: by whom, for whom, where, and what came of it. */
export function MeasuredView({ verdict, text }: { verdict: Verdict; text: Text }) {
  const { facts } = verdict
  if (!facts.measured?.length) return null
  return (
    <section id="measured" class="panel" aria-labelledby="measured-title">
      <h2 id="measured-title">{text.measuredTitle}</h2>
      <p class="quiet">{text.measuredNote}</p>
      <ul class="plain">
        {facts.measured.map((m) => (
          <li key={`${m.material} ${m.counter}`} data-measured={m.verified ? 'once' : 'not'}>
            <strong>{m.material ? text.measuredMaterial(lot(m.material)) : text.measuredPack}</strong>
            <p>{sayMeasured(m, facts, text)}</p>
            <p class="quiet">{sayRegistered(m, facts, text)}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}

function sayRegistered(m: Measurement, facts: Facts, text: Text): string {
  const from = text.measuredFrom(nameOf(facts, m.from), when(m.registered))
  return m.place === m.to ? from : `${from} ${text.measuredAt(nameOf(facts, m.place))}`
}
