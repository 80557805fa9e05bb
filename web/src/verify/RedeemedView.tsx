import { useEffect, useState } from 'preact/hooks'
import { when } from '../text/text'
import { Notice } from '../ui/Notice'
import type { Verdict } from '../verifier'
import { nameOf } from './PackView'
import type { Text } from './text'

interface Given {
  verdict: Verdict
  text: Text
  /** Whether a key of this browser has this digest, SHA-256 of its P-256 point. Without it nothing is said of who redeemed. */
  mine?: (browser: string) => Promise<boolean>
}

/** What became of the pack's concealed code. */
export function RedeemedView({ verdict, text, mine }: Given) {
  const { facts } = verdict
  const { redeemed } = facts
  const [own, setOwn] = useState<boolean>()
  useEffect(() => {
    setOwn(undefined)
    let late = false
    if (redeemed && mine)
      mine(redeemed.browser).then(
        (is) => late || setOwn(is),
        () => undefined,
      )
    return () => {
      late = true
    }
  }, [redeemed?.browser, mine])
  if (!facts.codes) return null
  return (
    <section id="code" class="panel" aria-labelledby="code-title" data-redeemed={redeemed ? (own ? 'mine' : 'used') : 'unused'}>
      <h2 id="code-title">{text.codeTitle}</h2>
      {redeemed ? <Used at={when(redeemed.at)} by={nameOf(facts, redeemed.by)} own={own} text={text} /> : <p>{text.codeUnused}</p>}
    </section>
  )
}

function Used({ at, by, own, text }: { at: string; by: string; own: boolean | undefined; text: Text }) {
  if (own) return <p>{text.codeMine(at)}</p>
  return (
    <Notice look="warn">
      <p>{own === false ? text.codeOther(at, by) : text.codeUsed(at, by)}</p>
      <p>{text.codeOtherNote}</p>
    </Notice>
  )
}
