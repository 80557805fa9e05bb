import type { ComponentChildren } from 'preact'

export interface Column<T> {
  name: string
  cell: (row: T) => ComponentChildren
}

interface Given<T> {
  caption: string
  columns: Column<T>[]
  rows: T[]
  keyOf: (row: T, index: number) => string
}

/**
 * A Table shows rows; on a narrow screen each becomes a card with the names of
 * its columns.
 */
export function Table<T>({ caption, columns, rows, keyOf }: Given<T>) {
  return (
    <table class="table">
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((c) => (
            <th key={c.name} scope="col">
              {c.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={keyOf(row, i)}>
            {columns.map((c) => (
              <td key={c.name} data-name={c.name}>
                {c.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
