import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Problem } from '../api/api'
import { Button } from '../ui/Button'
import { Failure } from '../ui/Failure'
import { Input } from '../ui/Input'
import { asProblem } from '../ui/load'
import { Notice } from '../ui/Notice'
import { Broken, login, passkeys, register, type Trouble } from './session'
import { useConsole } from './text'

/** Takes the code of an invitation out of the address bar, where neighbours could read it. */
export function takeInvitation(): string {
  const found = /^#invitation=([\w-]*)$/.exec(location.hash)?.[1] ?? ''
  if (found) history.replaceState(null, '', location.pathname + location.search)
  return found
}

interface Given {
  expired: boolean
  /** Code of the link that led here. */
  invitation: string
}

/** Enter lets a person in: with a passkey, or with an invitation that registers one. */
export function Enter({ expired, invitation }: Given) {
  const t = useConsole()
  const [inviting, setInviting] = useState(invitation !== '')
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${inviting ? t.registerTitle : t.loginTitle} · Theriac`
    heading.current?.focus()
  }, [inviting, t])
  return (
    <main class="enter panel stack" id="content">
      <h1 ref={heading} tabIndex={-1}>
        {inviting ? t.registerTitle : t.loginTitle}
      </h1>
      {expired && <Notice look="warn">{t.expired}</Notice>}
      {!passkeys() && <Notice look="bad" title={t.noPasskeys} children={<p>{t.noPasskeysHelp}</p>} />}
      {passkeys() && (inviting ? <Registration code={invitation} /> : <Login />)}
      {passkeys() && (
        <Button look="bare" id="other-way" onClick={() => setInviting(!inviting)}>
          {inviting ? t.haveAccount : t.haveInvitation}
        </Button>
      )}
    </main>
  )
}

function useCeremony(act: () => Promise<void>) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [trouble, setTrouble] = useState<Trouble>()
  const begin = async () => {
    setBusy(true)
    setProblem(undefined)
    setTrouble(undefined)
    try {
      await act()
    } catch (e) {
      if (e instanceof Broken) setTrouble(e.trouble)
      else setProblem(asProblem(e))
      setBusy(false)
    }
  }
  return { busy, problem, trouble, begin: () => void begin() }
}

function Login() {
  const t = useConsole()
  const c = useCeremony(login)
  return (
    <form
      class="stack"
      onSubmit={(e) => {
        e.preventDefault()
        c.begin()
      }}
    >
      <p>{t.loginSays}</p>
      <Wrong of={c} />
      <Button id="login" type="submit" look="main" busy={c.busy}>
        {c.busy ? t.waiting : t.login}
      </Button>
    </form>
  )
}

function Registration({ code: given }: { code: string }) {
  const t = useConsole()
  const [code, setCode] = useState(given)
  const c = useCeremony(() => register(code.trim()))
  return (
    <form
      class="stack"
      onSubmit={(e) => {
        e.preventDefault()
        c.begin()
      }}
    >
      <p>{t.registerSays}</p>
      <Input id="code" label={t.code} hint={t.codeHint} value={code} onValue={setCode} required maxLength={100} />
      <Wrong of={c} />
      <Button id="register" type="submit" look="main" busy={c.busy}>
        {c.busy ? t.waiting : t.register}
      </Button>
    </form>
  )
}

function Wrong({ of }: { of: { problem: Problem | undefined; trouble: Trouble | undefined } }): ComponentChildren {
  const t = useConsole()
  if (of.problem instanceof Problem) return <Failure of={of.problem} />
  if (!of.trouble) return null
  const says = { cancelled: t.cancelled, registered: t.registered, insecure: t.insecure, failed: t.ceremonyFailed }[of.trouble]
  return (
    <div role="alert">
      <Notice look="warn">{says}</Notice>
    </div>
  )
}
