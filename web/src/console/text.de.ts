import type { Translation } from '../text/text'
import type { en } from './text.en'

const organisationRoles: Record<string, string> = {
  governor: 'Leitung',
  administration: 'Arzneimittelbehörde',
  supplier: 'Zulieferer',
  manufacturer: 'Hersteller',
  distributor: 'Großhandel',
  pharmacy: 'Apotheke',
  hospital: 'Krankenhaus',
}

const personRoles: Record<string, string> = {
  administrator: 'Verwaltung',
  responsible: 'Verantwortliche Person',
  clerk: 'Sachbearbeitung',
  reader: 'Lesend',
}

export const de: Translation<typeof en> = {
  loginTitle: 'Anmelden',
  loginSays: 'Ihr Gerät fragt nach Finger, Gesicht oder PIN. Ein Passwort gibt es nicht.',
  login: 'Mit Passkey anmelden',
  waiting: 'Warten auf Ihr Gerät…',
  haveInvitation: 'Ich habe eine Einladung',
  registerTitle: 'Passkey einrichten',
  registerSays:
    'Ihre Organisation hat Sie eingeladen. Ihr Gerät macht Ihnen einen Passkey; er verlässt das Gerät oder dessen Schlüsselbund nie.',
  register: 'Passkey einrichten',
  code: 'Code der Einladung',
  codeHint: '22 Zeichen, einmal benutzbar innerhalb von 24 Stunden',
  haveAccount: 'Ich habe schon einen Passkey',
  expired: 'Ihre Sitzung ist zu Ende. Melden Sie sich wieder an, dann geht es da weiter, wo Sie waren.',
  noPasskeys: 'Dieser Browser kann keine Passkeys',
  noPasskeysHelp:
    'Die Konsole braucht einen aktuellen Browser (Chrome oder Edge 129, Safari 18, Firefox 135 oder neuer), über HTTPS oder auf localhost. ' +
    'Bitte den Browser aktualisieren oder die Seite auf einem Telefon öffnen.',
  cancelled:
    'Vom Gerät kam kein Passkey: abgebrochen, zu spät, oder es hat keinen für diese Adresse. Noch einmal oder mit anderem Gerät versuchen.',
  registered: 'Dieses Gerät hat schon einen Passkey für Sie. Melden Sie sich damit an.',
  insecure: 'Passkeys gehen nur unter der Adresse, die die Organisation eingerichtet hat, über HTTPS. Bitte die Adresszeile prüfen.',
  ceremonyFailed: 'Ihr Gerät konnte das nicht. Noch einmal oder mit anderem Gerät versuchen.',
  skip: 'Zum Inhalt',
  screens: 'Seiten',
  shortcuts: 'Abkürzungen',
  menu: 'Menü',
  home: 'Übersicht',
  logout: 'Abmelden',
  nowhere: 'Nicht gefunden',
  nowhereHelp: 'Diese Seite gibt es nicht, oder Ihre Rolle zeigt sie nicht.',
  groupWork: 'Arbeit',
  groupMail: 'Post',
  groupConsortium: 'Konsortium',
  groupOperation: 'Betrieb',
  organisationRole: (role) => organisationRoles[role] ?? role,
  personRole: (role) => personRoles[role] ?? role,
  signs: (name) => `Das wird im Namen von ${name} unterschrieben und bleibt für immer im Register.`,
}
