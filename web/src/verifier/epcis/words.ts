// The words of the Core Business Vocabulary, and the forms of the leaves of an event.

import { must } from '../bytes'
import { instant } from '../gs1'
import { isURI } from '../uri'

/** A Vocabulary is a list of words, of which JSON has no second spelling. */
export interface Vocabulary {
  words: string[]
  urls: RegExp // of such words, and of none that JSON may have
  growing?: boolean // the GS1 Web Vocabulary's, which adds to them
}

const cbv = (words: string): Vocabulary => ({ words: words.split(' '), urls: /^(urn:epcglobal:cbv|https?:\/\/ns\.gs1\.org\/cbv\/)/ })
const voc = /^https?:\/\/(www\.)?gs1\.org\/voc\//

export const bizSteps = cbv(
  'accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting installing killing loading other packing picking receiving removing repackaging repairing replacing reserving retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting unloading unpacking void_shipping',
)
export const dispositions = cbv(
  'active available completeness_inferred completeness_verified conformant container_closed container_open damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown',
)
export const transactionTypes = cbv('bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt')
export const partyTypes = cbv('location owning_party possessing_party')
export const errorReasons = cbv('did_not_occur incorrect_data')
export const components = cbv(
  'altitude axial_distance azimuth easting elevation_angle height latitude longitude northing polar_angle spherical_radius x y z',
)
export const measurements: Vocabulary = { words: [], urls: voc, growing: true }
export const alerts: Vocabulary = { words: ['ALARM_CONDITION', 'ERROR_CONDITION'], urls: voc }

/** isCommissioning reports whether a word or a URI of the CBV is that business step. */
export const isCommissioning = (s: string): boolean =>
  /^(urn:epcglobal:cbv:bizstep:|https?:\/\/(ref|ns)\.gs1\.org\/cbv\/BizStep-)?commissioning$/.test(s)

/** checkWord takes a word or another's URI in JSON, a URI in XML. */
export function checkWord(w: Vocabulary, s: string, xml: boolean): void {
  if (!xml && (w.words.includes(s) || (w.growing && /^[A-Z][A-Za-z]*$/.test(s)))) return
  must(isURI(s), 'neither a CBV word nor a URI')
  must(xml || !w.urls.test(s), 'a CBV word as a URI')
}

const stamp = /^(.{19})(\.[0-9]+)?(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))$/

/** isTime reports whether s is a time with its zone, that a clock has shown. */
export const isTime = (s: string): boolean => instant(stamp.exec(s)?.[1] ?? '') !== undefined

export const isOffset = (s: string) => s.length === 6 && isTime(`2000-01-01T00:00:00${s}`)
export const isAction = (s: string) => ['ADD', 'OBSERVE', 'DELETE'].includes(s)
export const isUnit = (s: string) => /^[A-Z0-9]{2,3}$/.test(s)
export const isHex = (s: string) => /^[0-9a-fA-F]+$/.test(s)
export const isVersion = (s: string) => s.split('.').every((part) => /^[0-9]+$/.test(part) && Number(part) < 65_536)
