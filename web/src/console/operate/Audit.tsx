import { get } from '../../api/api'
import type { components } from '../../api/schema'
import { when } from '../../text/text'
import { Short } from '../../ui/Copy'
import { type Page, usePages } from '../../ui/load'
import { List } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import { Party, useMembers } from '../Members'
import type { Session } from '../screen'
import { useOperate } from './text'

type Entry = components['schemas']['Entry']

/** The audit book. */
export function Audit(_: { session: Session; rest: string }) {
  const t = useOperate()
  const members = useMembers()
  const found = usePages((cursor) => get<Page<Entry>>('/v1/audit', { cursor, limit: 50 }), [])
  return (
    <>
      <p class="quiet">{t.auditSays}</p>
      <List of={found} empty={t.noEntries}>
        {(rows) => (
          <Table
            caption={t.audit}
            columns={[
              { name: t.time, cell: (e: Entry) => when(new Date(e.time)) },
              { name: t.actor, cell: (e) => (members.has(e.actor) ? <Party gln={e.actor} /> : e.actor.replace(/^person \S+ /, '')) },
              { name: t.action, cell: (e) => e.action },
              { name: t.subject, cell: (e) => (members.has(e.subject) ? <Party gln={e.subject} /> : <Short of={e.subject} />) },
              { name: t.result, cell: (e) => <Result of={e} /> },
              ...(rows.some((e) => e.policy) ? [{ name: t.policy, cell: (e: Entry) => e.policy ?? '' }] : []),
            ]}
            rows={rows}
            keyOf={(e, i) => `${e.time} ${i}`}
          />
        )}
      </List>
    </>
  )
}

function Result({ of: e }: { of: Entry }) {
  const t = useOperate()
  if (!e.code) return <span class="tag good">{t.done}</span>
  return (
    <>
      <span class="tag bad">{e.code}</span>
      {e.detail && <p class="quiet small">{e.detail}</p>}
    </>
  )
}
