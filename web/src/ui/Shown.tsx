import type { ComponentChildren, JSX } from 'preact'
import { useText } from '../text/text'
import { Button } from './Button'
import { Failure } from './Failure'
import type { Loaded, Paged } from './load'
import { de } from './states.de'
import { en } from './states.en'

export const useStates = () => useText<typeof en>({ en, de })

/** Shown is what was asked for, or that it is on its way, or why it is not there. */
export function Shown<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }): JSX.Element {
  const t = useStates()
  return (
    <div aria-busy={of.busy ? 'true' : 'false'} class="stack">
      {of.error && <Failure of={of.error} onAgain={of.again} />}
      {of.data !== undefined && children(of.data)}
      {of.data === undefined && !of.error && <Loading text={t.loading} />}
    </div>
  )
}

function Loading({ text }: { text: string }) {
  return (
    <p class="loading quiet" role="status">
      <span class="spinner" aria-hidden="true" />
      {text}
    </p>
  )
}

interface ListGiven<T> {
  of: Paged<T> | Loaded<T[]>
  empty?: string | undefined
  children: (rows: T[]) => ComponentChildren
}

/** A List is Shown for rows: it says when there are none, and has a button for the next page. */
export function List<T>({ of, empty, children }: ListGiven<T>): JSX.Element {
  const t = useStates()
  const more = 'more' in of ? of.more : undefined
  return (
    <Shown of={of}>
      {(rows) => (
        <>
          {rows.length === 0 ? <p class="quiet">{empty ?? t.empty}</p> : children(rows)}
          {more && (
            <Button onClick={more} busy={of.busy}>
              {t.more}
            </Button>
          )}
        </>
      )}
    </Shown>
  )
}
