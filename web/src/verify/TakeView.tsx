import { useState } from 'preact/hooks'
import { Button } from '../ui/Button'
import type { Text } from './text'
import { wordOf } from './VerdictView'
import type { Evidence, Result } from './verdict'

/** The evidence as a file, and the pack's address to pass on. */
export function TakeView({ result, evidence, text }: { result: Result; evidence: Evidence; text: Text }) {
  const [copied, setCopied] = useState(false)
  const { facts } = evidence.verdict
  const share = async () => {
    const url = `${location.origin}/01/${facts.gtin}/21/${encodeURIComponent(facts.serial)}`
    const said = text.shareText(facts.certificate?.name ?? facts.gtin, wordOf(text, result.display))
    try {
      if (navigator.share) await navigator.share({ title: document.title, text: said, url })
      else {
        await navigator.clipboard.writeText(url)
        setCopied(true)
      }
    } catch {
      setCopied(false) // the person thought better of it, or the browser forbids it
    }
  }
  return (
    <section id="take" class="panel" aria-labelledby="take-title">
      <h2 id="take-title">{text.take}</h2>
      <p class="quiet">{text.takeNote}</p>
      <div class="row">
        <Button id="save" icon="save" onClick={() => save(evidence.raw, `evidence-${facts.gtin}-${facts.lot}.json`)}>
          {text.save}
        </Button>
        <Button id="share" icon="share" onClick={share}>
          {text.share}
        </Button>
        <span role="status">{copied && text.copied}</span>
      </div>
    </section>
  )
}

function save(bytes: Uint8Array, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name.replace(/[^A-Za-z0-9.-]/g, '_')
  link.click()
  // The browser has taken it up by the next turn of its loop.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}
