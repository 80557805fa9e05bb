import { get } from '../../api/api'
import { count, when } from '../../text/text'
import { Short } from '../../ui/Copy'
import { type Page, usePages } from '../../ui/load'
import { List } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import { useHome } from '../home/text'
import type { Alert } from '../lists'
import { Party } from '../Members'
import { useMail } from '../mail/text'
import { href } from '../route'
import type { Session } from '../screen'
import { useOperate } from './text'

/** Alerts that the ledger raised about this organisation's packs. */
export function Alerts({ session }: { session: Session; rest: string }) {
  const t = useOperate()
  const home = useHome()
  const mail = useMail()
  const found = usePages((cursor) => get<Page<Alert>>('/v1/alerts', { cursor }), [])
  return (
    <>
      <p class="quiet">{t.alertsSay}</p>
      <List of={found} empty={t.noAlerts}>
        {(rows) => (
          <Table
            caption={t.alerts}
            columns={[
              { name: t.what, cell: (a: Alert) => <span class="tag bad">{home.alert(a.code)}</span> },
              { name: mail.field('gtin'), cell: (a) => <code>{a.gtin}</code> },
              { name: mail.field('lot'), cell: (a) => <code>{a.lot}</code> },
              { name: mail.field('ranges'), cell: (a) => (a.units ?? []).map((u) => mail.packs(u.from, u.to)).join(', ') },
              { name: t.raisedBy, cell: (a) => <Party gln={a.by} /> },
              { name: t.maker, cell: (a) => <Party gln={a.maker} /> },
              { name: t.time, cell: (a) => when(new Date(a.time)) },
              { name: mail.leaf, cell: (a) => count(a.index) },
              { name: t.registration, cell: (a) => a.registration && <Registration of={a} session={session} /> },
              { name: t.alertID, cell: (a) => <Short of={a.id} /> },
            ]}
            rows={rows}
            keyOf={(a) => a.id}
          />
        )}
      </List>
    </>
  )
}

const makers = ['manufacturer', 'supplier']

/** The registration that an alert is about, with the way to it for its maker. */
function Registration({ of: a, session }: { of: Alert; session: Session }) {
  const id = a.registration ?? ''
  const maker = a.maker === session.organisation.gln && session.organisation.roles.some((r) => makers.includes(r))
  if (!maker) return <Short of={id} />
  return (
    <a href={href('lines', id)}>
      <Short of={id} />
    </a>
  )
}
