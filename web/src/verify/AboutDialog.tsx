import { Dialog } from '../ui/Dialog'
import type { Text } from './text'

/** What the page is, and how to see that it is the published one. */
export function AboutDialog({ text, onClose }: { text: Text; onClose: () => void }) {
  return (
    <Dialog id="about-dialog" title={text.about} onClose={onClose}>
      <p>{text.aboutText}</p>
    </Dialog>
  )
}
