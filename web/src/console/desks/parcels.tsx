import { count } from '../../text/text'
import { Button } from '../../ui/Button'
import { Input } from '../../ui/Input'
import { Pick } from './parts'
import { packs, places } from './ranges'
import type { Line, Offer, Picked } from './stock'
import { useSharedText, wrong } from './text.shared'
import { useTradeText } from './text.trade'

interface Given {
  lines: Line[]
  setLines: (lines: Line[]) => void
  offers: Offer[]
  picked: (Picked | undefined)[]
  tried: boolean
  /** One batch only. */
  single?: boolean
}

const maxParcels = 64

/** Parcels are the rows of a form that say how many packs of which batches. */
export function Parcels({ lines, setLines, offers, picked, tried, single }: Given) {
  const text = useTradeText()
  const put = (i: number, change: Partial<Line>) => setLines(lines.map((l, j) => (j === i ? { ...l, ...change } : l)))
  const free = (i: number) => offers.filter((o) => !lines.some((l, j) => j !== i && l.batch === o.batch))
  return (
    <>
      {lines.map((l, i) => (
        <Parcel
          key={i}
          n={i}
          line={l}
          offers={free(i)}
          picked={picked[i]}
          tried={tried}
          put={(c) => put(i, c)}
          {...(lines.length > 1 ? { remove: () => setLines(lines.toSpliced(i, 1)) } : {})}
        />
      ))}
      {!single && lines.length < Math.min(maxParcels, offers.length) && (
        <div class="row">
          <Button onClick={() => setLines([...lines, { batch: '', count: '' }])}>{text.addParcel}</Button>
        </div>
      )}
    </>
  )
}

interface ParcelGiven {
  n: number
  line: Line
  offers: Offer[]
  picked: Picked | undefined
  tried: boolean
  put: (change: Partial<Line>) => void
  remove?: () => void
}

function Parcel({ n, line, offers, picked, tried, put, remove }: ParcelGiven) {
  const text = useTradeText()
  const shared = useSharedText()
  const offer = offers.find((o) => o.batch === line.batch)
  const few = offer && Number(line.count) > packs(offer.ranges)
  const wrongCount = picked || (!tried && !few) ? undefined : few ? 'few' : 'number'
  return (
    <fieldset class="stack group">
      <legend>{text.parcel(n + 1)}</legend>
      <Pick
        id={`parcel-${n}-batch`}
        label={shared.batch}
        value={line.batch}
        onValue={(batch) => put({ batch })}
        options={offers.map((o) => [o.batch, `${o.label} (${text.inStock(count(packs(o.ranges)))})`])}
        wrong={tried && line.batch === '' ? 'missing' : undefined}
      />
      <Input
        id={`parcel-${n}-count`}
        label={text.howMany}
        value={line.count}
        onValue={(c) => put({ count: c })}
        error={wrong(shared, wrongCount)}
      />
      {picked && <p class="quiet">{text.willSend(places(picked.ranges))}</p>}
      {remove && (
        <div class="row">
          <Button onClick={remove}>{text.removeParcel(n + 1)}</Button>
        </div>
      )}
    </fieldset>
  )
}
