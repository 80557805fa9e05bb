import type { RefObject } from 'preact'
import { Button } from '../ui/Button'
import { Icon } from '../ui/Icon'
import { Notice } from '../ui/Notice'
import { ago } from './format'
import { type Text, textOf } from './text'
import { type Display, type Result, reason, type State } from './verdict'

const icons = { genuine: 'good', refused: 'bad', dispensed: 'used', cannot_check: 'unsure' } as const
const looks = { genuine: 'good', refused: 'bad', dispensed: 'warn', cannot_check: 'unsure' } as const

interface Given {
  state: State
  result: Result
  now: Date
  text: Text
  focus: RefObject<HTMLElement | null>
  /** Another check of the same; absent where there is nothing to ask. */
  onAgain?: () => void
  onAnother: () => void
}

/** The verdict: colour, icon and word first, then one sentence what to do. */
export function VerdictView({ state, result, now, text, focus, onAgain, onAnother }: Given) {
  const { display } = result
  return (
    <section
      id="verdict"
      ref={focus}
      tabIndex={-1}
      class={`verdict ${looks[display]}`}
      data-verdict={display}
      data-why={result.why}
      data-by={result.by}
      aria-labelledby="verdict-word"
    >
      {state.trouble && (
        <Notice look="warn" title={text.troubleTitle}>
          <p>
            {textOf(text, 'why_', reason(state.trouble), 'why_other')} {text.troubleKeeps}
          </p>
        </Notice>
      )}
      <div class="word">
        <span class="seal">
          <Icon name={icons[display]} size={44} />
        </span>
        <h2 id="verdict-word">{wordOf(text, display)}</h2>
      </div>
      <p class="why">{reasonOf(text, result)}</p>
      <p>{textOf(text, 'act_', display, 'act_cannot_check')}</p>
      <Blame result={result} text={text} />
      {result.by === 'server' && <ServerWord result={result} text={text} />}
      <p class="quiet small" id="verdict-age">
        {state.at && (result.evidence ? text.checkedAt : text.askedAt)(ago(state.at, now))}
        {result.evidence?.verdict.blockTime && `; ${text.evidenceAge(ago(result.evidence.verdict.blockTime, now))}`}
      </p>
      <div class="row">
        {onAgain && (
          <Button id="again" icon="again" busy={state.checking} onClick={onAgain}>
            {state.checking ? text.checking : text.again}
          </Button>
        )}
        <Button id="another" look="main" icon="scan" onClick={onAnother}>
          {text.another}
        </Button>
      </div>
    </section>
  )
}

/** The word of a verdict. */
export const wordOf = (text: Text, display: Display): string => textOf(text, 'is_', display, 'is_cannot_check')

function reasonOf(text: Text, result: Result): string {
  if (result.display === 'genuine') return text.why_genuine
  if (result.by === 'page' && result.why === 'foreign') return `${text.why_foreign} ${result.words}`
  if (result.why === 'not_active' && result.evidence) {
    return `${text.why_not_active} (${textOf(text, 'state_', result.evidence.verdict.facts.state, 'state_inactive')})`
  }
  return textOf(text, 'why_', reason(result), result.by === 'evidence' ? 'why_refused' : 'why_other')
}

function Blame({ result, text }: { result: Result; text: Text }) {
  const verdict = result.evidence?.verdict
  // What is so today is no failure of the evidence, and nobody's fault.
  if (verdict?.verdict !== 'refused' || ['pack_dispensed', 'recalled', 'past_expiry', 'not_active'].includes(verdict.code)) return null
  return (
    <p id="blame" data-step={verdict.step} data-blame={verdict.blame} data-proven={verdict.proven}>
      {verdict.step && <strong>{text.failedAt(textOf(text, 'step_', verdict.step, 'step_ledger'))} </strong>}
      {verdict.blame && `${text.blamed(textOf(text, 'part_', verdict.blame, 'part_manufacturer'))} `}
      {verdict.blame && (verdict.proven ? text.proven : text.unproven)}
    </p>
  )
}

function ServerWord({ result, text }: { result: Result; text: Text }) {
  return (
    <div class="said">
      <p>{text.serverSays}</p>
      {result.words && (
        <p>
          {text.words} <q lang="en">{result.words}</q>
        </p>
      )}
    </div>
  )
}
