import { count } from '../text/text'
import { Icon } from '../ui/Icon'
import type { Verdict } from '../verifier'
import { type Text, textOf } from './text'

/** Everything that was verified, in the verifier's own words. */
export function ChecksView({ verdict, text }: { verdict: Verdict; text: Text }) {
  return (
    <section id="checks" class="panel" aria-labelledby="checks-title">
      <h2 id="checks-title">{text.checks}</h2>
      <details>
        <summary>{text.checksNote(count(verdict.checks.length))}</summary>
        <ul class="plain checks">
          {verdict.checks.map((c) => (
            <li key={`${c.step} ${c.check}`} class={c.ok ? 'holds' : 'fails'}>
              <Icon name={c.ok ? 'good' : 'bad'} />
              <div>
                <strong>
                  {textOf(text, 'step_', c.step, 'step_ledger')} <span class="hidden">{c.ok ? text.ok : text.fails}</span>
                </strong>
                <span lang="en">{c.check}</span>
              </div>
            </li>
          ))}
        </ul>
      </details>
    </section>
  )
}
