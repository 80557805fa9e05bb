/** An Outcome is what a verdict comes to. Captured and cannot_check decide nothing; they are never genuine. */
export type Outcome = 'genuine' | 'refused' | 'captured' | 'cannot_check'

/** A Value is what varies in what a check says; the words around it are the page's. */
export type Value = string | number | Date

/** A Refusal is a reason to refuse: a stable code (docs/formats.md, "Refusals"), and what it is about. */
export class Refusal extends Error {
  readonly values: Value[]
  step = '' // where it failed
  blame = '' // the role that the step names, or that is proven
  proven = false
  outcome: Outcome = 'refused'

  constructor(
    readonly code: string,
    ...values: Value[]
  ) {
    super([code, ...values].join(' '))
    this.values = values
  }
}

/** refuseUnless throws a Refusal unless ok. */
export function refuseUnless(ok: unknown, code: string, ...values: Value[]): asserts ok {
  if (!ok) throw new Refusal(code, ...values)
}

/** as reads something, and refuses under this code whatever went wrong. */
export function as<T>(code: string, read: () => T, step = ''): T {
  try {
    return read()
  } catch (err) {
    const { message } = err as Error
    throw Object.assign(new Refusal(code, ...(message ? [message] : [])), { step })
  }
}
