import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './Icon'
import { useUIText } from './text'

interface Given {
  id: string
  title: string
  onClose: () => void
  /** Fills a phone's screen, as the camera does. */
  full?: boolean
  children: ComponentChildren
}

/**
 * A Dialog is there while it is rendered. The native element keeps focus inside,
 * closes by Escape, and makes the rest of the page inert; on closing, focus goes
 * back to where it was.
 */
export function Dialog({ id, title, onClose, full, children }: Given) {
  const box = useRef<HTMLDialogElement>(null)
  const { close } = useUIText()
  useEffect(() => {
    const before = document.activeElement
    const dialog = box.current
    dialog?.showModal()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      id={id}
      ref={box}
      class={full ? 'dialog full' : 'dialog'}
      aria-labelledby={`${id}-title`}
      onCancel={(e) => {
        e.preventDefault()
        onClose()
      }}
    >
      <header class="dialog-head">
        <h2 id={`${id}-title`}>{title}</h2>
        <button type="button" class="button bare square" aria-label={close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  )
}
