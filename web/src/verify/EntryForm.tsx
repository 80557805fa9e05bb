import { useRef, useState } from 'preact/hooks'
import { Button } from '../ui/Button'
import { described, Field } from '../ui/Field'
import type { Text } from './text'

interface Given {
  text: Text
  busy: boolean
  onScan: () => void
  onCheck: (code: string) => void
}

/** Where a code comes in: by camera, or typed and pasted. */
export function EntryForm({ text, busy, onScan, onCheck }: Given) {
  const input = useRef<HTMLInputElement>(null)
  const [wrong, setWrong] = useState(false)
  const send = (e: Event) => {
    e.preventDefault()
    const code = input.current?.value ?? ''
    setWrong(code.trim() === '')
    if (code.trim() === '') input.current?.focus()
    else onCheck(code)
  }
  return (
    <section id="entry" class="panel entry">
      <Button id="scan" look="main" icon="scan" disabled={busy} onClick={onScan}>
        {text.scan}
      </Button>
      <form onSubmit={send}>
        <Field id="code" label={text.typed} hint={text.typedHint} {...(wrong ? { error: text.empty } : {})}>
          <input
            id="code"
            ref={input}
            aria-describedby={described('code')}
            aria-invalid={wrong}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            enterkeyhint="go"
          />
        </Field>
        <Button id="check" type="submit" busy={busy}>
          {busy ? text.checking : text.check}
        </Button>
      </form>
    </section>
  )
}
