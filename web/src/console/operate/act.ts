/**
 * Says in words what an entry of the audit book did: "send receipt/1", "active to dispensed", "login". Words that are
 * not known stay as they are written: some are a stranger's.
 */
export function act(action: string, known: (word: string) => string): string {
  const whole = known(action)
  if (whole) return whole
  const word = (w: string) => known(w) || w
  const [from, to, ...more] = action.split(' to ')
  if (from && to && more.length === 0) return `${word(from)} → ${word(to)}`
  const [verb = '', ...rest] = action.split(' ')
  return rest.length > 0 && known(verb) ? `${known(verb)}: ${rest.map(word).join(' ')}` : action
}
