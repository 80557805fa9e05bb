import { stroke } from './Icon'
import type { Line, Part, Party } from './picture'

const column = 88
const row = 112
const radius = 22
// Below the last row stand a name and a blame, and nothing else.
const foot = 92

interface Given {
  parties: Party[]
  lines: Line[]
  rows: number
  title: string
  partName: (part: Part) => string
  /** The part that a failed verdict blames. */
  blamed?: string
  blamedName?: string
}

/** A TimelinePicture draws who stands where on a pack's way. The timeline beside it says the same in words. */
export function TimelinePicture({ parties, lines, rows, title, partName, blamed, blamedName }: Given) {
  // Without an administration the upper row is empty and left out.
  const top = parties.some((p) => p.y === 0) ? 0 : row
  return (
    <svg class="picture" viewBox={`0 ${top} ${4 * column} ${(rows - 1) * row + foot - top}`} role="img" aria-label={title}>
      {lines.map((l) => (
        <Way key={`${l.from.gln} ${l.to.gln}`} line={l} />
      ))}
      {parties.map((p) => (
        <Stop key={p.gln} party={p} label={partName(p.part)} {...(p.part === blamed ? { blame: blamedName ?? '' } : {})} />
      ))}
    </svg>
  )
}

const centre = (p: Party): [number, number] => [p.x * column + column / 2, p.y * row + 34]

function Stop({ party, label, blame }: { party: Party; label: string; blame?: string }) {
  const [x, y] = centre(party)
  // Below an administration its line begins, so its name stands beside it.
  const [tx, ty, anchor] = party.y === 0 ? ([x + radius + 8, y + 4, 'start'] as const) : ([x, y + radius + 16, 'middle'] as const)
  return (
    <g class={blame === undefined ? 'stop' : 'stop blamed'}>
      <circle cx={x} cy={y} r={radius} />
      <path d={stroke(party.part)} transform={`translate(${x - 13} ${y - 13}) scale(1.08)`} />
      <text x={tx} y={ty} text-anchor={anchor}>
        {label}
      </text>
      {blame && (
        <text class="blame" x={tx} y={ty + 14} text-anchor={anchor}>
          {blame}
        </text>
      )}
    </g>
  )
}

function Way({ line }: { line: Line }) {
  const [x1, y1] = centre(line.from)
  const [x2, y2] = centre(line.to)
  const length = Math.hypot(x2 - x1, y2 - y1) || 1
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length]
  const [ex, ey] = [x2 - ux * (radius + 4), y2 - uy * (radius + 4)]
  const wing = (side: number) => `${ex - ux * 7 + side * uy * 5} ${ey - uy * 7 - side * ux * 5}`
  // Above a level line, beside an upright one, where no name stands.
  const upright = Math.abs(uy) > 0.5
  const [mx, my] = [(x1 + x2) / 2 + (upright ? 18 : 0), (y1 + y2) / 2 - (upright ? -22 : 14)]
  return (
    <g class="way">
      <path d={`M${x1 + ux * radius} ${y1 + uy * radius}L${ex} ${ey}M${wing(1)}L${ex} ${ey}L${wing(-1)}`} />
      <text x={mx} y={my} text-anchor={upright ? 'start' : 'middle'}>
        {line.numbers.join(' ')}
      </text>
    </g>
  )
}
