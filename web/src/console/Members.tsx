import { type ComponentChildren, createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { get } from '../api/api'
import type { components } from '../api/schema'
import { useLoad } from '../ui/load'

export type Member = components['schemas']['Member']

const Known = createContext<Map<string, Member>>(new Map())

/** Members gives what is inside the names of the consortium's members. */
export function Members({ children }: { children: ComponentChildren }) {
  const found = useLoad(() => get<Member[]>('/v1/members'), [], 60_000)
  return <Known.Provider value={new Map((found.data ?? []).map((m) => [m.gln, m]))}>{children}</Known.Provider>
}

/** Returns the members by GLN, as far as they are known yet. */
export const useMembers = () => useContext(Known)

/** A Party is a member by its name, with the GLN that is its identity. */
export function Party({ gln }: { gln: string }) {
  const member = useMembers().get(gln)
  if (!member) return <code>{gln}</code>
  return (
    <span class="party" title={gln}>
      {member.name}
    </span>
  )
}
