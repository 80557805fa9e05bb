// Certificates of approval: who issued one suspends, revokes or reinstates it; who
// holds one sees where it stands.
import { useState } from 'preact/hooks'
import { post } from '../../api/api'
import { locale } from '../../text/text'
import { Ask, Opener } from '../../ui/Ask'
import { Input } from '../../ui/Input'
import { useLoad } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import type { Session } from '../screen'
import { every, members } from './archive'
import { may, nameOf, OnLedger } from './parts'
import { Rows } from './rows'
import type { Certificate, Done } from './shapes'
import { type AdministrationText, useAdministrationText } from './text.administration'
import { statusName, useSharedText } from './text.shared'

const date = (at: number): string => new Intl.DateTimeFormat(locale(), { dateStyle: 'medium' }).format(new Date(at))

/** Certificates shows those that the organisation issued or holds. */
export function Certificates({ session }: { session: Session }) {
  const text = useAdministrationText()
  const shared = useSharedText()
  const found = useLoad(async () => ({ members: await members(), certificates: await every<Certificate>('/v1/certificates') }), [])
  const [done, setDone] = useState<Done>()
  const own = (c: Certificate) => may(session, 'certificate-status') && c.issuer === session.organisation.gln
  const changed = (d: Done) => {
    setDone(d)
    found.again()
  }
  return (
    <Shown of={found}>
      {(d) => (
        <>
          {done && <OnLedger done={done} />}
          <Rows
            id="certificates"
            title={text.certificates}
            untitled
            rows={d.certificates}
            keyOf={(c) => c.number}
            columns={[
              { name: text.short, cell: (c) => c.number },
              { name: shared.product, cell: (c) => `${c.name} ${c.strength}, ${c.form}` },
              { name: shared.gtin, cell: (c) => c.gtins?.join(', ') },
              { name: text.holder, cell: (c) => nameOf(d.members, c.holder) },
              { name: text.validity, cell: (c) => `${date(c.valid_from)} – ${date(c.valid_until)}` },
              {
                name: shared.status,
                cell: (c) => <span class={`tag ${c.status === 'valid' ? 'good' : 'bad'}`}>{statusName(shared, 'k', c.status)}</span>,
              },
              ...(d.certificates.some(own)
                ? [{ name: text.change, cell: (c: Certificate) => own(c) && <Changes of={c} onDone={changed} /> }]
                : []),
            ]}
          />
        </>
      )}
    </Shown>
  )
}

/** A Change is what the issuer may do from where a certificate stands. */
interface Change {
  status: Certificate['status']
  name: string
  says: string
}

function changes(text: AdministrationText, now: Certificate['status']): Change[] {
  const all: Change[] = [
    { status: 'valid', name: text.reinstate, says: text.reinstateSays },
    { status: 'suspended', name: text.suspend, says: text.suspendSays },
    { status: 'revoked', name: text.revoke, says: text.revokeSays },
  ]
  return now === 'revoked' ? [] : all.filter((c) => c.status !== now)
}

function Changes({ of, onDone }: { of: Certificate; onDone: (d: Done) => void }) {
  const text = useAdministrationText()
  return (
    <span class="row">
      {changes(text, of.status).map((c) => (
        <Opener key={c.status} id={`${c.status}-${of.number}`} label={c.name} look={c.status === 'valid' ? 'plain' : 'danger'}>
          {(close) => (
            <Status
              of={of}
              change={c}
              onClose={close}
              onDone={(d) => {
                close()
                onDone(d)
              }}
            />
          )}
        </Opener>
      ))}
    </span>
  )
}

function Status({ of, change, onDone, onClose }: { of: Certificate; change: Change; onDone: (d: Done) => void; onClose: () => void }) {
  const shared = useSharedText()
  const [reason, setReason] = useState('')
  return (
    <Ask
      id="certificate-status"
      title={`${change.name}: ${of.number}`}
      says={change.says}
      submit={change.name}
      danger={change.status !== 'valid'}
      send={(key) => post<Done>('/v1/certificates/status', { number: of.number, status: change.status, reason }, key)}
      done={onDone}
      onClose={onClose}
    >
      <Input
        id="status-reason"
        label={shared.reason}
        hint={shared.reasonHint}
        value={reason}
        onValue={setReason}
        required
        maxLength={200}
      />
    </Ask>
  )
}
