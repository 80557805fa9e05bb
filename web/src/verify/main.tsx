import { render } from 'preact'
import '../ui/base.css'
import '../ui/parts.css'
import './verify.css'
import './verdict.css'
import { App } from './App'
import type { World } from './check'
import { codeOfAddress } from './reading'
import { expectedOf } from './trust'

const world: World = {
  now: () => new Date(),
  get: (input, init) => fetch(input, init),
  here: location.host,
  expected: expectedOf(location.hash),
}

// A link opened in this very page binds it as it would a new one.
addEventListener('hashchange', () => location.reload())

const root = document.getElementById('app')
if (root) render(<App world={world} first={codeOfAddress(location.origin, location.pathname, location.search)} />, root)
