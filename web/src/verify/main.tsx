import { render } from 'preact'
import '../ui/base.css'
import '../ui/parts.css'
import './verify.css'
import './verdict.css'
import { App } from './App'
import type { World } from './check'
import { codeOfAddress, cutCode } from './reading'
import { expectedOf } from './trust'

// The symbol under a coating brings its code behind #. No server has seen it, and before
// anything else it leaves the address, which people copy and browsers remember.
const { text: fragment, code: behind } = cutCode(location.hash)
if (behind !== undefined) history.replaceState(history.state, '', location.pathname + location.search + fragment)

const world: World = {
  now: () => new Date(),
  get: (input, init) => fetch(input, init),
  here: location.host,
  expected: expectedOf(fragment),
}

// A link opened in this very page binds it as it would a new one.
addEventListener('hashchange', () => location.reload())

const root = document.getElementById('app')
if (root) render(<App world={world} first={codeOfAddress(location.origin, location.pathname, location.search)} behind={behind} />, root)
