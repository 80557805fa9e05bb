import type { Problem } from '../api/api'
import { useText } from '../text/text'
import { Button } from './Button'
import { Notice } from './Notice'
import { de } from './problem.de'
import { en } from './problem.en'

/** A Failure says in words why something did not work, with the code that support asks for. */
export function Failure({ of, onAgain }: { of: Problem; onAgain?: () => void }) {
  const t = useText<typeof en>({ en, de })
  const words = (t as Record<string, string>)[of.code]
  // Behind the words of the code the server may say what exactly; it speaks English.
  const detail = !words || of.message.includes(': ') ? of.message : ''
  return (
    <div role="alert">
      <Notice look="bad" title={of.status >= 400 && of.status < 500 ? t.refused : t.failed}>
        <p>{words ?? detail}</p>
        {words && detail && of.code !== 'unreachable' && <p class="quiet">{detail}</p>}
        <p class="quiet">
          {t.code}: <code>{of.code}</code>
        </p>
        {onAgain && (
          <Button icon="again" onClick={onAgain}>
            {t.retry}
          </Button>
        )}
      </Notice>
    </div>
  )
}
