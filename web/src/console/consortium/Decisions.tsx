import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { get, post } from '../../api/api'
import type { components } from '../../api/schema'
import { count, when } from '../../text/text'
import { Ask, Opener } from '../../ui/Ask'
import { Short } from '../../ui/Copy'
import { Facts } from '../../ui/Facts'
import { type Page, useLoad, usePages } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { List } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import type { Action, Proposal } from '../lists'
import { Party, useMembers } from '../Members'
import type { Session } from '../screen'
import { useConsole } from '../text'
import { useConsortium } from './text'

type Application = components['schemas']['Application']
type Decision = components['schemas']['Decision']

/** What waits for the governors, and what they decided. */
export function Decisions({ session }: { session: Session; rest: string }) {
  const t = useConsortium()
  const [decided, setDecided] = useState<Decision>()
  const found = usePages((cursor) => get<Page<Proposal>>('/v1/proposals', { cursor, limit: 100 }), [decided])
  return (
    <>
      {decided && (
        <div role="status">
          <Notice look="good">{t.nowStands(decided.status, decided.for, decided.against)}</Notice>
        </div>
      )}
      <List of={found} empty={t.noProposals}>
        {(rows) => (
          <>
            <Open of={rows.filter((p) => p.status === 'open')} session={session} onDecided={setDecided} />
            {session.may.includes('applications') && <Applications session={session} proposals={rows} onDecided={setDecided} />}
            <Decided of={rows.filter((p) => p.status !== 'open')} />
          </>
        )}
      </List>
    </>
  )
}

interface Given {
  session: Session
  onDecided: (d: Decision) => void
}

function Open({ of, session, onDecided }: Given & { of: Proposal[] }) {
  const t = useConsortium()
  return (
    <section class="stack">
      <h2>{t.proposals}</h2>
      {of.length === 0 && <p class="quiet">{t.noOpen}</p>}
      <ul class="plain cards">
        {of.map((p) => (
          <li key={p.proposal} class="panel stack">
            <One of={p} session={session} onDecided={onDecided} />
          </li>
        ))}
      </ul>
    </section>
  )
}

const looks = { open: 'warn', accepted: 'good', rejected: 'bad', lapsed: 'bad' } as const

function Status({ of: p }: { of: Proposal }) {
  const t = useConsortium()
  return <span class={`tag ${looks[p.status]}`}>{t.status(p.status)}</span>
}

function Decided({ of }: { of: Proposal[] }) {
  const t = useConsortium()
  if (of.length === 0) return null
  return (
    <section class="stack">
      <h2>{t.decided}</h2>
      <Table
        caption={t.decided}
        columns={[
          { name: t.proposal, cell: (p: Proposal) => <What of={p.action} /> },
          { name: t.state, cell: (p) => <Status of={p} /> },
          { name: t.votes, cell: (p) => t.votesOf((p.for ?? []).length, (p.against ?? []).length) },
          { name: t.proposedBy, cell: (p) => <Party gln={p.proposer} /> },
          { name: t.opened, cell: (p) => when(new Date(p.opened)) },
        ]}
        rows={of}
        keyOf={(p) => p.proposal}
      />
    </section>
  )
}

function One({ of: p, session, onDecided }: { of: Proposal; session: Session; onDecided: (d: Decision) => void }) {
  const t = useConsortium()
  const names = (glns: string[] | null): ComponentChildren =>
    (glns ?? []).length === 0 ? t.none : (glns ?? []).map((g, i) => [i > 0 && ', ', <Party key={g} gln={g} />])
  return (
    <>
      <h3>
        <What of={p.action} /> <Status of={p} />
      </h3>
      <Changes of={p.action} />
      <Facts
        of={[
          [t.proposedBy, <Party key="by" gln={p.proposer} />],
          [t.opened, when(new Date(p.opened))],
          [p.status === 'open' ? t.closes : '', p.status === 'open' ? when(new Date(p.closes)) : ''],
          [t.forIt, names(p.for)],
          [t.againstIt, names(p.against)],
          [t.proposal, <Short key="id" of={p.proposal} />],
        ]}
      />
      {p.mine && <p class="quiet">{t.mine(p.mine === 'for')}</p>}
      {p.status === 'open' && !p.mine && session.may.includes('vote') && (
        <div class="row">
          <Vote of={p} yes session={session} done={onDecided} />
          <Vote of={p} yes={false} session={session} done={onDecided} />
        </div>
      )}
    </>
  )
}

