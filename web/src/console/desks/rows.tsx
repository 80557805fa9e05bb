import type { ComponentChildren } from 'preact'
import { useStates } from '../../ui/Shown'
import { type Column, Table } from '../../ui/Table'

interface Given<T> {
  id: string
  title: string
  rows: T[]
  columns: Column<T>[]
  keyOf: (row: T) => string
  empty?: string
  /** The screen's own title says it already. */
  untitled?: boolean
  /** Stands between title and rows. */
  children?: ComponentChildren
}

/** Rows are a section of a screen with a table, or that there is nothing. */
export function Rows<T>({ id, title, rows, columns, keyOf, empty, untitled, children }: Given<T>) {
  const states = useStates()
  return (
    <section id={id} class="stack" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} class={untitled ? 'hidden' : undefined}>
        {title}
      </h2>
      {children}
      {rows.length === 0 ? (
        <p class="quiet">{empty ?? states.empty}</p>
      ) : (
        <Table caption={title} rows={rows} columns={columns} keyOf={keyOf} />
      )}
    </section>
  )
}
