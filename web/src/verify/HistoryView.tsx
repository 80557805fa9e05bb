import { when } from '../text/text'
import { Button } from '../ui/Button'
import type { Past } from './history'
import type { Text } from './text'
import { wordOf } from './VerdictView'

interface Given {
  text: Text
  past: Past[] | undefined
  onWant: (wanted: boolean) => void
  onCheck: (code: string) => void
}

/** What was checked here, if the person wants that kept. */
export function HistoryView({ text, past, onWant, onCheck }: Given) {
  return (
    <section id="history" class="panel" aria-labelledby="history-title">
      <h2 id="history-title">{text.history}</h2>
      <label class="tick">
        <input type="checkbox" checked={past !== undefined} onChange={(e) => onWant(e.currentTarget.checked)} />
        <span>
          {text.historyKeep}
          <span class="quiet small"> {text.historyNote}</span>
        </span>
      </label>
      {past?.length === 0 && <p class="quiet">{text.historyEmpty}</p>}
      {past && past.length > 0 && (
        <>
          <ul class="plain past">
            {past.map((p) => (
              <li key={p.code}>
                <button type="button" class="button bare" onClick={() => onCheck(p.code)}>
                  <strong>{p.name}</strong>
                  <span>
                    {wordOf(text, p.display)}, {when(new Date(p.at))}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          <Button id="history-clear" look="danger" onClick={() => onWant(false)}>
            {text.historyClear}
          </Button>
        </>
      )}
    </section>
  )
}
