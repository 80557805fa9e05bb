import { expect, test } from 'vitest'
import { layout, type Message } from './picture'

const story: Message[] = [
  { type: 'dmms/1', from: 'M', to: 'S' },
  { type: 'msdm/1', from: 'S', to: 'M' },
  { type: 'dmda/1', from: 'M', to: 'A' },
  { type: 'dadm/1', from: 'A', to: 'M' },
  { type: 'dmdd/1', from: 'M', to: 'D' },
  { type: 'dispatch/1', from: 'D', to: 'P' },
]
const name = (gln: string) => gln

test('every party stands somewhere else, in four columns', () => {
  const { parties, rows } = layout(story, name)
  expect(parties.map((p) => [p.gln, p.part, p.x, p.y])).toEqual([
    ['M', 'manufacturer', 1, 1],
    ['S', 'supplier', 0, 1],
    ['A', 'administration', 1, 0],
    ['D', 'distributor', 2, 1],
    ['P', 'pharmacy', 3, 1],
  ])
  expect(rows).toBe(2)
})

test('a line joins two parties once, points the way of the goods, and counts all messages', () => {
  const { lines } = layout(story, name)
  expect(lines.map((l) => [l.from.gln, l.to.gln, l.numbers])).toEqual([
    ['S', 'M', [1, 2]],
    ['A', 'M', [3, 4]],
    ['M', 'D', [5]],
    ['D', 'P', [6]],
  ])
})

test('a long way and many suppliers stay inside four columns, nobody on another', () => {
  const way = ['D', 'E', 'F', 'G', 'P']
  const long: Message[] = [
    ...['S', 'T', 'U'].map((to) => ({ type: 'dmms/1', from: 'M', to })),
    { type: 'dmdd/1', from: 'M', to: 'D' },
    ...way.slice(1).map((to, i) => ({ type: 'dispatch/1', from: way[i] ?? '', to })),
  ]
  const { parties, lines, rows } = layout(long, name)
  expect(new Set(parties.map((p) => `${p.x},${p.y}`)).size).toBe(parties.length)
  expect(parties.every((p) => p.x >= 0 && p.x < 4 && p.y < rows)).toBe(true)
  expect(parties.filter((p) => p.part === 'pharmacy').map((p) => p.gln)).toEqual(['P'])
  // Who follows another stands beside or below: no line crosses the picture.
  const steps = lines.filter((l) => l.from.part === 'distributor')
  expect(steps.map((l) => Math.abs(l.from.x - l.to.x) + Math.abs(l.from.y - l.to.y))).toEqual([1, 1, 1, 1])
})
