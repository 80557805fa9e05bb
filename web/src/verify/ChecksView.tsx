import { count } from '../text/text'
import { Icon } from '../ui/Icon'
import type { Verdict } from '../verifier'
import { sayCheck } from './checks'
import { type Text, textOf } from './text'

/** Everything that was verified, in the order in which it was. */
export function ChecksView({ verdict, text }: { verdict: Verdict; text: Text }) {
  return (
    <section id="checks" class="panel" aria-labelledby="checks-title">
      <h2 id="checks-title">{text.checks}</h2>
      <details>
        <summary>{text.checksNote(count(verdict.checks.length))}</summary>
        <ul class="plain checks">
          {verdict.checks.map((c, i) => (
            <li key={`${i} ${c.check}`} class={c.ok ? 'holds' : 'fails'}>
              <Icon name={c.ok ? 'good' : 'bad'} />
              <div>
                <strong>
                  {textOf(text, 'step_', c.step, 'step_ledger')} <span class="hidden">{c.ok ? text.ok : text.fails}</span>
                </strong>
                <span data-check={c.check}>{sayCheck(c, verdict.facts, text)}</span>
              </div>
            </li>
          ))}
        </ul>
      </details>
    </section>
  )
}
