// The form with which a manufacturer hands in a dossier (exchange 3).
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { Button } from '../../ui/Button'
import { described, Field } from '../../ui/Field'
import { Input } from '../../ui/Input'
import { useSend } from '../../ui/load'
import type { Session } from '../screen'
import { anchor } from './archive'
import { text as checkText, gtin, items, type Wrong } from './fields'
import { base64, maxDocuments } from './files'
import { lotsOf, type Supplied } from './lots'
import { Form, Several, Who } from './parts'
import type { Decision, Dossier, MaterialSupply, Member, Message } from './shapes'
import { useManufacturerText } from './text.manufacturer'
import { useSharedText, wrong } from './text.shared'

interface Given {
  session: Session
  members: Member[]
  supplies: Message<MaterialSupply>[]
  /** The decision that asks a question, and the dossier that it asks about. */
  question?: { decision: Message<Decision>; dossier: Message<Dossier> } | undefined
  onSent: (m: Message) => void
}

interface Paper {
  name: string
  media: string
  bytes: Uint8Array
}

/** Returns what is handed in: a further dossier keeps the lots of the one before. */
function content(v: { product: string; codes: string }, chosen: Supplied[], papers: Paper[], earlier: Dossier | undefined) {
  const lots = chosen.map((c) => ({ gtin: c.gtin, lot: c.lot }))
  const kept = (earlier?.materials ?? []).filter((m) => !lots.some((l) => l.gtin === m.gtin && l.lot === m.lot))
  return {
    product: v.product,
    // The ledger wants product codes rising.
    gtins: [...new Set(items(v.codes).map((c) => gtin(c) ?? c))].sort(),
    materials: [...kept, ...lots],
    documents: papers.map((p) => ({ name: p.name, media: p.media, bytes: base64(p.bytes) })),
  }
}

/** What is filled in of a dossier, and what is wrong with it. */
function useDossier({ supplies, question, onSent }: Given) {
  const lots = lotsOf(supplies)
  const earlier = question?.dossier.content
  const [v, set] = useState({
    to: question?.decision.from ?? '',
    product: earlier?.product ?? '',
    codes: earlier?.gtins?.join('\n') ?? '',
  })
  const [chosen, setChosen] = useState<string[]>([])
  const [papers, setPapers] = useState<Paper[]>([])
  const [tried, setTried] = useState(false)
  const put = (k: keyof typeof v) => (value: string) => set({ ...v, [k]: value })
  const used = lots.filter((l) => chosen.includes(l.id))
  const codes = items(v.codes)
  const codesWrong: Wrong | undefined = codes.length === 0 ? 'missing' : codes.every((c) => gtin(c)) ? undefined : 'gtin'
  const size = papers.reduce((n, p) => n + p.bytes.length, 0)
  const lotsWrong: Wrong | undefined = used.length === 0 && !earlier ? 'missing' : undefined
  const sending = useSend((key) => {
    const prev = [...new Set([...(question ? [anchor(question.decision)] : []), ...used.map((l) => l.supply)])]
    return post<Message>('/v1/dossiers', { to: v.to, prev, content: content(v, used, papers, earlier) }, key)
  }, onSent)
  const good = v.to !== '' && !checkText(v.product) && !codesWrong && !lotsWrong && papers.length > 0 && size <= maxDocuments
  return { v, put, lots, chosen, setChosen, papers, setPapers, codesWrong, lotsWrong, size, tried, setTried, good, sending }
}

/** HandIn asks for a dossier. */
export function HandIn(given: Given) {
  const { session, members, question } = given
  const text = useManufacturerText()
  const shared = useSharedText()
  const { v, put, lots, chosen, papers, codesWrong, lotsWrong, size, tried, ...dossier } = useDossier(given)
  return (
    <Form
      id="hand-in"
      title={question ? text.furtherTitle : text.handInTitle}
      sending={dossier.sending}
      session={session}
      says={text.handInSays}
      submit={text.handIn}
      good={dossier.good}
      onTry={() => dossier.setTried(true)}
    >
      <Who
        id="hand-in-to"
        label={text.administration}
        members={members}
        roles={['administration']}
        not={session.organisation.gln}
        value={v.to}
        onValue={put('to')}
        wrong={tried && v.to === '' ? 'missing' : undefined}
      />
      <Input
        id="hand-in-product"
        label={shared.product}
        hint={text.productHint}
        value={v.product}
        onValue={put('product')}
        error={wrong(shared, tried ? checkText(v.product) : undefined)}
      />
      <Input
        id="hand-in-gtins"
        label={text.gtins}
        hint={text.gtinsHint}
        value={v.codes}
        onValue={put('codes')}
        lines={3}
        error={wrong(shared, tried ? codesWrong : undefined)}
      />
      <Several
        id="hand-in-lots"
        legend={text.materials}
        options={lots.map((l) => [l.id, l.label])}
        chosen={chosen}
        onChosen={dossier.setChosen}
        wrong={tried ? lotsWrong : undefined}
      />
      <Papers
        papers={papers}
        setPapers={dossier.setPapers}
        error={size > maxDocuments ? text.documentsLarge : wrong(shared, tried && papers.length === 0 ? 'missing' : undefined)}
      />
    </Form>
  )
}

async function read(file: File): Promise<Paper> {
  return { name: file.name, media: file.type || 'application/octet-stream', bytes: new Uint8Array(await file.arrayBuffer()) }
}

function Papers({ papers, setPapers, error }: { papers: Paper[]; setPapers: (p: Paper[]) => void; error: string }) {
  const text = useManufacturerText()
  return (
    <>
      <Field id="hand-in-files" label={text.documents} hint={text.documentsHint} error={error}>
        <input
          id="hand-in-files"
          type="file"
          multiple
          aria-describedby={described('hand-in-files')}
          aria-invalid={error ? 'true' : undefined}
          onChange={(e) => {
            const field = e.currentTarget
            void Promise.all([...(field.files ?? [])].map(read)).then((more) => {
              setPapers([...papers, ...more])
              field.value = ''
            })
          }}
        />
      </Field>
      {papers.length > 0 && (
        <ul class="papers">
          {papers.map((p) => (
            <li key={p.name}>
              {p.name} <span class="quiet">{Math.ceil(p.bytes.length / 1024)} kB</span>
              <Button
                look="bare"
                icon="close"
                aria-label={text.removeDocument(p.name)}
                onClick={() => setPapers(papers.filter((q) => q !== p))}
              />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
