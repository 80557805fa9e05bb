import { when } from '../text/text'
import { Notice } from '../ui/Notice'
import type { Verdict } from '../verifier'
import { nameOf } from './PackView'
import type { Text } from './text'

/** What became of the pack's concealed code, until the part that redeems it is loaded, and where it cannot be. */
export function RedeemedView({ verdict, text }: { verdict: Verdict; text: Text }) {
  const { facts } = verdict
  const { redeemed } = facts
  if (!facts.codes) return null
  return (
    <section id="redeemed" class="panel" aria-labelledby="redeemed-title" data-redeemed={redeemed ? 'used' : 'unused'}>
      <h2 id="redeemed-title">{text.codeTitle}</h2>
      {redeemed ? (
        <Notice look="warn">
          <p>{text.codeUsed(when(redeemed.at), nameOf(facts, redeemed.by))}</p>
          <p>{text.codeOtherNote}</p>
        </Notice>
      ) : (
        <p>{text.codeUnused}</p>
      )}
    </section>
  )
}
