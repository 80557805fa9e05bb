import type { ComponentChildren } from 'preact'

/** A Moment is something that happened, told by who did it. */
export interface Moment {
  key: string
  title: string
  at: Date
  when: string
  detail?: ComponentChildren
  failed?: boolean
}

/** A Timeline tells moments in their order, numbered as in the picture beside it. */
export function Timeline({ moments }: { moments: Moment[] }) {
  return (
    <ol class="timeline">
      {moments.map((m) => (
        <li key={m.key} class={m.failed ? 'failed' : undefined}>
          <strong>{m.title}</strong>
          <span>{m.detail}</span>
          <time class="quiet" dateTime={m.at.toISOString()}>
            {m.when}
          </time>
        </li>
      ))}
    </ol>
  )
}
