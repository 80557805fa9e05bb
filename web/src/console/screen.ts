import type { JSX } from 'preact'

/** A person who is logged in, for which organisation, and what policy permits. */
export interface Session {
  person: { id: string; name: string; role: string }
  organisation: { gln: string; name: string; roles: string[] }
  /** Ids of the API's operations. */
  may: string[]
}

/**
 * A screen of the console. It is offered where the organisation has one of the roles and the person may do what it needs.
 * The frame shows the title as the page's h1, moves focus there and sets document.title; a view's headings begin at h2.
 * Links to screens are made by href in route.ts.
 */
export interface Screen {
  /** Path below /console, as "batches"; parameters follow it as "batches/ID". */
  path: string
  title: () => string
  /** Ids of operations that it cannot be without. */
  needs: string[]
  /** Roles on the ledger, one of which the organisation has; empty: any. */
  roles: string[]
  /** rest is what follows the path. */
  view: (props: { session: Session; rest: string }) => JSX.Element
}
