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
  /** A number of them in words. */
  amount: (n: number) => string
  bars: Bar[]
  /** Name of what the labels are. */
  axis: string
}

const width = 640
const height = 120

/**
 * A Chart is bars over time. Whoever does not see them has the same numbers as a
 * table.
 */
export function Chart({ title, unit, amount, bars, axis }: Given) {
  const t = useStates()
  const top = Math.max(1, ...bars.map((b) => b.value))
  const step = width / Math.max(1, bars.length)
  const first = bars[0]
  const last = bars[bars.length - 1]
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <p class="quiet small">{amount(top)}</p>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${bars.length}, 0–${amount(top)}`}
      >
        <line x1="0" x2={width} y1="0.5" y2="0.5" class="grid" />
        {bars.map((b, i) => (
          <rect
            key={b.label}
            x={i * step + step * 0.12}
            width={step * 0.76}
            y={height - (b.value / top) * height}
            height={(b.value / top) * height}
            class="column"
          >
            <title>{`${axis} ${b.label}: ${amount(b.value)}`}</title>
          </rect>
        ))}
        <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} class="axis" />
      </svg>
      <p class="ends quiet small">
        <span>{first && `${axis} ${first.label}`}</span>
        <span>{last && last !== first && `${axis} ${last.label}`}</span>
      </p>
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
