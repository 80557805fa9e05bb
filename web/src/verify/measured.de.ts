import type { Translation } from '../text/text'
import type { measured as en } from './measured.en'

// What the page says in German of things that were measured (paper 001).
export const measured: Translation<typeof en> = {
  measured: 'Gemessen',
  measuredOnce: (who, at) => `Bei Übergabe als echt gemessen, einmal: von ${who}, ${at}`,
  measuredCase: (who, at) => `Der Karton mit der Packung wurde bei Übergabe als echt gemessen, einmal: von ${who}, ${at}`,
  measuredNotYet: (who) => `Für ${who} registriert, noch nicht gemessen`,
  measuredCaseNotYet: (who) => `Ihr Karton ist für ${who} registriert, noch nicht gemessen`,
  measuredNever: (who) => `Für ${who} registriert, nicht gemessen, dann neu registriert`,
  measuredTitle: 'Von Hand zu Hand gemessen',
  measuredNote:
    'Wer Ware sendet, kann registrieren, was er gemessen hat. Das Messgerät des Empfängers misst dann die Ware selbst: Das Register lässt das einmal zu, und nur von dem, für den sie bestimmt war.',
  measuredPack: 'Die Packung',
  measuredFrom: (who, at) => `Registriert von ${who}, ${at}.`,
  measuredAt: (where) => `In ${where}.`,
  measuredMaterial: (lot) => `Rohstoff ${lot}`,

  codeTitle: 'Der verdeckte Code',
  codeUnused: 'Niemand hat den verdeckten Code dieser Packung eingelöst.',
  codeUsed: (at, by) => `Der verdeckte Code dieser Packung wurde am ${at} eingelöst, über ${by}.`,
  codeOtherNote: 'War die Abdeckung noch heil, als Sie die Packung bekamen, dann ist eine von zwei Packungen mit diesem Code eine Kopie.',

  alert_already_verified:
    'Etwas wurde noch einmal als diese Packung gemessen, nachdem sie übergeben war. Vielleicht gibt es eine zweite Packung.',
  alert_wrong_consignee: 'Die Packung wurde von jemandem gemessen, für den sie nicht bestimmt war.',
  alert_wrong_place: 'Die Packung wurde an einem anderen Ort gemessen als dem, für den sie bestimmt war. Vielleicht wurde sie umgeleitet.',
  alert_superseded: 'Die Packung wurde für eine Übergabe gemessen, an deren Stelle schon eine spätere getreten war.',
  alert_already_redeemed:
    'Jemand versuchte den verdeckten Code dieser Packung, nachdem er eingelöst war. Vielleicht gibt es eine Kopie der Packung.',

  check_pack_measured: (who, at) => `Die Packung wurde bei Übergabe an ${who} als echt gemessen, einmal, ${at}`,
  check_case_measured: (who, at) => `Der Karton mit der Packung wurde bei Übergabe an ${who} als echt gemessen, einmal, ${at}`,
  check_lot_measured: (lot, who, at) => `Rohstoff ${lot} wurde bei Übergabe an ${who} als echt gemessen, einmal, ${at}`,
  check_pack_registered: (who) => `Die Packung ist für ${who} registriert, noch nicht gemessen`,
  check_case_registered: (who) => `Der Karton mit der Packung ist für ${who} registriert, noch nicht gemessen`,
  check_lot_registered: (lot, who) => `Rohstoff ${lot} ist für ${who} registriert, noch nicht gemessen`,
  check_redeemed: (at) => `Der verdeckte Code wurde eingelöst, ${at}`,
  check_not_redeemed: () => 'Der verdeckte Code wurde noch nicht eingelöst',
}
