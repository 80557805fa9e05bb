// What this device keeps for the page. A browser may forbid it; then it is kept
// while the page is open, and the person is told where that matters.

const meanwhile = new Map<string, string>()

/** Returns what is kept under a name, undefined if nothing is, null if it is damaged. */
export function kept<T>(name: string): T | null | undefined {
  const text = meanwhile.get(name) ?? stored(name)
  if (text === null) return undefined
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}

function stored(name: string): string | null {
  try {
    return localStorage.getItem(`theriac.${name}`)
  } catch {
    return null
  }
}

/** Keeps a value, and says whether the browser did. */
export function keep(name: string, value: unknown): boolean {
  const text = JSON.stringify(value)
  try {
    localStorage.setItem(`theriac.${name}`, text)
    meanwhile.delete(name)
    return true
  } catch {
    meanwhile.set(name, text)
    return false
  }
}

/** Forgets what is kept under a name. */
export function forget(name: string): void {
  meanwhile.delete(name)
  try {
    localStorage.removeItem(`theriac.${name}`)
  } catch {
    // Nothing is kept where nothing may be kept.
  }
}
