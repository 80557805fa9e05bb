import { useState } from 'preact/hooks'
import { get, post, put, remove } from '../../api/api'
import { Ask, Opener } from '../../ui/Ask'
import { Facts } from '../../ui/Facts'
import { Input } from '../../ui/Input'
import { useLoad } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { Shown } from '../../ui/Shown'
import type { Member } from '../Members'
import type { Session } from '../screen'
import { useConsole } from '../text'
import { Keys } from './MemberScreen'
import { useConsortium } from './text'

/** What the ledger says of the person's own organisation, its keys, and how both are changed. */
export function Own({ session }: { session: Session; rest: string }) {
  const found = useLoad(() => get<Member[]>('/v1/members'), [])
  return (
    <Shown of={found}>
      {(rows) => {
        const me = rows.find((m) => m.gln === session.organisation.gln)
        return me && <Us of={me} session={session} onChange={found.again} />
      }}
    </Shown>
  )
}

function Us({ of: m, session, onChange }: { of: Member; session: Session; onChange: () => void }) {
  const t = useConsortium()
  const [rotated, setRotated] = useState(false)
  const may = (id: string) => session.may.includes(id)
  const inUse = (m.keys ?? []).filter((k) => !k.revoked && !k.until)
  return (
    <>
      <Entry of={m} may={may('profile')} onChange={onChange} />
      {rotated && <Notice look="good">{t.rotated}</Notice>}
      <Keys
        of={m.keys ?? []}
        {...(may('revoke')
          ? { act: (k) => !k.revoked && <Revoke kid={k.kid} last={inUse.length === 1 && inUse[0] === k} done={onChange} /> }
          : {})}
      />
      {may('rotate') && (
        <div>
          <Opener id="rotate" label={t.rotate}>
            {(close) => (
              <Ask
                id="rotate-dialog"
                title={t.rotate}
                says={t.rotateSays(m.name)}
                submit={t.rotate}
                send={(key) => post('/v1/keys', {}, key)}
                done={() => {
                  setRotated(true)
                  close()
                  onChange()
                }}
                onClose={close}
              />
            )}
          </Opener>
        </div>
      )}
    </>
  )
}

/** What the ledger says of the organisation, and the way to change it. */
function Entry({ of: m, may, onChange }: { of: Member; may: boolean; onChange: () => void }) {
  const t = useConsortium()
  const c = useConsole()
  return (
    <section class="panel stack">
      <h2>{t.profile}</h2>
      <Facts
        of={[
          [t.name, m.name],
          [t.gln, <code key="gln">{m.gln}</code>],
          [t.roles, (m.roles ?? []).map((r) => c.organisationRole(r)).join(', ') || t.none],
          [t.standing, t.status(m.status)],
          [t.prefixes, (m.prefixes ?? []).join(', ')],
          [t.endpoint, m.endpoint ?? ''],
        ]}
      />
      {may && (
        <div>
          <Opener id="profile" label={t.editProfile}>
            {(close) => (
              <Profile
                of={m}
                onClose={close}
                done={() => {
                  close()
                  onChange()
                }}
              />
            )}
          </Opener>
        </div>
      )}
    </section>
  )
}

function Profile({ of: m, onClose, done }: { of: Member; onClose: () => void; done: () => void }) {
  const t = useConsortium()
  const [name, setName] = useState(m.name)
  const [endpoint, setEndpoint] = useState(m.endpoint ?? '')
  return (
    <Ask
      id="profile-dialog"
      title={t.profile}
      says={t.profileSays(m.name)}
      submit={t.save}
      send={() => put<void>('/v1/profile', { name, endpoint })}
      done={done}
      onClose={onClose}
    >
      <Input id="name" label={t.name} value={name} onValue={setName} required maxLength={200} />
      <Input id="endpoint" label={t.endpoint} hint={t.endpointHint} type="url" value={endpoint} onValue={setEndpoint} />
    </Ask>
  )
}

function Revoke({ kid, last, done }: { kid: string; last: boolean; done: () => void }) {
  const t = useConsortium()
  return (
    <Opener id={`revoke-${kid}`} label={t.revoke} about={kid.slice(0, 12)} look="danger">
      {(close) => (
        <Ask
          id="revoke-dialog"
          title={t.revokeTitle}
          says={last ? t.revokeLast(kid) : t.revokeSays(kid)}
          submit={t.revoke}
          danger
          send={() => remove(`/v1/keys/${kid}`)}
          done={() => {
            close()
            done()
          }}
          onClose={close}
        />
      )}
    </Opener>
  )
}
