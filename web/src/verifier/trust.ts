// What a verifier pins: a chain and its validators.

import { fromUTF8, must, toText, utf8 } from './bytes'
import { base64, safe } from './forms'
import { checkSet } from './headers'
import { list, object, text, whole } from './json'
import { as } from './refusal'
import { may } from './schema'

const trust = object({
  chain_id: text,
  height: may(safe, undefined),
  max_age_seconds: safe,
  validators: list(object({ key: base64, power: safe })),
})
// Of all its objects, in the order of RFC 8785.
const names = ['chain_id', 'height', 'key', 'max_age_seconds', 'power', 'validators']

/** A Trust is a trust root, under its names in docs/formats.md. */
export type Trust = ReturnType<typeof trust> & { height: number }

/**
 * canonical writes JSON of any layout in its one form, as far as it has members of a
 * trust root. It throws for a member of another name, one that stands there twice and
 * a number in another spelling: then parsing lost something.
 */
function canonical(raw: string): string {
  const value: unknown = JSON.parse(raw)
  const dense = raw.replace(/"(?:[^"\\]|\\.)*"|[ \t\r\n]+/g, (token) => (token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : ''))
  const form = JSON.stringify(value, names)
  must(JSON.stringify(value) === dense && form.length === dense.length)
  return form
}

/** parseTrust reads a trust root, JSON of any layout; it throws a Refusal (bad_trust) for anything else. */
export const parseTrust = (raw: Uint8Array): Trust =>
  as('bad_trust', () => {
    const t = whole(canonical(fromUTF8(raw)), trust)
    const size = utf8(t.chain_id).length
    must(t.max_age_seconds > 0 && size > 0 && size <= 50)
    checkSet(t.validators)
    return { ...t, height: t.height ?? 0 }
  })

/** fingerprint is SHA-256 over the canonical form, so that two people can compare trust roots aloud. */
export async function fingerprint(t: Trust): Promise<string> {
  const form = JSON.stringify(t, names)
  return toText(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(form))))
}
