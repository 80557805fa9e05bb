import { expect, test } from 'vitest'
import type { Message } from './shapes'
import { type ReportContent, signals } from './signals'

const now = new Date('2026-11-21T12:00:00Z')
let n = 0
const report = (kind: string, code: string, reporter: string): Message<ReportContent> => ({
  id: String(n++),
  type: 'report/1',
  case: '',
  from: '',
  to: '',
  prev: [],
  status: 'received',
  created: '',
  content: { reporter, claims: { kind, code, text: '' } },
})

test('reports are grouped by product, the most reported first', () => {
  const found = signals(
    [
      report('adverse_reaction', '(01)09521141200025(21)A', 'p'),
      report('suspected_fake', '(01)09521141200018(10)T1(21)A', 'p'),
      report('suspected_fake', '(01)09521141200018(10)T2(21)B', 'p'),
      report('adverse_reaction', 'https://id.gs1.org/01/09521141200018/10/T1/21/C', 'q'),
      report('suspected_fake', 'scratched off', 'r'),
    ],
    now,
  )
  expect(found.map((s) => [s.gtin, s.lots, s.fakes.length, s.reactions.length, s.reporters])).toEqual([
    ['09521141200018', ['T1', 'T2'], 2, 1, 2],
    ['09521141200025', [], 0, 1, 1],
    ['', [], 1, 0, 1],
  ])
})
