// What the desks read: the API's types, and the contents of messages, which the
// API describes as anything.
import type { components } from '../../api/schema'
import type { Range } from './ranges'

type Schemas = components['schemas']
export type Member = Schemas['Member']
export type Job = Schemas['Job']
export type Done = Schemas['Done']
export type LGTIN = Schemas['Gs1LGTIN']
export type ProductLine = Schemas['Line']
export type Registration = Schemas['Registration']
export type Mark = Schemas['Mark']

/** A Message is one of the organisation, with the content of its type. */
export type Message<C = unknown> = Omit<Schemas['Message'], 'content'> & { content: C }

export interface MaterialRequest {
  material?: string
  product?: string
  quantity?: string
}

export interface SuppliedLot {
  analysis: string
  gtin: string
  lot: string
  produced: string
}

export interface MaterialSupply {
  lots?: SuppliedLot[]
  material?: string
  quantity?: string
  registrations?: string[]
}

export interface Dossier {
  documents?: string
  gtins?: string[]
  materials?: LGTIN[]
  product?: string
}

export interface Decision {
  certificate?: string
  decision?: 'approved' | 'refused' | 'question'
  reasons?: string
}

export interface Parcel {
  batch: string
  expiry: string
  gtin: string
  lot: string
  ranges: Range[]
}

export interface Distribution {
  certificate?: string
  cost?: string
  parcels?: Parcel[]
  registrations?: string[]
  sales_method?: string
}

export interface SalesCount {
  batch: string
  received: number
  remaining: number
  returned: number
  sold: number
}

export interface SalesStatus {
  counts?: SalesCount[]
  expiries?: { batch: string; expiry: string }[]
}

export interface Dispatch {
  note?: string
  parcels?: Parcel[]
  registrations?: string[]
}

export interface Receipt {
  differences?: string
  received?: SalesCount[]
}

/** A Batch is one of the organisation's. */
export interface Batch {
  id: string
  gtin: string
  lot: string
  expiry: string
  size: number
  certificate?: string
  status: 'releasing' | MarketStatus
  released?: number
  codes?: boolean
  job?: Job
}

export type MarketStatus = 'released' | 'recalled' | 'withdrawn'

/** A Holding is what the organisation has of a batch in its custody. */
export interface Holding {
  batch: string
  gtin: string
  lot: string
  expiry: string
  expired: boolean
  product?: string
  maker: string
  status: MarketStatus
  packs: number
  counts: { state: State; packs: number }[] | null
  ranges: (Range & { state: State })[] | null
  /** There are more ranges than were told. */
  more?: boolean
}

/** A Certificate is one that the organisation issued or holds. */
export interface Certificate {
  number: string
  name: string
  strength: string
  form: string
  substance: string
  gtins: string[] | null
  markets: string[] | null
  sites: string[] | null
  issuer: string
  holder: string
  status: 'valid' | 'suspended' | 'revoked'
  since: number
  valid_from: number
  valid_until: number
  /** Anchor of the decision that carried it. */
  decision: string
}

/** The message types, by what they are. */
export const types = {
  request: 'dmms/1',
  supply: 'msdm/1',
  dossier: 'dmda/1',
  decision: 'dadm/1',
  distribution: 'dmdd/1',
  sales: 'dddm/1',
  dispatch: 'dispatch/1',
  receipt: 'receipt/1',
  report: 'report/1',
} as const

/** The states of a pack, in the ledger's words. */
export const states = ['inactive', 'active', 'dispensed', 'destroyed', 'exported', 'sampled', 'locked', 'stolen', 'returned'] as const
export type State = (typeof states)[number]
