// The lists of the API that the screens of every organisation show.
export interface Action {
  kind: 'admit' | 'rekey' | 'standing' | 'revoke' | 'params' | 'validators'
  member?: string
  application?: string
  name?: string
  roles?: string[] | null
  prefixes?: string[] | null
  endpoint?: string
  status?: string
  key?: string
  params?: Record<string, number>
  validators?: { key: string; power: number }[] | null
}

export interface Proposal {
  proposal: string
  status: 'open' | 'accepted' | 'rejected' | 'lapsed'
  proposer: string
  opened: number
  closes: number
  for: string[] | null
  against: string[] | null
  mine?: 'for' | 'against'
  action: Action
}

export interface Block {
  height: number
  time: number
  transactions: number
  bytes: number
  proposer: string
}

export interface Peer {
  id: string
  address: string
  outbound: boolean
  since: string
}

export interface QueuedMail {
  gln: string
  name?: string
  code?: string
  messages: number
  oldest: string
  next: string
  attempts: number
}

export interface Queue {
  queued: number
  more?: boolean
  oldest?: string
  receivers: QueuedMail[] | null
}

export interface Alert {
  id: string
  code: string
  batch: string
  gtin: string
  lot: string
  units: { from: number; to: number }[] | null
  by: string
  maker: string
  height: number
  index: number
  time: number
}

export interface Person {
  id: string
  name: string
  role: string
  created: string
  last_seen?: string
  passkeys: number
  invited?: string
}

export interface Invitation {
  id: string
  name: string
  role: string
  code: string
  expires: string
  link: string
}
