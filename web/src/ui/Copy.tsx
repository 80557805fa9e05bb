import { useState } from 'preact/hooks'
import { Button } from './Button'
import { useStates } from './Shown'

/** Copy puts text on the clipboard and says that it did. */
export function Copy({ text, label }: { text: string; label?: string }) {
  const t = useStates()
  const [done, setDone] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setDone(true)
    setTimeout(() => setDone(false), 2000)
  }
  return (
    <Button onClick={() => void copy().catch(() => setDone(false))} aria-label={label ? `${t.copy}: ${label}` : undefined}>
      {done ? t.copied : t.copy}
      <span class="hidden" role="status">
        {done ? t.copied : ''}
      </span>
    </Button>
  )
}

/** A digest or id, short for the eye; its whole stands in the title and is what is copied by selecting. */
export function Short({ of }: { of: string }) {
  return (
    <code title={of} class="short">
      {of.length > 14 ? `${of.slice(0, 12)}…` : of}
    </code>
  )
}
