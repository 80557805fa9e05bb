import { Component, type ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Failure } from '../ui/Failure'
import { LanguageSwitch } from '../ui/LanguageSwitch'
import { asProblem, useSend } from '../ui/load'
import { Notice } from '../ui/Notice'
import { useStates } from '../ui/Shown'
import { Theme } from '../ui/Theme'
import { Enter } from './Enter'
import { useIdle } from './idle'
import { Members } from './Members'
import { href, useRoute } from './route'
import type { Screen, Session } from './screen'
import { groups } from './screens'
import { abandon, logout, offers, refresh, resume, useStanding } from './session'
import { useConsole } from './text'

/** The Console is the login, or the frame round the screens. */
export function Console({ invitation }: { invitation: string }) {
  const standing = useStanding()
  const t = useStates()
  useEffect(() => {
    // Whoever comes with an invitation is somebody new.
    if (!invitation) void resume()
  }, [invitation])
  if (standing.at === 'in') return <Frame key={standing.session.person.id} session={standing.session} />
  const invited = standing.at === 'asking' ? invitation : ''
  return (
    <>
      <header class="bar">
        <a class="brand" href="/">
          Theriac
        </a>
        <LanguageSwitch />
        <Theme />
      </header>
      {standing.at === 'asking' && !invited && (
        <main class="enter">
          <p class="loading quiet" role="status">
            {t.loading}
          </p>
        </main>
      )}
      {standing.at === 'failed' && (
        <main class="enter">
          <Failure of={standing.problem} onAgain={() => void resume()} />
        </main>
      )}
      {(standing.at === 'out' || invited) && <Enter expired={standing.at === 'out' && standing.expired} invitation={invited} />}
    </>
  )
}

/** The screens that a session may use, by group. */
function offered(session: Session): { name: string; screens: Screen[] }[] {
  return groups()
    .map((g) => ({ name: g.name, screens: g.screens.filter((s) => offers(session, s)) }))
    .filter((g) => g.screens.length > 0)
}

function Frame({ session }: { session: Session }) {
  const t = useConsole()
  const route = useRoute()
  const all = offered(session)
  const screen = all.flatMap((g) => g.screens).find((s) => s.path === route.path)
  const heading = useRef<HTMLHeadingElement>(null)
  const title = screen?.title() ?? t.nowhere
  const where = `${route.path}/${route.rest}`
  useLayoutEffect(() => {
    document.title = `${title} · ${session.organisation.name} · Theriac`
  }, [title, session.organisation.name])
  useLayoutEffect(() => {
    scrollTo(0, 0)
    heading.current?.focus({ preventScroll: true })
  }, [where])
  useEffect(() => void refresh(), [where])
  useIdle(abandon)
  return (
    <Members>
      <button type="button" class="skip" onClick={() => heading.current?.focus()}>
        {t.skip}
      </button>
      <Bar session={session} />
      <div class="frame">
        <nav class="side" aria-label={t.screens}>
          <Menu groups={all} at={route.path} />
        </nav>
        <main id="content" class="stack">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {screen ? (
            <Guard key={where}>
              <screen.view session={session} rest={route.rest} />
            </Guard>
          ) : (
            <Notice look="warn">
              <p>{t.nowhereHelp}</p>
              <a href={href('')}>{t.home}</a>
            </Notice>
          )}
        </main>
      </div>
      <Bottom key={where} session={session} groups={all} at={route.path} />
    </Members>
  )
}

interface BottomGiven {
  session: Session
  groups: { name: string; screens: Screen[] }[]
  at: string
}

/** Bottom is the way round on a phone: the first screens, and a drawer with all. */
function Bottom({ session, groups: all, at }: BottomGiven) {
  const t = useConsole()
  const [open, setOpen] = useState(false)
  return (
    <>
      <nav class="bottom" aria-label={t.shortcuts}>
        {all
          .flatMap((g) => g.screens)
          .slice(0, 3)
          .map((s) => (
            <Entry key={s.path} screen={s} at={at} />
          ))}
        <button type="button" id="menu" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          {t.menu}
        </button>
      </nav>
      {open && (
        <Dialog id="drawer" title={t.screens} full onClose={() => setOpen(false)}>
          <nav aria-label={t.screens}>
            <Menu groups={all} at={at} />
          </nav>
          <div class="leave">
            <Who session={session} />
            <Logout id="drawer-logout" />
          </div>
        </Dialog>
      )}
    </>
  )
}

function Logout({ id }: { id: string }) {
  const t = useConsole()
  const leaving = useSend(logout, () => {
    location.hash = ''
  })
  return (
    <>
      <Button id={id} busy={leaving.busy} onClick={leaving.send}>
        {t.logout}
      </Button>
      {leaving.error && <Failure of={leaving.error} />}
    </>
  )
}

function Who({ session }: { session: Session }) {
  const t = useConsole()
  return (
    <span class="who">
      {session.person.name}
      <span class="quiet">{t.personRole(session.person.role)}</span>
    </span>
  )
}

function Bar({ session }: { session: Session }) {
  const t = useConsole()
  return (
    <header class="bar">
      <a class="brand" href={href('')}>
        {session.organisation.name}
        <span class="quiet">{session.organisation.roles.map((r) => t.organisationRole(r)).join(', ')}</span>
      </a>
      <span class="wide">
        <Who session={session} />
      </span>
      <LanguageSwitch />
      <Theme />
      <span class="wide">
        <Logout id="logout" />
      </span>
    </header>
  )
}

function Menu({ groups, at }: { groups: { name: string; screens: Screen[] }[]; at: string }) {
  return (
    <>
      {groups.map((g) => (
        <div key={g.name} class="menu">
          <h2>{g.name}</h2>
          <ul>
            {g.screens.map((s) => (
              <li key={s.path}>
                <Entry screen={s} at={at} />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </>
  )
}

function Entry({ screen, at }: { screen: Screen; at: string }) {
  return (
    <a href={href(screen.path)} aria-current={screen.path === at ? 'page' : undefined}>
      {screen.title()}
    </a>
  )
}

/** A Guard keeps the frame usable when a screen breaks. */
class Guard extends Component<{ children: ComponentChildren }, { error?: unknown }> {
  static override getDerivedStateFromError(error: unknown) {
    return { error }
  }
  override render() {
    if (this.state.error === undefined) return this.props.children
    console.error(this.state.error)
    return <Failure of={asProblem(this.state.error)} onAgain={() => this.setState({ error: undefined })} />
  }
}
