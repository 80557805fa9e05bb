const organisationRoles: Record<string, string> = {
  governor: 'Governor',
  administration: 'Drug administration',
  supplier: 'Supplier',
  manufacturer: 'Manufacturer',
  distributor: 'Distributor',
  pharmacy: 'Pharmacy',
  hospital: 'Hospital',
}

const personRoles: Record<string, string> = {
  administrator: 'Administrator',
  responsible: 'Responsible person',
  clerk: 'Clerk',
  reader: 'Reader',
}

export const en = {
  loginTitle: 'Log in',
  loginSays: 'Your device asks for your finger, face or PIN. There is no password.',
  login: 'Log in with a passkey',
  waiting: 'Waiting for your device…',
  haveInvitation: 'I have an invitation',
  registerTitle: 'Set up your passkey',
  registerSays: 'Your organisation invited you. Your device makes a passkey for you; it never leaves the device or its keychain.',
  register: 'Set up the passkey',
  code: 'Code of the invitation',
  codeHint: '22 characters, usable once within 24 hours',
  haveAccount: 'I have a passkey already',
  expired: 'Your session has ended. Log in again to go on where you were.',
  noPasskeys: 'This browser cannot use passkeys',
  noPasskeysHelp:
    'The console needs a current browser (Chrome or Edge 129, Safari 18, Firefox 135, or later), opened over HTTPS or on localhost. ' +
    'Update the browser, or open this page on a phone.',
  cancelled:
    'Your device gave no passkey: it was cancelled, took too long, or has none for this address. Try again, or use another device.',
  registered: 'This device has a passkey for you already. Log in with it.',
  insecure: 'Passkeys work only at the address that the organisation has set up, over HTTPS. Check the address bar.',
  ceremonyFailed: 'Your device could not do this. Try again, or use another device.',
  skip: 'Skip to the content',
  screens: 'Screens',
  shortcuts: 'Shortcuts',
  menu: 'Menu',
  home: 'Home',
  logout: 'Log out',
  nowhere: 'Not found',
  nowhereHelp: 'There is no such screen, or your role does not show it.',
  groupWork: 'Work',
  groupMail: 'Mail',
  groupConsortium: 'Consortium',
  groupOperation: 'Operation',
  organisationRole: (role: string): string => organisationRoles[role] ?? role,
  personRole: (role: string): string => personRoles[role] ?? role,
  signs: (name: string): string => `This is signed in the name of ${name} and stays on the ledger for good.`,
}
