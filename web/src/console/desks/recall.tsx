// A batch or a product is recalled, withdrawn, or released again.
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { Input } from '../../ui/Input'
import { useLoad, useSend } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import type { Session } from '../screen'
import { every } from './archive'
import { text as checkText } from './fields'
import { Form, is, Once, OnLedger, Pick } from './parts'
import { Rows } from './rows'
import type { Batch, Certificate, Done } from './shapes'
import { useAdministrationText } from './text.administration'
import { statusName, useSharedText, wrong } from './text.shared'

interface Desk {
  batches: Batch[]
  certificates: Certificate[]
}

async function desk(session: Session): Promise<Desk> {
  const [batches, certificates] = await Promise.all([
    is(session, 'manufacturer') ? every<Batch>('/v1/batches') : [],
    every<Certificate>('/v1/certificates'),
  ])
  return { batches: batches.filter((b) => b.status !== 'releasing'), certificates }
}

/** Recalls is the form, with the batches and where they stand. */
export function Recalls({ session }: { session: Session }) {
  const found = useLoad(() => desk(session), [])
  const shared = useSharedText()
  const text = useAdministrationText()
  const [done, setDone] = useState<Done>()
  return (
    <Shown of={found}>
      {(d) => (
        <>
          <Once result={done} show={(x) => <OnLedger done={x} />} another={shared.another} onAnother={() => setDone(undefined)}>
            <Recall
              session={session}
              desk={d}
              onDone={(x) => {
                setDone(x)
                found.again()
              }}
            />
          </Once>
          {d.batches.length > 0 && (
            <Rows
              id="recall-batches"
              title={text.ownBatches}
              rows={d.batches}
              keyOf={(b) => b.id}
              columns={[
                { name: shared.lot, cell: (b) => b.lot },
                { name: shared.gtin, cell: (b) => b.gtin },
                { name: shared.expiry, cell: (b) => b.expiry },
                {
                  name: shared.status,
                  cell: (b) => <span class={`tag ${b.status === 'released' ? 'good' : 'bad'}`}>{statusName(shared, 'k', b.status)}</span>,
                },
              ]}
            />
          )}
        </>
      )}
    </Shown>
  )
}

/** Returns what can be recalled, each with its name. */
function things(d: Desk): { batches: [string, string][]; products: [string, string][] } {
  const name = (gtin: string) => {
    const c = d.certificates.find((x) => x.gtins?.includes(gtin))
    return c ? `${c.name} ${c.strength} (${gtin})` : gtin
  }
  const gtins = [...new Set([...d.certificates.flatMap((c) => c.gtins ?? []), ...d.batches.map((b) => b.gtin)])]
  return { batches: d.batches.map((b) => [b.id, `${b.lot} · ${name(b.gtin)}`]), products: gtins.map((g) => [g, name(g)]) }
}

/** What is filled in of a recall. */
function useRecall(d: Desk, onDone: (d: Done) => void) {
  const { batches, products } = things(d)
  const [v, set] = useState({ kind: batches.length > 0 ? 'batch' : 'product', thing: '', status: '', reason: '' })
  const [tried, setTried] = useState(false)
  const options = v.kind === 'batch' ? batches : products
  const what = options.find(([id]) => id === v.thing)?.[1] ?? ''
  const sending = useSend(
    (key) =>
      post<Done>(
        '/v1/recalls',
        { ...(v.kind === 'batch' ? { batch: v.thing } : { gtin: v.thing }), status: v.status, reason: v.reason },
        key,
      ),
    onDone,
  )
  return { v, set, batches, options, what, tried, setTried, sending }
}

function Recall({ session, desk: d, onDone }: { session: Session; desk: Desk; onDone: (d: Done) => void }) {
  const text = useAdministrationText()
  const shared = useSharedText()
  const { v, set, batches, options, what, tried, setTried, sending } = useRecall(d, onDone)
  const put = (k: keyof typeof v) => (value: string) => set({ ...v, [k]: value })
  const missing = (k: keyof typeof v) => (tried && v[k] === '' ? 'missing' : undefined)
  return (
    <Form
      id="recall"
      title={text.recallForm}
      sending={sending}
      session={session}
      says={text.recall(what, v.status ? statusName(shared, 'k', v.status) : '')}
      submit={text.signRecall}
      look={v.status === 'released' ? 'main' : 'danger'}
      good={v.thing !== '' && v.status !== '' && !checkText(v.reason)}
      onTry={() => setTried(true)}
      {...(v.status === 'released' ? {} : { sure: text.recallNow(what) })}
    >
      {batches.length > 0 && (
        <Pick
          id="recall-kind"
          label={text.recallWhat}
          value={v.kind}
          onValue={(kind) => set({ ...v, kind, thing: '' })}
          options={[
            ['batch', text.aBatch],
            ['product', text.aProduct],
          ]}
        />
      )}
      <Pick
        id="recall-thing"
        label={v.kind === 'batch' ? shared.batch : text.product}
        value={v.thing}
        onValue={put('thing')}
        options={options}
        wrong={missing('thing')}
      />
      <Pick
        id="recall-status"
        label={text.status}
        value={v.status}
        onValue={put('status')}
        options={(['recalled', 'withdrawn', 'released'] as const).map((s) => [s, statusName(shared, 'k', s)])}
        wrong={missing('status')}
      />
      <Input
        id="recall-reason"
        label={shared.reason}
        hint={shared.reasonHint}
        value={v.reason}
        onValue={put('reason')}
        error={wrong(shared, tried ? checkText(v.reason) : undefined)}
      />
    </Form>
  )
}
