import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../../ui/Button'
import { described, Field } from '../../ui/Field'
import { Notice } from '../../ui/Notice'
import { useVerifyText } from '../../verify/text'
import { useLoaded } from '../../verify/useCheck'
import { useCounterText } from './text.counter'
import { type Hand, idle, press, recover } from './wedge'

interface Given {
  id: string
  label: string
  hint: string
  onCode: (text: string, caps: boolean) => void
}

/** Reads what a scanner types, or a person, into codes. */
function useKeys(input: { current: HTMLInputElement | null }, onCode: Given['onCode']) {
  const hand = useRef<Hand>(idle)
  const [caps, setCaps] = useState(false)
  const take = (caught: boolean) => {
    const field = input.current
    if (!field) return
    const code = recover(field.value, caught)
    field.value = ''
    field.focus()
    setCaps(code.caps)
    if (code.text) onCode(code.text, code.caps)
  }
  const onKey = (e: KeyboardEvent) => {
    const caught = hand.current.caps
    const m = press(hand.current, { key: e.key, code: e.code, ctrl: e.ctrlKey, alt: e.altKey, caps: e.getModifierState('CapsLock') })
    hand.current = m.hand
    if (m.taken) e.preventDefault()
    if (m.insert) input.current?.setRangeText(m.insert, input.current.selectionStart ?? 0, input.current.selectionEnd ?? 0, 'end')
    if (m.end) take(caught)
  }
  return { caps, take, onKey }
}

/** A ScanField takes one code after the other: from a scanner that types, from hand, or from the camera. */
export function ScanField({ id, label, hint, onCode }: Given) {
  const text = useCounterText()
  const input = useRef<HTMLInputElement>(null)
  const [camera, setCamera] = useState(false)
  useStrayKeys(input)
  const { caps, take, onKey } = useKeys(input, onCode)
  return (
    <div class="stack">
      <Field id={id} label={label} hint={hint}>
        <input
          id={id}
          ref={input}
          class="scan"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-describedby={described(id)}
          onKeyDown={onKey}
        />
      </Field>
      <div class="row">
        <Button onClick={() => take(false)}>{text.go}</Button>
        <Button icon="scan" onClick={() => setCamera(true)}>
          {text.camera}
        </Button>
      </div>
      <div role="status">
        {caps && (
          <Notice look="warn">
            <p>{text.caps}</p>
          </Notice>
        )}
      </div>
      <Camera
        open={camera}
        onClose={() => setCamera(false)}
        onCode={(code) => {
          setCamera(false)
          onCode(code, false)
        }}
      />
    </div>
  )
}

/** What takes letters itself. Buttons and links take the space bar and Enter only. */
const takers = 'input, select, textarea, dialog, [contenteditable]'

/** Brings keys that are typed nowhere into the field: a scanner does not look where the focus is. */
function useStrayKeys(input: { current: HTMLInputElement | null }) {
  // Before the screen is painted: a scanner does not wait for it.
  useLayoutEffect(() => {
    // The frame puts the focus on the heading of a new screen first.
    const frame = requestAnimationFrame(() => input.current?.focus())
    const stray = (e: KeyboardEvent) => {
      if (!(e.target instanceof Element) || e.target.closest(takers)) return
      if (e.key.length === 1 && e.key !== ' ' && !e.ctrlKey && !e.altKey && !e.metaKey) input.current?.focus()
    }
    document.addEventListener('keydown', stray)
    return () => {
      cancelAnimationFrame(frame)
      document.removeEventListener('keydown', stray)
    }
  }, [])
}

function Camera({ open, onClose, onCode }: { open: boolean; onClose: () => void; onCode: (code: string) => void }) {
  const text = useCounterText()
  const words = useVerifyText()
  const scan = useLoaded(open, () => import('../../scan/Scanner'))
  if (!open) return null
  if (typeof scan === 'object') return <scan.Scanner text={words} onCode={onCode} onClose={onClose} />
  return <p role="status">{scan === 'failed' ? text.cameraFailed : text.cameraLoading}</p>
}
