// Who may take a pack from which state to which, as docs/operating.md has it. The
// ledger decides; this is so that a person is offered what can be.
import type { State } from './shapes'

export interface Transition {
  from: State
  to: State
  by: string[]
}

const handlers = ['distributor', 'hospital', 'manufacturer', 'pharmacy']
const traders = ['distributor', 'manufacturer']

export const transitions: Transition[] = [
  { from: 'inactive', to: 'active', by: ['manufacturer'] },
  { from: 'inactive', to: 'destroyed', by: ['manufacturer'] },
  { from: 'active', to: 'dispensed', by: ['pharmacy', 'hospital'] },
  { from: 'active', to: 'destroyed', by: handlers },
  { from: 'active', to: 'stolen', by: handlers },
  { from: 'active', to: 'exported', by: traders },
  { from: 'active', to: 'sampled', by: ['administration', 'manufacturer'] },
  { from: 'active', to: 'locked', by: ['administration', 'distributor', 'manufacturer'] },
  { from: 'active', to: 'returned', by: ['distributor', 'hospital', 'pharmacy'] },
  { from: 'locked', to: 'active', by: ['administration', 'manufacturer'] },
  { from: 'locked', to: 'destroyed', by: traders },
  { from: 'returned', to: 'active', by: traders },
  { from: 'returned', to: 'destroyed', by: traders },
]

/** Returns what an organisation with these roles may do beside dispensing, which has a screen of its own. */
export const offered = (roles: string[]): Transition[] =>
  transitions.filter((t) => t.to !== 'dispensed' && t.by.some((r) => roles.includes(r)))

/** Says whether a move cannot be taken back. */
export const final = (t: Transition): boolean => t.to === 'destroyed' || t.to === 'stolen'
