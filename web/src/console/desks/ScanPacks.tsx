import { useRef, useState } from 'preact/hooks'
import { Button } from '../../ui/Button'
import { Notice } from '../../ui/Notice'
import { textOf, useVerifyText } from '../../verify/text'
import { type Result, reason } from '../../verify/verdict'
import { ScanField } from './ScanField'
import { find, type Pack } from './scanned'
import { type State, states } from './shapes'
import { useCounterText } from './text.counter'
import { stateName, useSharedText } from './text.shared'

interface Given {
  scanned: Pack[]
  setScanned: (packs: Pack[]) => void
}

type Trouble = { kind: 'other' } | { kind: 'twice' } | { kind: 'result'; result: Result } | { kind: 'broken'; words: string }

/** ScanPacks gathers packs of one lot. */
export function ScanPacks({ scanned, setScanned }: Given) {
  const text = useCounterText()
  const shared = useSharedText()
  const [trouble, setTrouble] = useState<Trouble>()
  // Scans may come faster than they are verified.
  const all = useRef(scanned)
  all.current = scanned
  const queue = useRef(Promise.resolve())
  const put = (packs: Pack[]) => {
    all.current = packs
    setScanned(packs)
  }
  const take = async (code: string) => {
    const found = await find(code).catch((e): { broken: string } => ({ broken: String(e) }))
    if ('broken' in found) return setTrouble({ kind: 'broken', words: found.broken })
    if ('result' in found) return setTrouble({ kind: 'result', result: found.result })
    const { pack } = found
    const first = all.current[0]
    if (first && (first.gtin !== pack.gtin || first.lot !== pack.lot)) return setTrouble({ kind: 'other' })
    if (all.current.some((p) => p.index === pack.index)) return setTrouble({ kind: 'twice' })
    setTrouble(undefined)
    put([...all.current, pack])
  }
  return (
    <>
      <ScanField
        id="move-scan"
        label={text.scanLabel}
        hint={text.scanHint}
        onCode={(code) => {
          queue.current = queue.current.then(() => take(code))
        }}
      />
      <div role="alert">{trouble && <Said trouble={trouble} />}</div>
      {scanned.length > 0 && (
        <ul class="papers" aria-label={text.scanned}>
          {scanned.map((p) => (
            <li key={p.index}>
              <span class="code">
                {p.lot} · {p.serial}
              </span>
              <span class="quiet">{states.includes(p.state as State) ? stateName(shared, p.state as State) : p.state}</span>
              <Button look="bare" icon="close" aria-label={text.remove(p.serial)} onClick={() => put(scanned.filter((q) => q !== p))} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function Said({ trouble }: { trouble: Trouble }) {
  const text = useCounterText()
  const shared = useSharedText()
  const verify = useVerifyText()
  if (trouble.kind === 'other' || trouble.kind === 'twice') {
    return (
      <Notice look="warn">
        <p>{trouble.kind === 'other' ? text.otherBatch : text.twice}</p>
      </Notice>
    )
  }
  if (trouble.kind === 'broken') return <Notice look="bad">{trouble.words}</Notice>
  const { result } = trouble
  return (
    <Notice look="bad" title={textOf(verify, 'is_', result.display, 'is_cannot_check')}>
      <p>{textOf(verify, 'why_', reason(result), 'why_other')}</p>
      <p class="quiet">{shared.code(result.why)}</p>
    </Notice>
  )
}
