// The words of the Core Business Vocabulary, and the forms of the leaves of an event.

import { must } from '../bytes'
import { isURI } from '../uri'

/** A Vocabulary is a list of CBV words and the URIs that stand for them. */
export interface Vocabulary {
  urn: string // in front of the word in EPCIS 1.2
  web: string // in front of the word after ref.gs1.org/cbv/
  words: string[]
  growing?: boolean // the GS1 Web Vocabulary's, which adds to them
}

const cbv = (urn: string, web: string, words: string): Vocabulary => ({
  urn: urn && `urn:epcglobal:cbv:${urn}:`,
  web: `${web}-`,
  words: words.split(' '),
})

export const bizSteps = cbv(
  'bizstep',
  'BizStep',
  'accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting installing killing loading other packing picking receiving removing repackaging repairing replacing reserving retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting unloading unpacking void_shipping',
)
export const dispositions = cbv(
  'disp',
  'Disp',
  'active available completeness_inferred completeness_verified conformant container_closed container_open damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown',
)
export const transactionTypes = cbv('btt', 'BTT', 'bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt')
export const partyTypes = cbv('sdt', 'SDT', 'location owning_party possessing_party')
export const errorReasons = cbv('er', 'ER', 'did_not_occur incorrect_data')
export const components = cbv(
  'comp',
  'Comp',
  'altitude axial_distance azimuth easting elevation_angle height latitude longitude northing polar_angle spherical_radius x y z',
)
export const measurements: Vocabulary = { urn: '', web: '', words: [], growing: true }
export const alerts: Vocabulary = { urn: '', web: '', words: ['ALARM_CONDITION', 'ERROR_CONDITION'] }

const hosts = ['https://ref.gs1.org/cbv/', 'http://ref.gs1.org/cbv/', 'https://ns.gs1.org/cbv/', 'http://ns.gs1.org/cbv/']

/** word returns the bare word that a URI stands for, or the URI. */
export function word(w: Vocabulary, uri: string): string {
  for (const prefix of [w.urn, ...hosts.map((h) => h + w.web)]) {
    if (uri.startsWith(prefix) && w.words.includes(uri.slice(prefix.length))) return uri.slice(prefix.length)
  }
  return uri
}

/** checkWord takes a word or another's URI in JSON, a URI in XML. */
export function checkWord(w: Vocabulary, s: string, xml: boolean): void {
  if (!xml && (w.words.includes(s) || (w.growing && /^[A-Z][A-Za-z]*$/.test(s)))) return
  must(isURI(s), 'neither a CBV word nor a URI')
  const barred = w.urn
    ? ['urn:epcglobal:cbv', 'https://ns.gs1.org/cbv/', 'http://ns.gs1.org/cbv/']
    : ['https://gs1.org/voc/', 'http://gs1.org/voc/', 'https://www.gs1.org/voc/', 'http://www.gs1.org/voc/']
  must(xml || !barred.some((b) => s.startsWith(b)), 'in JSON a CBV word is written without URI')
}

const stamp = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-5][0-9]:[0-5][0-9])(\.[0-9]+)?(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))$/

/** isTime reports whether s is a time with its zone, that a clock has shown. */
export function isTime(s: string): boolean {
  const [, to] = stamp.exec(s) ?? []
  const at = Date.parse(`${to}Z`)
  // The 30th of February is a day to some parsers, 24 o'clock an hour.
  return to !== undefined && !Number.isNaN(at) && new Date(at).toISOString().slice(0, 19) === to
}

export const isOffset = (s: string) => s.length === 6 && isTime(`2000-01-01T00:00:00${s}`)
export const isAction = (s: string) => ['ADD', 'OBSERVE', 'DELETE'].includes(s)
export const isUnit = (s: string) => /^[A-Z0-9]{2,3}$/.test(s)
export const isHex = (s: string) => /^[0-9a-fA-F]+$/.test(s)
export const isVersion = (s: string) => s.split('.').every((part) => /^[0-9]+$/.test(part) && Number(part) < 65_536)