function What({ of: a }: { of: Action }) {
  const t = useConsortium()
  const members = useMembers()
  const name = a.name || members.get(a.member ?? '')?.name || a.member || ''
  return <>{t.action(a.kind, name)}</>
}

/** What an action would change, as facts. */
function Changes({ of: a }: { of: Action }) {
  const t = useConsortium()
  const c = useConsole()
  return (
    <Facts
      of={[
        [t.member, a.member ? <code key="m">{a.member}</code> : ''],
        [t.standing, a.status ? t.status(a.status) : ''],
        [t.roles, a.roles ? a.roles.map((r) => c.organisationRole(r)).join(', ') || t.none : ''],
        [t.prefixes, (a.prefixes ?? []).join(', ')],
        [t.endpoint, a.endpoint ?? ''],
        [t.key, a.key ? <Short key="k" of={a.key} /> : ''],
        [
          t.params,
          a.params
            ? Object.entries(a.params)
                .map(([k, v]) => `${k} ${count(v)}`)
                .join(', ')
            : '',
        ],
        [t.validators, (a.validators ?? []).map((v) => `${v.key.slice(0, 8)}…: ${v.power}`).join(', ')],
      ]}
    />
  )
}

function Vote({ of: p, yes, session, done }: { of: Proposal; yes: boolean; session: Session; done: (d: Decision) => void }) {
  const t = useConsortium()
  const label = yes ? t.voteYes : t.voteNo
  return (
    <Opener id={`vote-${yes ? 'for' : 'against'}-${p.proposal}`} label={label} look={yes ? 'main' : 'danger'}>
      {(close) => (
        <Ask
          id="vote-dialog"
          title={label}
          says={t.voteSays(session.organisation.name, yes)}
          submit={label}
          danger={!yes}
          send={(key) => post<Decision>(`/v1/proposals/${p.proposal}/votes`, { accept: yes }, key)}
          done={(d) => {
            close()
            done(d)
          }}
          onClose={close}
        >
          <p>
            <strong>
              <What of={p.action} />
            </strong>
          </p>
          <Changes of={p.action} />
        </Ask>
      )}
    </Opener>
  )
}

function Applications({ session, proposals, onDecided }: Given & { proposals: Proposal[] }) {
  const t = useConsortium()
  const c = useConsole()
  const found = useLoad(() => get<Application[]>('/v1/applications'), [])
  const act = (a: Application) => {
    const about = proposals.find((p) => p.action.application === a.id)
    if (about) return <Status of={about} />
    return session.may.includes('admit') && <Admit of={a} session={session} done={onDecided} />
  }
  return (
    <section class="stack">
      <h2>{t.applications}</h2>
      <List of={found} empty={t.noApplications}>
        {(rows) => (
          <Table
            caption={t.applications}
            columns={[
              { name: t.name, cell: (a: Application) => a.name },
              { name: t.gln, cell: (a) => <code>{a.gln}</code> },
              { name: t.roles, cell: (a) => (a.roles ?? []).map((r) => c.organisationRole(r)).join(', ') },
              { name: t.applied, cell: (a) => when(new Date(a.created)) },
              { name: t.state, cell: act },
            ]}
            rows={rows}
            keyOf={(a) => a.id}
          />
        )}
      </List>
    </section>
  )
}

function Admit({ of: a, session, done }: { of: Application; session: Session; done: (d: Decision) => void }) {
  const t = useConsortium()
  const c = useConsole()
  return (
    <Opener id={`admit-${a.id}`} label={t.admit} about={a.name} look="main">
      {(close) => (
        <Ask
          id="admit-dialog"
          title={t.admitTitle(a.name)}
          says={t.admitSays(session.organisation.name)}
          submit={t.admit}
          send={(key) => post<Decision>(`/v1/applications/${a.id}/admission`, {}, key)}
          done={(d) => {
            close()
            done(d)
          }}
          onClose={close}
        >
          <Facts
            of={[
              [t.name, a.name],
              [t.gln, <code key="gln">{a.gln}</code>],
              [t.roles, (a.roles ?? []).map((r) => c.organisationRole(r)).join(', ')],
              [t.prefixes, (a.prefixes ?? []).join(', ')],
              [t.endpoint, a.endpoint ?? ''],
            ]}
          />
        </Ask>
      )}
    </Opener>
  )
}
