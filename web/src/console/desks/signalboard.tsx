import { count } from '../../text/text'
import { useLoad } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { href } from '../route'
import { every, messages } from './archive'
import { Rows } from './rows'
import { type Certificate, type Message, types } from './shapes'
import { type ReportContent, signals } from './signals'
import { useAdministrationText } from './text.administration'
import { useSharedText } from './text.shared'

async function board() {
  const [reports, certificates] = await Promise.all([
    messages<ReportContent>(types.report, { status: 'received' }),
    every<Certificate>('/v1/certificates'),
  ])
  return { signals: signals(reports, new Date()), certificates }
}

/** Signals shows what was reported, by product. */
export function Signals() {
  const found = useLoad(board, [], 60_000)
  const text = useAdministrationText()
  const shared = useSharedText()
  return (
    <Shown of={found}>
      {(b) => {
        const name = (gtin: string) => b.certificates.find((c) => c.gtins?.includes(gtin))
        return (
          <Rows
            id="signals"
            title={text.signals}
            rows={b.signals}
            keyOf={(s) => s.gtin}
            columns={[
              {
                name: shared.product,
                cell: (s) => [name(s.gtin)?.name, name(s.gtin)?.strength, s.gtin || text.unreadable].filter(Boolean).join(' '),
              },
              { name: shared.lot, cell: (s) => s.lots.join(', ') },
              { name: text.fakes, cell: (s) => <Reports of={s.fakes} /> },
              { name: text.reactions, cell: (s) => <Reports of={s.reactions} /> },
              { name: text.reporters, cell: (s) => count(s.reporters) },
            ]}
          />
        )
      }}
    </Shown>
  )
}

const few = 5

const excerpt = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

function Reports({ of }: { of: Message<ReportContent>[] }) {
  return (
    <>
      {count(of.length)}
      {of.length > 0 && (
        <ul class="plain">
          {of.slice(0, few).map((m) => (
            <li key={m.id}>
              <a href={href('reports', m.id)}>{excerpt(m.content.claims.text) || m.id.slice(0, 6)}</a>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
