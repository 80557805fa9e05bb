import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './Icon'

const icons = { good: 'good', bad: 'report', warn: 'report', plain: 'info' } satisfies Record<string, IconName>

/** A Notice says something that must not be missed. */
export function Notice({ look, title, children }: { look: keyof typeof icons; title?: string; children?: ComponentChildren }) {
  return (
    <div class={`notice ${look}`}>
      <Icon name={icons[look]} />
      <div>
        {title && <strong>{title}</strong>}
        {children}
      </div>
    </div>
  )
}
