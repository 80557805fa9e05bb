// What the screens of every organisation show, as the API describes it.
import type { components } from '../api/schema'

type Schemas = components['schemas']

export type Action = Schemas['Action']
export type Alert = Schemas['Alert']
export type Block = Schemas['Block']
export type Dossier = Schemas['Dossier']
export type Invitation = Schemas['Invitation']
export type Peer = Schemas['Peer']
export type Person = Schemas['Person']
export type Proposal = Schemas['Proposal']
export type Queue = Schemas['Queue']
