// What a verifier pins: a chain and its validators.

import { type Bytes, fromText, fromUTF8, must, toText, utf8 } from './bytes'
import { checkSet, type Validator } from './headers'
import { as } from './refusal'
import { parseTree, type Tree } from './tree'

export interface Trust {
  chainID: string
  height: number
  maxAge: number // seconds
  validators: Validator[]
}

/** members returns the members of an object that may have these and no others. */
function members(v: Tree, names: string[]): Map<string, Tree> {
  must(v.kind === 'object' && v.kids.every((k) => names.includes(k.name)), 'members')
  return new Map(v.kids.map((k) => [k.name, k.value]))
}

function integer(v: Tree | undefined): number {
  if (v === undefined) return 0
  const n = Number(v.text)
  must(v.kind === 'number' && /^[0-9]+$/.test(v.text) && Number.isSafeInteger(n), 'no integer below 2^53')
  return n
}

function string(v: Tree | undefined): string {
  must(v?.kind === 'text', 'no text')
  return v.text
}

function validator(v: Tree): Validator {
  const m = members(v, ['key', 'power'])
  return { key: fromText(string(m.get('key'))), power: integer(m.get('power')) }
}

/** parseTrust reads a trust root, JSON of any layout; it throws a Refusal (bad_trust) for anything else. */
export function parseTrust(raw: Uint8Array): Trust {
  return as('bad_trust', 'the trust root cannot be read', () => {
    const m = members(parseTree(fromUTF8(raw), 8, 1 << 16), ['chain_id', 'height', 'max_age_seconds', 'validators'])
    const set = m.get('validators')
    must(set?.kind === 'list', 'validators are missing')
    const trust = {
      chainID: string(m.get('chain_id')),
      height: integer(m.get('height')),
      maxAge: integer(m.get('max_age_seconds')),
      validators: set.kids.map((k) => validator(k.value)),
    }
    const size = utf8(trust.chainID).length
    must(trust.maxAge > 0 && size > 0 && size <= 50, 'max_age_seconds or chain_id')
    checkSet(trust.validators)
    return trust
  })
}

/** fingerprint is SHA-256 over the canonical form, so that two people can compare trust roots aloud. */
export async function fingerprint(t: Trust): Promise<string> {
  const set = t.validators.map((v) => `{"key":"${toText(v.key)}","power":${v.power}}`)
  const form: Bytes = utf8(
    `{"chain_id":${JSON.stringify(t.chainID)},"height":${t.height},"max_age_seconds":${t.maxAge},"validators":[${set.join(',')}]}`,
  )
  return toText(new Uint8Array(await crypto.subtle.digest('SHA-256', form)))
}
