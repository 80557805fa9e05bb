// Where the parties of a pack's way stand in the picture, and which messages
// went between them. Pure, so that it can be tested without drawing.
export type Part = 'supplier' | 'manufacturer' | 'administration' | 'distributor' | 'pharmacy'

export interface Party {
  gln: string
  name: string
  part: Part
  /** Column and row of a grid of at most four columns, so that it fits a phone. */
  x: number
  y: number
}

export interface Line {
  from: Party
  to: Party
  /** Numbers of the messages in the timeline, from 1. */
  numbers: number[]
}

export interface Message {
  type: string
  from: string
  to: string
}

/** Which part sender and receiver of a message have (docs/formats.md, messages). */
const parts: Record<string, [Part, Part]> = {
  'dmms/1': ['manufacturer', 'supplier'],
  'msdm/1': ['supplier', 'manufacturer'],
  'dmda/1': ['manufacturer', 'administration'],
  'dadm/1': ['administration', 'manufacturer'],
  'dmdd/1': ['manufacturer', 'distributor'],
  'dddm/1': ['distributor', 'manufacturer'],
}

/** Lays out the parties and lines of messages. */
export function layout(messages: Message[], nameOf: (gln: string) => string): { parties: Party[]; lines: Line[]; rows: number } {
  const parties = new Map<string, Party>()
  const meet = (gln: string, part: Part) => {
    if (!parties.has(gln)) parties.set(gln, { gln, name: nameOf(gln), part, x: 0, y: 0 })
  }
  for (const m of messages) {
    const known = parts[m.type]
    if (known) {
      meet(m.from, known[0])
      meet(m.to, known[1])
    }
  }
  // Whoever only receives packs at the end of the way supplies them to people.
  const senders = new Set(messages.filter((m) => m.type === 'dispatch/1').map((m) => m.from))
  for (const m of messages.filter((d) => d.type === 'dispatch/1')) {
    meet(m.from, 'distributor')
    meet(m.to, senders.has(m.to) ? 'distributor' : 'pharmacy')
  }
  const all = [...parties.values()]
  const rows = place(all)
  return { parties: all, lines: join(messages, parties), rows }
}

/** Places suppliers on the left, the maker beside them with the administration above, and the rest of the way in turns of two columns. */
function place(all: Party[]): number {
  let suppliers = 0
  let above = 0
  let onward = 0
  let makers = 0
  for (const p of all) {
    if (p.part === 'supplier') [p.x, p.y] = [0, 1 + suppliers++]
    else if (p.part === 'manufacturer') [p.x, p.y] = [1, 1 + makers++]
    else if (p.part === 'administration') [p.x, p.y] = [1 + above++, 0]
    else {
      const row = Math.floor(onward / 2)
      const step = onward % 2
      ;[p.x, p.y] = [row % 2 === 0 ? 2 + step : 3 - step, 1 + row]
      onward++
    }
  }
  return 1 + Math.max(1, suppliers, makers, Math.ceil(onward / 2))
}

function join(messages: Message[], parties: Map<string, Party>): Line[] {
  const lines: Line[] = []
  messages.forEach((m, i) => {
    const [from, to] = [parties.get(m.from), parties.get(m.to)]
    if (!from || !to || from === to) return
    const line = lines.find((l) => (l.from === from && l.to === to) || (l.from === to && l.to === from))
    if (line) line.numbers.push(i + 1)
    else lines.push({ ...goods(from, to), numbers: [i + 1] })
  })
  return lines
}

/** A line points the way that material, approval and packs go, whoever wrote first. */
function goods(from: Party, to: Party): { from: Party; to: Party } {
  const order: Part[] = ['supplier', 'administration', 'manufacturer', 'distributor', 'pharmacy']
  return order.indexOf(from.part) <= order.indexOf(to.part) ? { from, to } : { from: to, to: from }
}
