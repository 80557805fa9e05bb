import { useEffect, useState } from 'preact/hooks'
import { when } from '../text/text'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Notice } from '../ui/Notice'
import { installed, type Recomputed } from '../worker/digest'
import type { World } from './check'
import { ask, member, parse } from './server'
import type { Text } from './text'

interface Given {
  text: Text
  world: World
  /** Accepts a newer version of the page; absent while none waits. */
  accept: (() => void) | undefined
  onClose: () => void
}

type Own = { page: Recomputed | undefined } | 'broken'

/** What the page is, and how to see that it is the published one. */
export function AboutDialog({ text, world, accept, onClose }: Given) {
  const [own, setOwn] = useState<Own>()
  const [anchors, setAnchors] = useState<Anchor[]>([])
  useEffect(() => {
    installed().then(
      (page) => {
        setOwn({ page })
        if (page) anchorsOf(page.digest, world).then(setAnchors)
      },
      () => setOwn('broken'),
    )
  }, [])
  return (
    <Dialog id="about-dialog" title={text.about} onClose={onClose}>
      <p>{text.aboutText}</p>
      {own && <Digest text={text} own={own} />}
      {anchors.map((a) => (
        <p key={a.gln} class="small">
          {text.aboutAnchored(a.gln, when(a.at))}
        </p>
      ))}
      {accept && (
        <Notice look="plain" title={text.aboutWaiting}>
          <Button onClick={accept}>{text.aboutReload}</Button>
        </Notice>
      )}
    </Dialog>
  )
}

function Digest({ text, own }: { text: Text; own: Own }) {
  if (own === 'broken') {
    return (
      <Notice look="bad">
        <p>{text.aboutBroken}</p>
      </Notice>
    )
  }
  if (!own.page) return <p>{text.aboutNone}</p>
  return (
    <>
      <h3>{text.aboutDigest}</h3>
      <p id="page-digest" class="code">
        {own.page.digest}
      </p>
      <p class="quiet small">{text.aboutDigestNote}</p>
    </>
  )
}

interface Anchor {
  gln: string
  at: Date
}

/** Asks who put the digest on the ledger. It is the server's word, which helps to find it there. */
async function anchorsOf(digest: string, world: World): Promise<Anchor[]> {
  const answer = await ask(`/v1/evidence/${digest}`, 1 << 20, world.get)
  const list = answer.kind === 'bytes' ? parse(answer.bytes) : undefined
  if (!Array.isArray(list)) return []
  return list.flatMap((a: unknown) => {
    const [gln, time] = [member(a, 'gln'), member(a, 'time')]
    return typeof gln === 'string' && typeof time === 'number' ? [{ gln, at: new Date(time) }] : []
  })
}
