import type { Translation } from '../../text/text'
import type { en } from './redeem.en'

// Was von verdeckten Codes auf Deutsch gesagt wird.
export const de: Translation<typeof en> = {
  title: 'Verdeckter Code',
  intro:
    'Diese Packung hat einen Code unter einer Schicht. Nur wer ihn freirubbelt, kann ihn einlösen, und nur einmal: So erfahren Sie, ob Sie der Erste sind.',
  field: 'Verdeckter Code (unter der Schicht)',
  hint: '26 Zeichen. Er bleibt auf diesem Gerät; gesendet wird nur der Beweis, dass Sie ihn haben.',
  scanned: 'Der Code wurde gescannt. Lösen Sie ihn ein, wenn diese Packung Ihre ist.',
  send: 'Einlösen',
  sending: 'Wird eingelöst…',
  malformed: 'Das ist kein solcher Code: Er hat 26 Zeichen, ohne U.',
  first: 'Sie sind der Erste',
  firstAct: 'Niemand hat diesen Code vor Ihnen eingelöst.',
  mine: 'Sie haben ihn eingelöst',
  mineAt: (at) => `Dieser Browser hat den Code als erster eingelöst, ${at}.`,
  other: 'Jemand anderes hat ihn vorher eingelöst',
  otherAt: (at) =>
    `Der Code wurde mit einem anderen Browser eingelöst, ${at}. Waren das nicht Sie, ist diese Packung vielleicht eine Kopie: Verwenden Sie sie nicht, und melden Sie sie.`,
  unused: 'Als diese Nachweise entstanden, hatte niemand den Code eingelöst.',
  wrong: 'Nicht der Code dieser Packung',
  wrongAct:
    'Vergleichen Sie jedes Zeichen. Steht er so da, ist diese Packung vielleicht eine Fälschung: Verwenden Sie sie nicht, und melden Sie sie.',
  cannot: 'Lässt sich jetzt nicht prüfen',
  cannotAct: 'Nichts ist verloren: Versuchen Sie es noch einmal. Niemand kann Ihren Code inzwischen benutzen, ohne ihn zu haben.',
  why_offline: 'Der Server antwortet nicht.',
  why_busy: 'Das Register antwortet nicht.',
  why_too_many_requests: 'Zu viele Versuche von hier; warten Sie ein wenig.',
  why_maker_unreachable: 'Der Hersteller der Packung antwortet nicht.',
  why_no_ed25519: 'Diesem Browser fehlen die Signaturen, die es dafür braucht (Ed25519). Nehmen Sie einen neueren.',
  why_other: 'Die Antwort des Servers passt nicht zu den Nachweisen.',
  byEvidence: (relay) => `Das sagt das Register, und dieses Gerät hat es geprüft; übergeben von ${relay}.`,
  byServer: (relay) =>
    `Das sagt dieser Server; dem Register übergeben hat den Code ${relay}. Prüfen Sie die Packung in einer Minute noch einmal, oder bei einer anderen Organisation.`,
  unkept: 'Dieser Browser behält nichts für diese Seite: Später kann er nicht zeigen, dass er der erste war.',
}
