// Moves beside dispensing: destroyed, stolen, locked, returned and so on.
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { count } from '../../text/text'
import { Ask, Opener } from '../../ui/Ask'
import { useLoad, useSend } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import type { Session } from '../screen'
import { every } from './archive'
import { final, offered, type Transition } from './moves'
import { Parcels } from './parcels'
import { Form, is, may, Once, OnLedger, Pick } from './parts'
import { packs as countOf, type Range } from './ranges'
import { Rows } from './rows'
import { ScanPacks } from './ScanPacks'
import { type Pack, placesOf } from './scanned'
import type { Done, Holding } from './shapes'
import { inState, type Line, pick } from './stock'
import { type CounterText, useCounterText } from './text.counter'
import { stateName, useSharedText } from './text.shared'

/** A Moved is what was moved in this session. */
interface Moved {
  done: Done
  transition: Transition
  ranges: Range[]
  lot: string
  undone?: boolean
}

/** Moves offers what the organisation's roles may do with packs. */
export function Moves({ session }: { session: Session }) {
  const text = useCounterText()
  const shared = useSharedText()
  const found = useLoad(() => every<Holding>('/v1/stock'), [])
  const [moved, setMoved] = useState<Moved[]>([])
  const [last, setLast] = useState<Done>()
  return (
    <Shown of={found}>
      {(stock) => (
        <>
          <Once result={last} show={(d) => <OnLedger done={d} />} another={shared.another} onAnother={() => setLast(undefined)}>
            <Mover
              session={session}
              stock={stock}
              onMoved={(m) => {
                setMoved([m, ...moved])
                setLast(m.done)
                found.again()
              }}
            />
          </Once>
          <Rows
            id="moved"
            title={text.moved}
            rows={moved}
            keyOf={(m) => m.done.operation}
            columns={[
              { name: text.what, cell: (m) => nameOf(text, m.transition) },
              { name: shared.lot, cell: (m) => m.lot },
              { name: shared.count, cell: (m) => count(countOf(m.ranges)) },
              {
                name: shared.status,
                cell: (m) => {
                  if (m.undone) return text.undone
                  if (final(m.transition) || !may(session, 'undo')) return shared.done
                  return (
                    <Undo
                      moved={m}
                      onUndone={() => {
                        setMoved((all) => all.map((x) => (x.done.operation === m.done.operation ? { ...x, undone: true } : x)))
                        found.again()
                      }}
                    />
                  )
                },
              },
            ]}
          />
        </>
      )}
    </Shown>
  )
}

const keyOf = (t: Transition): string => `${t.from}_${t.to}`

function nameOf(text: CounterText, t: Transition): string {
  const name = (text as unknown as Record<string, unknown>)[`t_${keyOf(t)}`]
  return typeof name === 'string' ? name : `${t.from} → ${t.to}`
}

interface MoverGiven {
  session: Session
  stock: Holding[]
  onMoved: (m: Moved) => void
}

/** What is filled in of a move, and which packs that means. */
function useMove({ session, stock, onMoved }: MoverGiven) {
  const [chosen, setChosen] = useState('')
  const [how, setHow] = useState('stock')
  const [lines, setLines] = useState<Line[]>([{ batch: '', count: '' }])
  const [scanned, setScanned] = useState<Pack[]>([])
  const [tried, setTried] = useState(false)
  const options = offered(session.organisation.roles)
  const transition = options.find((t) => keyOf(t) === chosen)
  const there = transition ? held(stock, transition) : []
  const picked = pick(lines, there)
  const parcel = how === 'stock' ? picked[0] : undefined
  const ranges = how === 'stock' ? (parcel?.ranges ?? []) : placesOf(scanned)
  const lot = how === 'stock' ? stock.find((h) => h.batch === parcel?.batch)?.lot : scanned[0]?.lot
  const which = how === 'stock' ? parcel : { packs: scanned.map((p) => p.code) }
  const sending = useSend(
    (key) => post<Done>('/v1/moves', { from: transition?.from, to: transition?.to, ...which }, key),
    (done) => transition && onMoved({ done, transition, ranges, lot: lot ?? '' }),
  )
  return {
    chosen,
    setChosen,
    how,
    setHow,
    lines,
    setLines,
    scanned,
    setScanned,
    tried,
    setTried,
    options,
    transition,
    there,
    picked,
    ranges,
    sending,
  }
}

function Mover(given: MoverGiven) {
  const { session } = given
  const text = useCounterText()
  const shared = useSharedText()
  const { how, lines, scanned, tried, options, transition, there, picked, ranges, ...move } = useMove(given)
  const says = text.moveSays(count(countOf(ranges)), transition ? stateName(shared, transition.to) : '')
  return (
    <Form
      id="move"
      title={text.moveTitle}
      sending={move.sending}
      session={session}
      says={transition && final(transition) ? `${says} ${text.moveFinal}` : says}
      submit={text.move}
      look={transition && final(transition) ? 'danger' : 'main'}
      good={transition !== undefined && ranges.length > 0}
      onTry={() => move.setTried(true)}
      {...(transition && final(transition) ? { sure: `${says} ${text.moveFinal}` } : {})}
    >
      {is(session, 'manufacturer') && <p class="quiet">{text.moveOwn}</p>}
      <Pick
        id="move-what"
        label={text.what}
        value={move.chosen}
        onValue={move.setChosen}
        options={options.map((t) => [keyOf(t), nameOf(text, t)])}
        wrong={tried && !transition ? 'missing' : undefined}
      />
      <Pick
        id="move-how"
        label={text.how}
        value={how}
        onValue={move.setHow}
        options={[
          ['stock', text.byStock],
          ['scan', text.byScan],
        ]}
      />
      {how === 'stock' && transition && there.length === 0 && <p>{text.nothingThere}</p>}
      {/* One move is of one batch, so there is one line. */}
      {how === 'stock' && there.length > 0 && (
        <Parcels lines={lines} setLines={move.setLines} offers={there} picked={picked} tried={tried} single />
      )}
      {how === 'scan' && <ScanPacks scanned={scanned} setScanned={move.setScanned} />}
    </Form>
  )
}

/** Returns what of the stock is in the state from which a transition goes. */
const held = (stock: Holding[], t: Transition) =>
  stock
    .map((h) => ({ batch: h.batch, label: [h.product, h.lot, h.expiry].filter(Boolean).join(' · '), ranges: inState(h, t.from) }))
    .filter((o) => o.ranges.length > 0)

function Undo({ moved, onUndone }: { moved: Moved; onUndone: () => void }) {
  const text = useCounterText()
  const body = { operation: moved.done.operation, time: moved.done.time, units: moved.ranges }
  return (
    <Opener id={`undo-${moved.done.operation}`} label={text.undo}>
      {(close) => (
        <Ask
          id={`ask-${moved.done.operation}`}
          title={text.undoMoveTitle}
          says={text.undoSays}
          submit={text.undo}
          send={(key) => post<Done>('/v1/undos', body, key)}
          done={() => {
            close()
            onUndone()
          }}
          onClose={close}
        />
      )}
    </Opener>
  )
}
