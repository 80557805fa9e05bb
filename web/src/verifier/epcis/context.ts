// What a document's compact names (CURIEs) stand for. Nothing is fetched.

import { must } from '../bytes'
import { isURI } from '../uri'
import { epcisWords, get } from './shapes'
import type { Tree } from './tree'

export type Prefixes = Map<string, string>

/** standard are the prefixes of the GS1 EPCIS context. */
export const standard = new Map(
  Object.entries({
    cbv: 'https://ref.gs1.org/cbv/',
    cbvmda: 'urn:epcglobal:cbv:mda:',
    dcterms: 'http://purl.org/dc/terms/',
    epcis: 'https://ref.gs1.org/epcis/',
    gs1: 'https://gs1.org/voc/',
    owl: 'http://www.w3.org/2002/07/owl#',
    rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
    xsd: 'http://www.w3.org/2001/XMLSchema#',
  }),
)

/** expand returns what a compact name stands for, or s if its prefix is not defined. */
export function expand(s: string, prefixes: Map<string, string>): string {
  const colon = s.indexOf(':')
  const namespace = colon < 0 ? undefined : prefixes.get(s.slice(0, colon))
  return namespace && !s.startsWith('//', colon + 1) ? namespace + s.slice(colon + 1) : s
}

// The addresses of the context that gives EPCIS words their meaning.
const epcisContext = /^https:\/\/(ref\.gs1\.org\/standards\/epcis(\/2\.\d+\.\d+)?|gs1\.github\.io\/EPCIS)\/epcis-context\.jsonld$/

/** readContext reads the @context of a document or of a bare event. */
export function readContext(v: Tree): Prefixes {
  const entries = v.kind === 'list' ? v.kids.map((k) => k.value) : [v]
  must(
    entries.some((e) => epcisContext.test(e.text)),
    'the EPCIS context is not named',
  )
  return define(new Map(standard), v)
}

/** within returns the prefixes in force in an event. */
export function within(names: Prefixes, event: Tree): Prefixes {
  const context = get(event, '@context')
  return context ? define(new Map(names), context) : names
}

function define(names: Prefixes, v: Tree): Prefixes {
  if (v.kind === 'text') {
    must(isURI(v.text), 'no URI')
    return names
  }
  must(v.kind === 'list' || v.kind === 'object', 'no context')
  for (const k of v.kids) {
    if (v.kind === 'object') {
      if (!k.name.startsWith('@')) defineTerm(names, k.name, k.value)
      continue
    }
    must(k.value.kind !== 'list', 'a list in a list')
    define(names, k.value)
  }
  return names
}

const bare = (uri: string) => uri.replace(/[:/#]+$/, '')

function defineTerm(names: Prefixes, name: string, given: Tree): void {
  const v = given.kind === 'object' ? get(given, '@id') : given
  must(v?.kind === 'text', 'no URI')
  const known = standard.get(name)
  if (known !== undefined) {
    must(bare(v.text) === bare(known), 'the GS1 context defines it otherwise')
    return
  }
  // A reader who expands urn:epc:… or eventTime would read another document.
  must(!['urn', 'http', 'https'].includes(name) && !epcisWords.has(name), 'the GS1 context defines it')
  names.set(name, v.text)
}

/** checkExtensions refuses an extension that JSON-LD takes for a member of the event. */
export function checkExtensions(names: Prefixes, event: Tree): void {
  must(
    event.kids.every((k) => !expand(k.name, names).startsWith('https://ref.gs1.org/epcis/')),
    'a word of EPCIS without namespace',
  )
}
