// The form with which a manufacturer releases a batch.
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { count } from '../../text/text'
import { Checks, Input } from '../../ui/Input'
import { useSend } from '../../ui/load'
import type { Session } from '../screen'
import { lot as checkLot, day, iso, items, whole, years } from './fields'
import { lotsOf } from './lots'
import { Form, Pick, Several } from './parts'
import type { Certificate, Job, MaterialSupply, Message } from './shapes'
import { useManufacturerText } from './text.manufacturer'
import { useSharedText, wrong } from './text.shared'

interface Given {
  session: Session
  certificates: Certificate[]
  supplies: Message<MaterialSupply>[]
  onStarted: (job: Job, lot: string) => void
}

const shelfLife = 3

/** What is filled in of a batch, and what is wrong with it. */
function useBatch({ session, certificates, supplies, onStarted }: Given) {
  const lots = lotsOf(supplies)
  const [v, set] = useState({
    certificate: certificates[0]?.number ?? '',
    gtin: certificates[0]?.gtins?.[0] ?? '',
    lot: '',
    expiry: iso(years(new Date(), shelfLife)),
    site: certificates[0]?.sites?.[0] ?? session.organisation.gln,
    size: '',
    serials: '',
  })
  const [chosen, setChosen] = useState<string[]>([])
  const [extra, setExtra] = useState<string[]>([])
  const [tried, setTried] = useState(false)
  const put = (k: keyof typeof v) => (value: string) => set((old) => ({ ...old, [k]: value }))
  const serials = items(v.serials)
  const size = serials.length > 0 ? serials.length : whole(v.size)
  const used = lots.filter((l) => chosen.includes(l.id))
  const w = {
    certificate: v.certificate ? undefined : ('missing' as const),
    gtin: v.gtin ? undefined : ('missing' as const),
    lot: checkLot(v.lot),
    expiry: day(v.expiry, new Date()),
    size: size ? undefined : ('number' as const),
    inputs: used.length > 0 ? undefined : ('missing' as const),
  }
  const body = {
    certificate: v.certificate,
    gtin: v.gtin,
    lot: v.lot,
    expiry: v.expiry,
    site: v.site,
    inputs: used.map((l) => ({ gtin: l.gtin, lot: l.lot })),
    materials: [...new Set(used.map((l) => l.supply))],
    ...(serials.length > 0 ? { serials } : { size }),
    ...(extra.includes('codes') ? { codes: true } : {}),
  }
  const sending = useSend(
    (key) => post<Job>('/v1/batches', body, key),
    (job) => onStarted(job, v.lot),
  )
  const told = <K extends keyof typeof w>(k: K) => (tried ? w[k] : undefined)
  return {
    v,
    set,
    put,
    lots,
    chosen,
    setChosen,
    extra,
    setExtra,
    size,
    told,
    setTried,
    sending,
    good: Object.values(w).every((x) => x === undefined),
  }
}

/** Release asks for a batch. */
export function Release(given: Given) {
  const { session, certificates } = given
  const text = useManufacturerText()
  const shared = useSharedText()
  const batch = useBatch(given)
  const { v, put, lots, chosen, setChosen, size, told } = batch
  const certificate = certificates.find((c) => c.number === v.certificate)
  return (
    <Form
      id="release"
      title={text.releaseTitle}
      sending={batch.sending}
      session={session}
      says={text.releaseSays(count(size ?? 0))}
      submit={text.release}
      good={batch.good}
      onTry={() => batch.setTried(true)}
    >
      <Approved of={batch} certificates={certificates} />
      <Input id="release-lot" label={shared.lot} value={v.lot} onValue={put('lot')} error={wrong(shared, told('lot'))} />
      <Input
        id="release-expiry"
        label={shared.expiry}
        type="date"
        value={v.expiry}
        onValue={put('expiry')}
        error={wrong(shared, told('expiry'))}
      />
      <Several
        id="release-inputs"
        legend={text.inputs}
        options={lots.map((l) => [l.id, l.label])}
        chosen={chosen}
        onChosen={setChosen}
        wrong={told('inputs')}
      />
      <Pick id="release-site" label={text.site} value={v.site} onValue={put('site')} options={sites(certificate, session)} />
      <Input id="release-size" label={text.size} value={v.size} onValue={put('size')} error={wrong(shared, told('size'))} />
      <Checks
        legend={text.codes}
        hint={text.codesHint}
        chosen={batch.extra}
        onChosen={batch.setExtra}
        options={[['codes', text.codesWanted]]}
      />
      <details>
        <summary>{text.serials}</summary>
        <Input id="release-serials" label={text.serials} hint={text.serialsHint} lines={4} value={v.serials} onValue={put('serials')} />
      </details>
    </Form>
  )
}

/** Under which certificate, and which of its products. */
function Approved({ of: { v, set, put, told }, certificates }: { of: ReturnType<typeof useBatch>; certificates: Certificate[] }) {
  const text = useManufacturerText()
  const shared = useSharedText()
  const certificate = certificates.find((c) => c.number === v.certificate)
  return (
    <>
      <Pick
        id="release-certificate"
        label={shared.certificate}
        hint={text.certificateHint}
        value={v.certificate}
        onValue={(number) => {
          const c = certificates.find((x) => x.number === number)
          set({ ...v, certificate: number, gtin: c?.gtins?.[0] ?? '', site: c?.sites?.[0] ?? v.site })
        }}
        options={certificates.map((c) => [c.number, `${c.name} ${c.strength} (${c.number})`])}
        wrong={told('certificate')}
      />
      <Pick
        id="release-gtin"
        label={shared.gtin}
        value={v.gtin}
        onValue={put('gtin')}
        options={(certificate?.gtins ?? []).map((g) => [g, g])}
        wrong={told('gtin')}
      />
    </>
  )
}

/** The sites of a certificate, and one's own. */
function sites(c: Certificate | undefined, { organisation: own }: Session): [string, string][] {
  return [...new Set([...(c?.sites ?? []), own.gln])].map((g) => [g, g === own.gln ? own.name : g])
}
