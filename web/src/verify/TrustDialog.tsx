import { useEffect, useState } from 'preact/hooks'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Facts } from '../ui/Facts'
import { Notice } from '../ui/Notice'
import { type Standing, settle, type World } from './check'
import { day } from './format'
import { type Text, textOf } from './text'
import { pinRoot, type Root, readRoot, type Source } from './trust'

interface Given {
  text: Text
  world: World
  standing: Standing | undefined
  onStanding: (s: Standing) => void
  /** Told of where it stands after the person took another. */
  onChosen: (s: Standing) => void
  onClose: () => void
}

/** Shows which root of trust counts, and is the only way to another. */
export function TrustDialog({ text, world, standing, onStanding, onChosen, onClose }: Given) {
  const [bad, setBad] = useState(false)
  useEffect(() => {
    if (!standing) settle(world).then(onStanding)
  }, [])
  const use = async (root: Root, source: Source) => {
    pinRoot(root, source, world.now())
    onChosen(await settle(world))
  }
  const take = async (file: File | undefined) => {
    if (!file || file.size > 1 << 20) return setBad(file !== undefined)
    const root = await readRoot(new Uint8Array(await file.arrayBuffer()))
    setBad(!root)
    if (root) await use(root, 'file')
  }
  return (
    <Dialog id="trust-dialog" title={text.trust} onClose={onClose}>
      <p>{text.trustExplain}</p>
      {standing?.root && <Kept text={text} standing={standing} root={standing.root} />}
      {standing?.why && standing.why !== 'no_trust' && (
        <Other text={text} world={world} standing={standing} onUse={(r) => use(r, 'replaced')} />
      )}
      {standing?.why === 'no_trust' && <p>{text.trustNone}</p>}
      <div class="row">
        <label class="button plain file">
          {text.trustImport}
          <input id="trust-file" type="file" accept=".json,application/json" onChange={(e) => take(e.currentTarget.files?.[0])} />
        </label>
      </div>
      <p class="wrong" role="alert">
        {bad && text.trustBadFile}
      </p>
    </Dialog>
  )
}

function Kept({ text, standing, root }: { text: Text; standing: Standing; root: Root }) {
  const { pin } = standing
  return (
    <>
      <p>
        {pin && text.trustSince(day(pin.seen), textOf(text, 'from_', pin.source, 'from_first'))}{' '}
        {pin?.source === 'first' && text.trustCompare}
      </p>
      {standing.unkept && (
        <Notice look="warn">
          <p>{text.trustUnkept}</p>
        </Notice>
      )}
      <Fingerprint of={[[text.fingerprint, root.fingerprint]]} />
    </>
  )
}

interface OtherGiven {
  text: Text
  world: World
  standing: Standing
  onUse: (root: Root) => void
}

function Other({ text, world, standing, onUse }: OtherGiven) {
  const [sure, setSure] = useState(false)
  const { other } = standing
  // What the address expects is not overruled by a tick in a box.
  const may = other && (world.expected === undefined || other.fingerprint === world.expected)
  return (
    <>
      <Notice look="bad" title={text.trustOther}>
        <p>{textOf(text, 'why_', standing.why ?? '', 'why_other_served')}</p>
      </Notice>
      <Fingerprint
        of={[
          [text.trustKept, standing.pinnedAs],
          [text.trustServed, other?.fingerprint],
          [text.trustExpected, world.expected],
        ]}
      />
      {may && (
        <>
          <label class="tick">
            <input id="trust-sure" type="checkbox" checked={sure} onChange={(e) => setSure(e.currentTarget.checked)} />
            <span>{text.trustSure}</span>
          </label>
          <Button id="trust-replace" look="danger" disabled={!sure} onClick={() => onUse(other)}>
            {text.trustReplace}
          </Button>
        </>
      )}
    </>
  )
}

function Fingerprint({ of }: { of: [string, string | undefined][] }) {
  return <Facts of={of.map(([name, value]) => [name, value && <code class="fingerprint">{value.match(/.{1,4}/g)?.join(' ')}</code>])} />
}
