import { count } from '../text/text'
import { useStates } from './Shown'
import { Table } from './Table'

export interface Bar {
  /** Where the bar stands, as a height or a day. */
  label: string
  value: number
}

interface Given {
  title: string
  /** What is counted, as "transactions". */
  unit: string
  bars: Bar[]
  /** Name of what the labels are. */
  axis: string
}

const width = 640
const height = 160
const foot = 22

/**
 * A Chart is bars over time. Whoever does not see them has the same numbers as a
 * table.
 */
export function Chart({ title, unit, bars, axis }: Given) {
  const t = useStates()
  const top = Math.max(1, ...bars.map((b) => b.value))
  const step = width / Math.max(1, bars.length)
  const room = height - foot - 16
  const first = bars[0]
  const last = bars[bars.length - 1]
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${title}: ${bars.length}, 0–${count(top)} ${unit}`}>
        <line x1="0" x2={width} y1={height - foot} y2={height - foot} class="axis" />
        <line x1="0" x2={width} y1="16" y2="16" class="grid" />
        <text x="0" y="11" class="scale">
          {count(top)} {unit}
        </text>
        {bars.map((b, i) => (
          <rect
            key={b.label}
            x={i * step + step * 0.12}
            width={step * 0.76}
            y={height - foot - (b.value / top) * room}
            height={(b.value / top) * room}
            class="column"
          >
            <title>{`${axis} ${b.label}: ${count(b.value)} ${unit}`}</title>
          </rect>
        ))}
        {first && (
          <text x="0" y={height - 5} class="scale">
            {first.label}
          </text>
        )}
        {last && last !== first && (
          <text x={width} y={height - 5} class="scale" text-anchor="end">
            {last.label}
          </text>
        )}
      </svg>
      <details>
        <summary>{t.table}</summary>
        <Table
          caption={title}
          columns={[
            { name: axis, cell: (b: Bar) => b.label },
            { name: unit, cell: (b: Bar) => count(b.value) },
          ]}
          rows={bars}
          keyOf={(b) => b.label}
        />
      </details>
    </figure>
  )
}
