import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Button } from './Button'
import { Dialog } from './Dialog'
import { Failure } from './Failure'
import type { IconName } from './Icon'
import { useSend } from './load'
import { Notice } from './Notice'
import { useStates } from './Shown'

interface Given<R> {
  id: string
  title: string
  /** What will happen, in words: who signs what, and whether it can be taken back. */
  says: ComponentChildren
  submit: string
  danger?: boolean
  /** Called with the key under which it happens once. */
  send: (key: string) => Promise<R>
  done: (result: R) => void
  onClose: () => void
  children?: ComponentChildren
}

/** An Ask is the dialogue before any change: its form, what it will do, and why it was refused. */
export function Ask<R>({ id, title, says, submit, danger, send, done, onClose, children }: Given<R>) {
  const t = useStates()
  const sending = useSend(send, done)
  return (
    <Dialog id={id} title={title} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault()
          sending.send()
        }}
      >
        {children}
        <Notice look={danger ? 'warn' : 'plain'}>
          <p>{says}</p>
        </Notice>
        {sending.error && <Failure of={sending.error} />}
        <div class="row end">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button type="submit" look={danger ? 'danger' : 'main'} busy={sending.busy}>
            {sending.busy ? t.sending : submit}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

interface ButtonGiven {
  id: string
  label: string
  /** Which of several things of a list it is about; for who does not see the row. */
  about?: string
  look?: 'main' | 'plain' | 'danger' | 'bare'
  icon?: IconName
  /** The dialogue, an Ask mostly; close ends it. */
  children: (close: () => void) => ComponentChildren
}

/** An Opener is a button that opens a dialogue. The dialogue is new each time, and so is its key. */
export function Opener({ id, label, about, look = 'plain', icon, children }: ButtonGiven) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button
        id={id}
        look={look}
        aria-label={about ? `${label}: ${about}` : undefined}
        {...(icon ? { icon } : {})}
        onClick={() => setOpen(true)}
      >
        {label}
      </Button>
      {open && children(() => setOpen(false))}
    </>
  )
}
