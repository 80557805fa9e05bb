// The packs of a batch of one's own, and labels for them.
import { useState } from 'preact/hooks'
import { bytes, get, postBytes } from '../../api/api'
import { count } from '../../text/text'
import { Button } from '../../ui/Button'
import { Facts } from '../../ui/Facts'
import { Failure } from '../../ui/Failure'
import { Choice, Input } from '../../ui/Input'
import { useLoad, useSend } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import type { Session } from '../screen'
import { whole } from './fields'
import { save } from './files'
import { may } from './parts'
import { Rows } from './rows'
import type { Batch } from './shapes'
import { useManufacturerText } from './text.manufacturer'
import { statusName, useSharedText, wrong } from './text.shared'

interface Printed {
  index: number
  code: string
}

const page = 25

/** Packs shows a batch with what is printed on its packs. */
export function Packs({ session, batch }: { session: Session; batch: Batch | undefined }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  return (
    <>
      <p>
        <a href={href('batches')}>{shared.back}</a>
      </p>
      {!batch && <p>{text.unknownBatch}</p>}
      {batch && (
        <>
          <section class="stack panel" aria-labelledby="batch-title">
            <h2 id="batch-title">{text.packsTitle(batch.lot)}</h2>
            <Facts
              of={[
                [shared.gtin, batch.gtin],
                [shared.expiry, batch.expiry],
                [shared.count, count(batch.size)],
                [shared.certificate, batch.certificate],
                [shared.status, statusName(shared, 'k', batch.status)],
              ]}
            />
          </section>
          {may(session, 'labels') && <Labels batch={batch} coded={Boolean(batch.codes) && may(session, 'code-labels')} />}
          {may(session, 'packs') && <Codes batch={batch} />}
        </>
      )}
    </>
  )
}

const maxLabels = 5000
const sheets: [string, string][] = [
  ['3x8', 'A4, 3 × 8'],
  ['2x7', 'A4, 2 × 7'],
  ['5x13', 'A4, 5 × 13'],
  ['roll', '1'],
]
const symbols: [string, string][] = [
  ['datamatrix', 'GS1 DataMatrix'],
  ['qr', 'QR (Digital Link)'],
]

interface Wanted {
  from: number
  count: number
  sheet: string
  symbol: string
}

/** Asks for labels; those with codes by no address that a browser would remember. */
function print(batch: Batch, coded: boolean, w: Wanted): Promise<Blob> {
  const path = `/v1/batches/${encodeURIComponent(batch.id)}/labels`
  if (coded) return postBytes(path, w)
  return bytes(`${path}?${new URLSearchParams({ from: String(w.from), count: String(w.count), sheet: w.sheet, symbol: w.symbol })}`)
}

function Labels({ batch, coded }: { batch: Batch; coded: boolean }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  const [v, set] = useState({ from: '1', count: String(Math.min(batch.size, 24)), sheet: '3x8', symbol: 'datamatrix', second: '' })
  const put = (k: keyof typeof v) => (value: string) => set({ ...v, [k]: value })
  const from = whole(v.from)
  const n = whole(v.count)
  const wrongFrom = !from || from > batch.size ? 'number' : undefined
  const wrongCount = !n || n > maxLabels || (from && from - 1 + n > batch.size) ? 'number' : undefined
  const printing = useSend(
    () => print(batch, v.second === 'codes', { from: (from ?? 1) - 1, count: n ?? 0, sheet: v.sheet, symbol: v.symbol }),
    (pdf) => save(pdf, `${batch.gtin}-${batch.lot}-${v.from}.pdf`.replaceAll('/', '_')),
  )
  return (
    <form
      id="labels"
      class="stack panel"
      aria-labelledby="labels-title"
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        if (!wrongFrom && !wrongCount) printing.send()
      }}
    >
      <h2 id="labels-title">{text.labelsTitle}</h2>
      <div class="columns">
        <Input id="labels-from" label={text.labelsFrom} value={v.from} onValue={put('from')} error={wrong(shared, wrongFrom)} />
        <Input id="labels-count" label={text.labelsCount} value={v.count} onValue={put('count')} error={wrong(shared, wrongCount)} />
        <Choice
          id="labels-sheet"
          label={text.sheet}
          value={v.sheet}
          onValue={put('sheet')}
          options={sheets.map(([k, n]) => [k, k === 'roll' ? text.roll : n])}
        />
        <Choice id="labels-symbol" label={text.symbol} value={v.symbol} onValue={put('symbol')} options={symbols} />
        {coded && (
          <Choice
            id="labels-second"
            label={text.second}
            hint={text.secondHint}
            value={v.second}
            onValue={put('second')}
            options={[
              ['', text.secondNone],
              ['codes', text.secondCodes],
            ]}
          />
        )}
      </div>
      {printing.error && <Failure of={printing.error} />}
      <div class="row">
        <Button type="submit" look="main" icon="save" busy={printing.busy}>
          {text.labels}
        </Button>
      </div>
    </form>
  )
}

function Codes({ batch }: { batch: Batch }) {
  const text = useManufacturerText()
  const [from, setFrom] = useState(0)
  const found = useLoad(() => get<Printed[]>(`/v1/batches/${encodeURIComponent(batch.id)}/packs`, { from, limit: page }), [batch.id, from])
  return (
    <Shown of={found}>
      {(packs) => (
        <>
          <Rows
            id="packs"
            title={text.packs}
            rows={packs}
            keyOf={(p) => String(p.index)}
            columns={[
              { name: text.place, cell: (p) => count(p.index + 1) },
              { name: text.printed, cell: (p) => <code class="long">{p.code}</code> },
            ]}
          />
          <div class="row">
            <Button disabled={from === 0} onClick={() => setFrom(Math.max(0, from - page))}>
              {text.before}
            </Button>
            <Button disabled={from + page >= batch.size} onClick={() => setFrom(from + page)}>
              {text.next}
            </Button>
          </div>
        </>
      )}
    </Shown>
  )
}
