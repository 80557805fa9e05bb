import { type Translation, useText } from '../../text/text'

const en = {
  title: 'Requests for material',
  history: 'Supplies',
  requests: 'Requests that came',
  supplies: 'What was supplied',
  wantedFor: 'Wanted for',
  answered: 'supplied',
  open: 'open',
  supply: 'Supply',
  supplyTitle: 'Supply material',
  supplySays: (to: string) =>
    `A signed statement goes to ${to}: these lots were supplied. The lots stand on the ledger, the quantity does not.`,
  submit: 'Sign and send',
  quantityHint: 'It is not on the ledger; only you and the manufacturer know it.',
  lotNumber: (n: number) => `Lot ${n}`,
  produced: 'Produced on',
  analysis: 'Certificate of analysis',
  analysisHint: 'The file stays on this computer. Only its fingerprint is sent, so that nobody can swap it later.',
  fingerprint: (d: string) => `Fingerprint: ${d}`,
  addLot: 'Add a lot',
  removeLot: (n: number) => `Remove lot ${n}`,
  lots: 'Lots',
  unknown: 'There is no such request here.',
}

const de: Translation<typeof en> = {
  title: 'Materialanfragen',
  history: 'Lieferungen',
  requests: 'Eingegangene Anfragen',
  supplies: 'Was geliefert wurde',
  wantedFor: 'Wofür',
  answered: 'geliefert',
  open: 'offen',
  supply: 'Liefern',
  supplyTitle: 'Material liefern',
  supplySays: (to) =>
    `An ${to} geht eine unterschriebene Erklärung: diese Chargen wurden geliefert. Die Chargen stehen im Register, die Menge nicht.`,
  submit: 'Unterschreiben und senden',
  quantityHint: 'Sie steht nicht im Register; nur Sie und der Hersteller kennen sie.',
  lotNumber: (n) => `Charge ${n}`,
  produced: 'Hergestellt am',
  analysis: 'Analysezertifikat',
  analysisHint: 'Die Datei bleibt auf diesem Rechner. Gesendet wird nur ihr Fingerabdruck, damit niemand sie später austauscht.',
  fingerprint: (d) => `Fingerabdruck: ${d}`,
  addLot: 'Charge hinzufügen',
  removeLot: (n) => `Charge ${n} entfernen`,
  lots: 'Chargen',
  unknown: 'So eine Anfrage gibt es hier nicht.',
}

export const supplierTexts = { en, de }
export const useSupplierText = () => useText<typeof en>(supplierTexts)
