// A pack is scanned and its evidence verified; nothing is changed.
import { useRef } from 'preact/hooks'
import { AlertsView } from '../../verify/AlertsView'
import { ChecksView } from '../../verify/ChecksView'
import { MeasuredView } from '../../verify/MeasuredView'
import { PackView } from '../../verify/PackView'
import { useVerifyText } from '../../verify/text'
import { useCheck, useNow } from '../../verify/useCheck'
import { VerdictView } from '../../verify/VerdictView'
import '../../verify/verdict.css'
import { ScanField } from './ScanField'
import { useCounterText } from './text.counter'
import { world } from './useCounter'

/** CheckPack shows the verdict that a patient would see. */
export function CheckPack() {
  const text = useCounterText()
  const verify = useVerifyText()
  const checks = useCheck(world)
  const now = useNow(world)
  const place = useRef<HTMLElement>(null)
  const { state } = checks
  const evidence = state.result?.evidence
  return (
    <>
      <section class="panel" aria-label={text.scanLabel}>
        <ScanField id="check-pack" label={text.scanLabel} hint={text.checkHint} onCode={(code) => checks.check(code)} />
      </section>
      <div role="status">{state.checking && <p>{text.working}</p>}</div>
      {state.result && (
        <VerdictView
          state={state}
          result={state.result}
          now={now}
          text={verify}
          focus={place}
          {...(state.label ? { onAgain: () => checks.check(state.code) } : {})}
          onAnother={() => {
            checks.clear()
            document.getElementById('check-pack')?.focus()
          }}
        />
      )}
      {evidence && <AlertsView verdict={evidence.verdict} text={verify} />}
      {evidence && <PackView verdict={evidence.verdict} text={verify} />}
      {evidence && <MeasuredView verdict={evidence.verdict} text={verify} />}
      {evidence && <ChecksView verdict={evidence.verdict} text={verify} />}
    </>
  )
}
