import { when } from '../text/text'
import { Notice } from '../ui/Notice'
import type { Verdict } from '../verifier'
import { nameOf } from './PackView'
import { type Text, textOf } from './text'

/** The alerts that the ledger raised about the pack, whatever the verdict is: what it was, who met it and when. */
export function AlertsView({ verdict, text }: { verdict: Verdict; text: Text }) {
  const { facts } = verdict
  const codes = new Set(facts.alerts.map((a) => a.code))
  // Several of one minute are one line.
  const raised = (code: string) =>
    new Set(facts.alerts.filter((a) => a.code === code).map((a) => text.alertBy(nameOf(facts, a.by), when(a.at))))
  return (
    <>
      {[...codes].map((code) => (
        <div key={code} data-alert={code}>
          <Notice look="warn" title={text.alertTitle}>
            <p>{textOf(text, 'alert_', code, 'alert_other')}</p>
            <ul class="plain">
              {[...raised(code)].map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </Notice>
        </div>
      ))}
    </>
  )
}
