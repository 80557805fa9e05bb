import { useState } from 'preact/hooks'
import { get, post, put, remove } from '../../api/api'
import { count, when } from '../../text/text'
import { Ask, Opener } from '../../ui/Ask'
import { Button } from '../../ui/Button'
import { Copy } from '../../ui/Copy'
import { Dialog } from '../../ui/Dialog'
import { Facts } from '../../ui/Facts'
import { Choice, Input } from '../../ui/Input'
import { type Page, useLoad } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { List } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import type { Invitation, Person } from '../lists'
import type { Session } from '../screen'
import { useConsole } from '../text'
import { usePeople } from './text'

const roles = ['administrator', 'responsible', 'clerk', 'reader']

/** Who may log in here. */
export function People({ session }: { session: Session; rest: string }) {
  const t = usePeople()
  const c = useConsole()
  const found = useLoad(async () => (await get<Page<Person>>('/v1/people')).items ?? [], [])
  const [invitation, setInvitation] = useState<Invitation>()
  const invited = (i: Invitation) => {
    setInvitation(i)
    found.again()
  }
  const may = (id: string) => session.may.includes(id)
  return (
    <>
      <p class="quiet">{t.peopleSay}</p>
      {may('invite') && (
        <div>
          <Opener id="invite" label={t.invite} look="main">
            {(close) => <Invite onClose={close} done={invited} />}
          </Opener>
        </div>
      )}
      <List of={found}>
        {(rows) => (
          <Table
            caption={t.people}
            columns={[
              { name: t.person, cell: (p: Person) => (p.id === session.person.id ? `${p.name} (${t.you})` : p.name) },
              { name: t.role, cell: (p) => c.personRole(p.role) },
              {
                name: t.passkeys,
                cell: (p) => (p.passkeys === 0 && p.invited ? t.invitedUntil(when(new Date(p.invited))) : count(p.passkeys)),
              },
              { name: t.lastSeen, cell: (p) => (p.last_seen ? when(new Date(p.last_seen)) : t.never) },
              { name: t.change, cell: (p) => <Acts of={p} session={session} again={found.again} invited={invited} /> },
            ]}
            rows={rows}
            keyOf={(p) => p.id}
          />
        )}
      </List>
      {invitation && <Handover of={invitation} onClose={() => setInvitation(undefined)} />}
    </>
  )
}

function RoleChoice({ value, onValue }: { value: string; onValue: (role: string) => void }) {
  const t = usePeople()
  const c = useConsole()
  return (
    <Choice
      id="role"
      label={t.role}
      hint={t.roleSays(value)}
      value={value}
      onValue={onValue}
      options={roles.map((r): [string, string] => [r, c.personRole(r)])}
    />
  )
}

function Invite({ onClose, done }: { onClose: () => void; done: (i: Invitation) => void }) {
  const t = usePeople()
  const [name, setName] = useState('')
  const [role, setRole] = useState('clerk')
  return (
    <Ask
      id="invite-dialog"
      title={t.inviteTitle}
      says={t.inviteSays}
      submit={t.doInvite}
      send={(key) => post<Invitation>('/v1/people', { name: name.trim(), role }, key)}
      done={(i) => {
        onClose()
        done(i)
      }}
      onClose={onClose}
    >
      <Input id="name" label={t.name} hint={t.nameHint} value={name} onValue={setName} required maxLength={100} />
      <RoleChoice value={role} onValue={setRole} />
    </Ask>
  )
}

/** The code of an invitation, shown once. */
function Handover({ of: i, onClose }: { of: Invitation; onClose: () => void }) {
  const t = usePeople()
  return (
    <Dialog id="invitation" title={t.invited(i.name)} onClose={onClose}>
      <Notice look="warn">{t.once}</Notice>
      <Facts
        of={[
          [
            t.code,
            <code key="c" id="invitation-code">
              {i.code}
            </code>,
          ],
          [
            t.link,
            <code key="l" id="invitation-link">
              {i.link}
            </code>,
          ],
          [t.expires, when(new Date(i.expires))],
        ]}
      />
      <div class="row end">
        <Copy text={i.code} label={t.code} />
        <Copy text={i.link} label={t.link} />
        <Button id="invitation-done" look="main" onClick={onClose}>
          {t.done}
        </Button>
      </div>
    </Dialog>
  )
}

interface ActsGiven {
  of: Person
  session: Session
  again: () => void
  invited: (i: Invitation) => void
}

function Acts({ of: p, session, again, invited }: ActsGiven) {
  const t = usePeople()
  const may = (id: string) => session.may.includes(id)
  return (
    <div class="row">
      {may('appoint') && (
        <Opener id={`appoint-${p.id}`} label={t.appoint} about={p.name}>
          {(close) => <Appoint of={p} onClose={close} done={again} />}
        </Opener>
      )}
      {may('reinvite') && (
        <Opener id={`reinvite-${p.id}`} label={t.reinvite} about={p.name}>
          {(close) => <Reinvite of={p} onClose={close} done={invited} />}
        </Opener>
      )}
      {may('dismiss') && p.id !== session.person.id && (
        <Opener id={`dismiss-${p.id}`} label={t.dismiss} about={p.name} look="danger">
          {(close) => (
            <Ask
              id="dismiss-dialog"
              title={t.dismissTitle(p.name)}
              says={t.dismissSays(p.name)}
              submit={t.dismiss}
              danger
              send={() => remove(`/v1/people/${p.id}`)}
              done={() => {
                close()
                again()
              }}
              onClose={close}
            />
          )}
        </Opener>
      )}
    </div>
  )
}

function Appoint({ of: p, onClose, done }: { of: Person; onClose: () => void; done: () => void }) {
  const t = usePeople()
  const [role, setRole] = useState<string>(p.role)
  return (
    <Ask
      id="appoint-dialog"
      title={t.appointTitle(p.name)}
      says={t.appointSays(p.name)}
      submit={t.save}
      send={() => put<Person>(`/v1/people/${p.id}`, { role })}
      done={() => {
        onClose()
        done()
      }}
      onClose={onClose}
    >
      <RoleChoice value={role} onValue={setRole} />
    </Ask>
  )
}

function Reinvite({ of: p, onClose, done }: { of: Person; onClose: () => void; done: (i: Invitation) => void }) {
  const t = usePeople()
  const [drop, setDrop] = useState('')
  return (
    <Ask
      id="reinvite-dialog"
      title={t.reinviteTitle(p.name)}
      says={t.reinviteSays(p.name)}
      submit={t.reinvite}
      danger={drop !== ''}
      send={(key) => post<Invitation>(`/v1/people/${p.id}/invitation`, { drop: drop !== '' }, key)}
      done={(i) => {
        onClose()
        done(i)
      }}
      onClose={onClose}
    >
      <Choice
        id="device"
        label={t.device}
        value={drop}
        onValue={setDrop}
        options={[
          ['', t.another],
          ['lost', t.lost],
        ]}
      />
    </Ask>
  )
}
