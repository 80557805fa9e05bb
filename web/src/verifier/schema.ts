// What JSON objects and CBOR maps have in common: a table says what comes.

import { must } from './bytes'

/** A Read takes one value off a source. With otherwise it is one that may be left out, where it would be that. */
export interface Read<S, T> {
  (source: S): T
  otherwise?: T
}

/** Types are those of the values that a table reads. */
export type Types<F> = { [K in keyof F]: F[K] extends (source: never) => infer T ? T : never }

/** may reads a member that is left out if there is nothing to say. */
export function may<S, T>(read: (source: S) => T, otherwise: T): Read<S, T>
export function may<S, T>(read: (source: S) => T, otherwise: undefined): Read<S, T | undefined>
export function may<S, T>(read: (source: S) => T, otherwise: T): Read<S, T> {
  return Object.assign((source: S) => read(source), { otherwise })
}

const empty = (v: unknown) => (v as { length?: number } | undefined)?.length === 0

/**
 * fields reads what the table has, in its order; comes reports whether a member comes
 * next, by its name and place. No name that a stranger wrote becomes a property.
 */
export function fields<S, F extends object>(source: S, table: F, comes: (name: string, place: number) => boolean): Types<F> {
  const out: Record<string, unknown> = {}
  Object.entries(table).forEach(([name, read]: [string, Read<S, unknown>], place) => {
    const needed = !('otherwise' in read)
    const { otherwise } = read
    const there = comes(name, place)
    const v = there ? read(source) : otherwise
    // What says nothing has no second spelling.
    must(there ? needed || (v !== otherwise && !(empty(v) && empty(otherwise))) : !needed)
    out[name] = v
  })
  return out as Types<F>
}
