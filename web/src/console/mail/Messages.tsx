import { get } from '../../api/api'
import type { components } from '../../api/schema'
import { count, when } from '../../text/text'
import { Copy, Short } from '../../ui/Copy'
import { Facts } from '../../ui/Facts'
import { Choice, Input } from '../../ui/Input'
import { type Page, useLoad, usePages } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { List, Shown } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import { Party } from '../Members'
import { href, remember, useRoute } from '../route'
import type { Session } from '../screen'
import { Content } from './Content'
import { useMail } from './text'

export type Message = components['schemas']['Message']

export const types = ['dmms/1', 'msdm/1', 'dmda/1', 'dadm/1', 'dmdd/1', 'dddm/1', 'dispatch/1', 'receipt/1', 'report/1']
const states = ['received', 'queued', 'sent', 'refused']

/** Returns what the API knows a message by: its id is its sender's, so what came is known by its anchor. */
export const nameOf = (m: Message): string => (m.status === 'received' && m.receipt ? m.receipt.bc : m.id)

/** The list of messages, or one of them. */
export function Messages({ rest }: { session: Session; rest: string }) {
  return rest ? <One id={rest} /> : <All />
}

function useFilters(): [Record<'type' | 'case' | 'status', string>, (name: string) => (value: string) => void] {
  const { query } = useRoute()
  const now = { type: query.get('type') ?? '', case: query.get('case') ?? '', status: query.get('status') ?? '' }
  const set = (name: string) => (value: string) => {
    remember('messages', { ...now, [name]: value })
    dispatchEvent(new HashChangeEvent('hashchange'))
  }
  return [now, set]
}

function All() {
  const t = useMail()
  const [filter, set] = useFilters()
  const found = usePages(
    (cursor) => get<Page<Message>>('/v1/messages', { ...filter, cursor, limit: 50 }),
    [filter.type, filter.case, filter.status],
  )
  return (
    <>
      <form class="filters" aria-label={t.filter} onSubmit={(e) => e.preventDefault()}>
        <Choice
          id="type"
          label={t.types}
          value={filter.type}
          onValue={set('type')}
          options={[['', t.any], ...types.map((v): [string, string] => [v, t.type(v)])]}
        />
        <Choice
          id="status"
          label={t.state}
          value={filter.status}
          onValue={set('status')}
          options={[['', t.any], ...states.map((v): [string, string] => [v, t.status(v)])]}
        />
        <Input id="case" label={t.caseName} value={filter.case} onValue={set('case')} maxLength={64} />
      </form>
      <List of={found} empty={t.noMessages}>
        {(rows) => <MessageTable rows={rows} />}
      </List>
    </>
  )
}

/** Messages as rows, each linked. */
export function MessageTable({ rows }: { rows: Message[] }) {
  const t = useMail()
  return (
    <Table
      caption={t.messages}
      columns={[
        { name: t.types, cell: (m: Message) => <a href={href('messages', nameOf(m))}>{t.type(m.type)}</a> },
        { name: t.from, cell: (m) => <Party gln={m.from} /> },
        { name: t.to, cell: (m) => <Party gln={m.to} /> },
        { name: t.caseName, cell: (m) => <span class="words">{m.case}</span> },
        { name: t.state, cell: (m) => <State of={m} /> },
        { name: t.at, cell: (m) => when(new Date(m.created)) },
      ]}
      rows={rows}
      keyOf={(m) => m.id}
    />
  )
}

function State({ of }: { of: Message }) {
  const t = useMail()
  const look = of.status === 'refused' || (of.status === 'queued' && of.code) ? 'bad' : of.status === 'queued' ? 'warn' : 'good'
  return <span class={`tag ${look}`}>{t.status(of.status)}</span>
}

function One({ id }: { id: string }) {
  const t = useMail()
  const found = useLoad(() => get<Message>(`/v1/messages/${encodeURIComponent(id)}`), [id])
  return (
    <>
      <p>
        <a href={href('messages')}>← {t.back}</a>
      </p>
      <Shown of={found}>{(m) => <Letter of={m} />}</Shown>
    </>
  )
}

function Letter({ of: m }: { of: Message }) {
  const t = useMail()
  const json = JSON.stringify(m, null, 2)
  return (
    <>
      <section class="panel stack">
        <h2>{t.type(m.type)}</h2>
        <Facts
          of={[
            [t.from, <Party key="from" gln={m.from} />],
            [t.to, <Party key="to" gln={m.to} />],
            [t.caseName, <a key="case" href={href('messages', '', { case: m.case })} children={m.case} />],
            [t.state, <State key="state" of={m} />],
            [t.at, when(new Date(m.created))],
            [t.attempts, m.status === 'queued' && m.attempts ? count(m.attempts) : ''],
            [t.whyFailed, m.code ? <code>{m.code}</code> : ''],
          ]}
        />
      </section>
      <section class="panel stack">
        <h2>{t.content}</h2>
        <Content of={m.content} />
        <p class="quiet">{t.withheld}</p>
      </section>
      <Links of={m} />
      <Receipt of={m} />
      <details class="panel">
        <summary>{t.raw}</summary>
        <div class="stack">
          <Copy text={json} label={t.raw} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keyboards must reach that */}
          <pre tabIndex={0}>{json}</pre>
        </div>
      </details>
    </>
  )
}

function Links({ of: m }: { of: Message }) {
  const t = useMail()
  const bc = m.receipt?.bc ?? ''
  const later = useLoad(async () => (bc ? ((await get<Page<Message>>('/v1/messages', { prev: bc })).items ?? []) : []), [bc])
  return (
    <section class="panel stack">
      {(m.prev ?? []).length > 0 && (
        <>
          <h2>{t.follows}</h2>
          <ul class="plain">
            {(m.prev ?? []).map((p) => (
              <li key={p}>
                <Before bc={p} />
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>{t.answers}</h2>
      <List of={later} empty={t.nothingFollows}>
        {(rows) => (
          <ul class="plain">
            {rows.map((n) => (
              <li key={n.id}>
                <a href={href('messages', nameOf(n))}>{t.type(n.type)}</a> · {when(new Date(n.created))}
              </li>
            ))}
          </ul>
        )}
      </List>
    </section>
  )
}

/** A predecessor, which may be a message between others: then only its anchor is known here. */
function Before({ bc }: { bc: string }) {
  const t = useMail()
  const found = useLoad(() => get<Message>(`/v1/messages/${bc}`), [bc])
  if (!found.data) return <Short of={bc} />
  return (
    <>
      <a href={href('messages', bc)}>{t.type(found.data.type)}</a> · {when(new Date(found.data.created))}
    </>
  )
}

function Receipt({ of: m }: { of: Message }) {
  const t = useMail()
  if (!m.receipt) return <Notice look="plain">{t.noReceipt}</Notice>
  return (
    <section class="panel stack">
      <h2>{t.receipt}</h2>
      <Facts
        of={[
          [t.leaf, count(m.receipt.index)],
          [t.height, count(m.receipt.height)],
          [t.blockTime, when(new Date(m.receipt.time))],
          [t.anchor, <code key="bc">{m.receipt.bc}</code>],
        ]}
      />
      <p>
        <Copy text={m.receipt.bc} label={t.anchor} />
      </p>
    </section>
  )
}
