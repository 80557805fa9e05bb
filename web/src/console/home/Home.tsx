import { when } from '../../text/text'
import { useLoad } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { Shown } from '../../ui/Shown'
import { useConsortium } from '../consortium/text'
import { Party, useMembers } from '../Members'
import { useMail } from '../mail/text'
import type { Session } from '../screen'
import { useHome } from './text'
import { type Item, type Kept, type Kind, waiting } from './waiting'

const urgent: Kind[] = ['alerts', 'reports', 'failing']

/** What waits for the person who is logged in. */
export function Home({ session }: { session: Session; rest: string }) {
  const t = useHome()
  const found = useLoad(() => waiting(session), [], 30_000)
  return (
    <>
      <p class="quiet">{t.hello(session.person.name)}</p>
      <Shown of={found}>
        {(kept) =>
          kept.length === 0 ? (
            <Notice look="good">{t.nothing}</Notice>
          ) : (
            <div class="cards">
              {kept.map((k) => (
                <Card key={k.kind} of={k} />
              ))}
            </div>
          )
        }
      </Shown>
    </>
  )
}

function Card({ of: k }: { of: Kept }) {
  const t = useHome()
  return (
    <section class={`panel stack card ${urgent.includes(k.kind) ? 'urgent' : ''}`} id={`waiting-${k.kind}`}>
      <h2>{t[k.kind]}</h2>
      <ul class="plain">
        {k.items.map((i) => (
          <li key={i.id}>
            <a href={i.link}>
              <Name kind={k.kind} of={i} />
            </a>
            <span class="quiet small">
              {i.gln && <Party gln={i.gln} />}
              {i.gln && i.at ? ' · ' : ''}
              {i.at ? when(new Date(i.at)) : ''}
            </span>
          </li>
        ))}
      </ul>
      <a class="all" href={k.all} aria-label={`${t.all}: ${t[k.kind]}`}>
        {t.all}
      </a>
    </section>
  )
}

function Name({ kind, of: i }: { kind: Kind; of: Item }) {
  const t = useHome()
  const mail = useMail()
  const consortium = useConsortium()
  const members = useMembers()
  switch (kind) {
    case 'alerts':
      return <>{t.alert(i.what)}</>
    case 'reports':
      return <>{mail.word(i.what)}</>
    case 'unanswered':
      return <>{mail.type(i.what)}</>
    case 'votes':
      return <>{consortium.action(i.what, members.get(i.about ?? '')?.name ?? i.about ?? '')}</>
    case 'failing':
      return <>{t.cannot(i.count ?? 0, i.what)}</>
    case 'jobs':
      return <>{i.what ? t.jobFailed(i.what) : t.jobRunning}</>
    default:
      return <>{i.what}</>
  }
}
