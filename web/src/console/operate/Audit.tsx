import { get } from '../../api/api'
import type { components } from '../../api/schema'
import { when } from '../../text/text'
import { Short } from '../../ui/Copy'
import { type Page, usePages } from '../../ui/load'
import { List } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import { Party, useMembers } from '../Members'
import { useMail } from '../mail/text'
import type { Session } from '../screen'
import { useConsole } from '../text'
import { act } from './act'
import { useOperate } from './text'

type Entry = components['schemas']['Entry']

/** The audit book. */
export function Audit(_: { session: Session; rest: string }) {
  const t = useOperate()
  const mail = useMail()
  const frame = useConsole()
  const members = useMembers()
  // Each catalogue returns what it does not know as it is.
  const known = (word: string) => t.act(word) || [mail.type(word), frame.personRole(word)].find((s) => s !== word) || ''
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
              { name: t.actor, cell: (e) => <Actor of={e.actor} known={members.has(e.actor)} /> },
              { name: t.action, cell: (e) => act(e.action, known) },
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

function Actor({ of: actor, known }: { of: string; known: boolean }) {
  const t = useOperate()
  if (known) return <Party gln={actor} />
  return <>{actor === 'operator' ? t.operator : actor.replace(/^person \S+ /, '')}</>
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
