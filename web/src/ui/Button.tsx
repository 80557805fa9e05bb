import type { ComponentChildren, JSX } from 'preact'
import { Icon, type IconName } from './Icon'

type Given = Omit<JSX.IntrinsicElements['button'], 'icon'> & {
  look?: 'main' | 'plain' | 'danger' | 'bare'
  icon?: IconName
  /** The work it began is not done: it cannot be pressed again, and says so. */
  busy?: boolean
  children?: ComponentChildren
}

/** A Button does something on this page; where it leads elsewhere, a link is meant. */
export function Button({ look = 'plain', icon, busy, disabled, children, ...rest }: Given) {
  return (
    <button
      type="button"
      {...rest}
      class={`button ${look}`}
      aria-busy={busy ? 'true' : undefined}
      disabled={Boolean(disabled) || Boolean(busy)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}
