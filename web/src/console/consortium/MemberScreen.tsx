import { useState } from 'preact/hooks'
import { get, post } from '../../api/api'
import type { components } from '../../api/schema'
import { when } from '../../text/text'
import { Ask, Opener } from '../../ui/Ask'
import { Short } from '../../ui/Copy'
import { Facts } from '../../ui/Facts'
import { Checks, Choice, Input } from '../../ui/Input'
import { useLoad } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { List } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import type { Member } from '../Members'
import { href } from '../route'
import type { Session } from '../screen'
import { useConsole } from '../text'
import { useConsortium } from './text'

type Decision = components['schemas']['Decision']
type Key = components['schemas']['Key']

const roles = ['governor', 'administration', 'supplier', 'manufacturer', 'distributor', 'pharmacy', 'hospital']

/** The members of the consortium, or one of them. */
export function MemberScreen({ session, rest }: { session: Session; rest: string }) {
  const t = useConsortium()
  const found = useLoad(() => get<Member[]>('/v1/members'), [])
  return (
    <List of={found}>
      {(rows) => {
        const one = rows.find((m) => m.gln === rest)
        return one ? <One of={one} session={session} onChange={found.again} /> : <All rows={rows} says={t.membersSay} />
      }}
    </List>
  )
}

function Standing({ of }: { of: Member }) {
  const t = useConsortium()
  const look = { active: 'good', suspended: 'warn', removed: 'bad' }[of.status]
  return <span class={`tag ${look}`}>{t.status(of.status)}</span>
}

function All({ rows, says }: { rows: Member[]; says: string }) {
  const t = useConsortium()
  const c = useConsole()
  return (
    <>
      <p class="quiet">{says}</p>
      <Table
        caption={t.members}
        columns={[
          { name: t.name, cell: (m: Member) => <a href={href('members', m.gln)}>{m.name || m.gln}</a> },
          { name: t.gln, cell: (m) => <code>{m.gln}</code> },
          { name: t.roles, cell: (m) => (m.roles ?? []).map((r) => c.organisationRole(r)).join(', ') || t.none },
          { name: t.standing, cell: (m) => <Standing of={m} /> },
        ]}
        rows={rows}
        keyOf={(m) => m.gln}
      />
    </>
  )
}

function One({ of: m, session, onChange }: { of: Member; session: Session; onChange: () => void }) {
  const t = useConsortium()
  const c = useConsole()
  const [decided, setDecided] = useState<Decision>()
  return (
    <>
      <p>
        <a href={href('members')}>← {t.allMembers}</a>
      </p>
      <section class="panel stack">
        <h2>{m.name}</h2>
        <Facts
          of={[
            [t.gln, <code key="gln">{m.gln}</code>],
            [t.roles, (m.roles ?? []).map((r) => c.organisationRole(r)).join(', ') || t.none],
            [t.standing, <Standing key="s" of={m} />],
            [t.prefixes, (m.prefixes ?? []).join(', ') || t.none],
            [t.endpoint, m.endpoint ?? ''],
          ]}
        />
        {decided && <Notice look="good">{t.nowStands(decided.status, decided.for, decided.against)}</Notice>}
        {session.may.includes('standing') && (
          <div>
            <Opener id="change" label={t.change}>
              {(close) => (
                <Change
                  of={m}
                  session={session}
                  onClose={close}
                  done={(d) => {
                    setDecided(d)
                    close()
                    onChange()
                  }}
                />
              )}
            </Opener>
          </div>
        )}
      </section>
      <Keys of={m.keys ?? []} />
    </>
  )
}

interface ChangeGiven {
  of: Member
  session: Session
  onClose: () => void
  done: (d: Decision) => void
}

function Change({ of: m, session, onClose, done }: ChangeGiven) {
  const t = useConsortium()
  const c = useConsole()
  const [chosen, setChosen] = useState<string[]>(m.roles ?? [])
  const [prefixes, setPrefixes] = useState((m.prefixes ?? []).join('\n'))
  const [status, setStatus] = useState<string>(m.status)
  const listed = prefixes.split(/[\s,]+/).filter(Boolean)
  return (
    <Ask
      id="change-dialog"
      title={t.changeTitle(m.name)}
      says={t.changeSays(session.organisation.name)}
      submit={t.propose}
      danger={status !== 'active'}
      send={(key) => post<Decision>('/v1/standings', { member: m.gln, roles: chosen, prefixes: listed, status }, key)}
      done={done}
      onClose={onClose}
    >
      <Choice
        id="status"
        label={t.standing}
        value={status}
        onValue={setStatus}
        options={['active', 'suspended', 'removed'].map((s): [string, string] => [s, t.status(s)])}
      />
      <Checks
        legend={t.roles}
        chosen={chosen}
        onChosen={(v) => setChosen(roles.filter((r) => v.includes(r)))}
        options={roles.map((r): [string, string] => [r, c.organisationRole(r)])}
      />
      <Input id="prefixes" label={t.prefixes} hint={t.prefixesHint} value={prefixes} onValue={setPrefixes} lines={3} />
    </Ask>
  )
}

/** The keys of a member, each with an act if one is given. */
export function Keys({ of, act }: { of: Key[]; act?: (k: Key) => preact.ComponentChildren }) {
  const t = useConsortium()
  const stand = (k: Key) => (k.revoked ? t.revoked : k.until ? t.over : t.inUse)
  return (
    <section class="panel stack">
      <h2>{t.keys}</h2>
      <Table
        caption={t.keys}
        columns={[
          { name: t.key, cell: (k: Key) => <Short of={k.kid} /> },
          { name: t.state, cell: (k) => <span class={`tag ${k.revoked ? 'bad' : k.until ? 'warn' : 'good'}`}>{stand(k)}</span> },
          { name: t.valid, cell: (k) => when(new Date(k.from)) },
          { name: t.until, cell: (k) => (k.revoked || k.until ? when(new Date(k.revoked ?? k.until ?? 0)) : '–') },
          ...(act ? [{ name: t.act, cell: act }] : []),
        ]}
        rows={of}
        keyOf={(k) => k.kid}
      />
    </section>
  )
}
