/** A Refusal is a reason to refuse: a stable code for machines (docs/formats.md, "Refusals"), a text for people. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    text: string,
  ) {
    super(text)
    this.name = 'Refusal'
  }
}

export const refuse = (code: string, text: string): never => {
  throw new Refusal(code, text)
}

/** as reads something, and refuses under this code whatever went wrong. */
export function as<T>(code: string, what: string, read: () => T): T {
  try {
    return read()
  } catch (err) {
    throw new Refusal(code, `${what}: ${err instanceof Error ? err.message : String(err)}`)
  }
}
