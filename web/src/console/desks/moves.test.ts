import { expect, test } from 'vitest'
import operating from '../../../../docs/operating.md?raw'
import { transitions } from './moves'

/** Reads the table of docs/operating.md, a line for each transition and role. */
function documented(): string[] {
  const lines = operating.split('\n')
  const start = lines.indexOf('| from | to | by |')
  expect(start).toBeGreaterThan(0)
  const out: string[] = []
  for (const line of lines.slice(start + 2)) {
    const cells = line.split('|').map((c) => c.trim())
    if (cells.length < 4) break
    for (const to of cells[2]?.split(', ') ?? []) for (const by of cells[3]?.split(', ') ?? []) out.push(`${cells[1]} ${to} ${by}`)
  }
  return out.sort()
}

test('the moves that are offered are those of docs/operating.md', () => {
  const here = transitions.flatMap((t) => t.by.map((by) => `${t.from} ${t.to} ${by}`)).sort()
  expect(here.length).toBeGreaterThan(20)
  expect(here).toEqual(documented())
})
