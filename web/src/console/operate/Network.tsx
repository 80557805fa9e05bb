import { get } from '../../api/api'
import type { components } from '../../api/schema'
import { count, when } from '../../text/text'
import { Chart } from '../../ui/Chart'
import { Facts } from '../../ui/Facts'
import { type Loaded, type Page, useLoad, usePages } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { Progress } from '../../ui/Progress'
import { List, Shown } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import type { Block, Peer, Queue } from '../lists'
import { Party } from '../Members'
import type { Session } from '../screen'
import { intervals, transactions } from './blocks'
import { useOperate } from './text'

type Status = components['schemas']['Status']
type Job = components['schemas']['Job']

const every = 4000

/** How the ledger node is, what it is connected with, and what waits. */
export function Network({ session }: { session: Session; rest: string }) {
  const t = useOperate()
  const may = (id: string) => session.may.includes(id)
  const blocks = useLoad(() => get<Block[]>('/v1/blocks', { limit: 40 }), [], every)
  return (
    <>
      <p class="quiet">{t.refreshes}</p>
      <Node blocks={blocks} />
      <section class="panel stack">
        <h2>{t.blocks}</h2>
        <List of={blocks}>
          {(rows) => (
            <div class="pair">
              <Chart
                title={t.transactionsPerBlock}
                unit={t.transactions}
                amount={(n) => t.transactionsOf(n, count(n))}
                axis={t.height}
                bars={transactions(rows)}
              />
              <Chart
                title={t.secondsBetween}
                unit={t.seconds}
                amount={(n) => t.secondsOf(count(n))}
                axis={t.height}
                bars={intervals(rows)}
              />
            </div>
          )}
        </List>
      </section>
      {may('peers') && <Peers />}
      {may('queue') && <Outbox />}
      {may('job-list') && <Jobs />}
    </>
  )
}

function Node({ blocks }: { blocks: Loaded<Block[]> }) {
  const t = useOperate()
  const found = useLoad(() => get<Status>('/v1/status'), [], every)
  const last = Math.max(0, ...(blocks.data ?? []).map((b) => b.time))
  const age = Math.max(0, Math.round((Date.now() - last) / 1000))
  return (
    <Shown of={found}>
      {(s) => (
        <section class="panel stack">
          <h2>{t.node}</h2>
          {s.catching_up ? (
            <Notice look="warn">{t.catchingUp}</Notice>
          ) : last > 0 && age > 120 ? (
            <Notice look="bad">{t.stalled}</Notice>
          ) : (
            <Notice look="good">{t.inStep}</Notice>
          )}
          <dl class="figures">
            <Figure name={t.height} value={count(s.height)} />
            <Figure name={t.lastBlock} value={last > 0 ? t.ago(age) : '–'} />
            <Figure name={t.peers} value={count(s.peers)} />
            <Figure name={t.mempool} value={count(s.waiting)} />
            <Figure name={t.logSize} value={count(s.root.log_size)} />
          </dl>
          <Facts
            of={[
              [t.validates, s.validates ? t.yes : t.no],
              [t.chain, s.chain],
              [t.name, <code key="node">{s.node}</code>],
              [t.version, s.version],
            ]}
          />
        </section>
      )}
    </Shown>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Peers() {
  const t = useOperate()
  const found = useLoad(() => get<Peer[]>('/v1/peers'), [], every)
  return (
    <section class="panel stack">
      <h2>{t.peers}</h2>
      <List of={found} empty={t.noPeers}>
        {(rows) => (
          <Table
            caption={t.peers}
            columns={[
              { name: t.name, cell: (p: Peer) => <code>{p.id}</code> },
              { name: t.address, cell: (p) => <code>{p.address}</code> },
              { name: t.direction, cell: (p) => (p.outbound ? t.outbound : t.inbound) },
              { name: t.since, cell: (p) => when(new Date(p.since)) },
            ]}
            rows={rows}
            keyOf={(p) => p.id}
          />
        )}
      </List>
    </section>
  )
}

function Outbox() {
  const t = useOperate()
  const found = useLoad(() => get<Queue>('/v1/queue'), [], every)
  return (
    <section class="panel stack">
      <h2>{t.queue}</h2>
      <Shown of={found}>
        {(q) => (
          <>
            <p class={q.queued > 0 ? '' : 'quiet'}>{q.queued > 0 ? t.queued(q.queued, q.more ?? false) : t.emptyQueue}</p>
            {(q.receivers ?? []).length > 0 && (
              <Table
                caption={t.queue}
                columns={[
                  { name: t.receiver, cell: (r) => <Party gln={r.gln} /> },
                  { name: t.messages, cell: (r) => count(r.messages) },
                  { name: t.why, cell: (r) => (r.code ? <span class="tag bad">{r.code}</span> : <span class="quiet">{t.notTried}</span>) },
                  { name: t.oldest, cell: (r) => when(new Date(r.oldest)) },
                  { name: t.next, cell: (r) => when(new Date(r.next)) },
                  { name: t.attempts, cell: (r) => count(r.attempts) },
                ]}
                rows={q.receivers ?? []}
                keyOf={(r) => `${r.gln} ${r.code ?? ''}`}
              />
            )}
          </>
        )}
      </Shown>
    </section>
  )
}

function Jobs() {
  const t = useOperate()
  const found = usePages((cursor) => get<Page<Job>>('/v1/jobs', { cursor, limit: 10 }), [])
  return (
    <section class="panel stack">
      <h2>{t.jobs}</h2>
      <List of={found} empty={t.noJobs}>
        {(rows) => <JobTable rows={rows} />}
      </List>
    </section>
  )
}

function JobTable({ rows }: { rows: Job[] }) {
  const t = useOperate()
  const look = { running: 'warn', done: 'good', failed: 'bad' }
  return (
    <Table
      caption={t.jobs}
      columns={[
        { name: t.job, cell: (j: Job) => t.kind(j.kind) },
        { name: t.state, cell: (j) => <span class={`tag ${look[j.state]}`}>{t.states(j.state)}</span> },
        { name: t.progress, cell: (j) => <Progress label={t.kind(j.kind)} done={j.done} total={j.total} /> },
        { name: t.why, cell: (j) => (j.code ? `${j.code}: ${j.detail ?? ''}` : '–') },
        { name: t.began, cell: (j) => when(new Date(j.created)) },
      ]}
      rows={rows}
      keyOf={(j) => j.id}
    />
  )
}
