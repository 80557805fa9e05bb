import type { Translation } from '../../text/text'
import type { en } from './text.en'

export const de: Translation<typeof en> = {
  home: 'Übersicht',
  hello: (name) => `Was auf Sie wartet, ${name}`,
  nothing: 'Nichts wartet.',
  unanswered: 'Unbeantwortete Nachrichten',
  dossiers: 'Dossiers, die zu entscheiden sind',
  votes: 'Vorschläge zur Abstimmung',
  applications: 'Anträge auf Aufnahme',
  alerts: 'Warnungen der letzten zwei Wochen',
  reports: 'Meldungen der letzten zwei Wochen',
  failing: 'Nachrichten, die nicht zuzustellen sind',
  jobs: 'Aufträge',
  all: 'Alle zeigen',
  alert: (code) =>
    ({
      already_dispensed: 'Eine Packung wurde ein zweites Mal abgegeben',
      already_redeemed: 'Der Code unter der Schicht wurde ein zweites Mal eingelöst',
    })[code] ?? code,
  jobRunning: 'Eine Charge wird freigegeben',
  jobFailed: (code) => `Eine Freigabe scheiterte: ${code}`,
  cannot: (n, code) => `${n} (${code})`,
}
