import { type Translation, useText } from '../../text/text'

const en = {
  dispenseTitle: 'Dispense',
  dispenseSays: (person: string, organisation: string) =>
    `Each pack that you scan here is verified in this browser and, if it is genuine, dispensed at once in the name of ${organisation}. The audit book names you, ${person}.`,
  scanLabel: 'Scan a pack',
  scanHint: 'Use the scanner, or type the code and press Enter. The field waits for the next pack.',
  go: 'Use this code',
  camera: 'Camera',
  cameraLoading: 'The scanner is being loaded…',
  cameraFailed: 'The scanner did not load.',
  caps: 'CapsLock is on. Its letters were turned back; switch it off before the next scan.',

  working: 'Being checked…',
  done: 'Dispensed',
  doneWords: 'The pack is genuine, and now dispensed.',
  here: 'Scanned twice',
  hereWords: (at: string) => `You dispensed this pack here at ${at}. Nothing was done.`,
  refused: 'Not dispensed',
  undone: 'Taken back',
  undoneWords: 'The pack is active again.',
  interrupted: 'Open: the page was left before an answer came.',
  retry: 'Try again',
  undo: 'Take back',
  undoTitle: 'Take the dispensing back',
  undoMoveTitle: 'Take the move back',
  undoSays: 'The packs get the state back that they had. It works within ten days, and only for your organisation’s own moves.',
  session: 'In this session',
  time: 'Time',
  pack: 'Pack',
  result: 'Result',
  clear: 'Clear the list',

  alarm: 'Already dispensed. Do not hand it out.',
  alarmWords:
    'A pack with this code was dispensed before, so this one may be a copy. Keep it apart and tell the manufacturer and the drug administration.',
  alarmRaised: 'The ledger keeps an alert, for all to see.',
  acknowledge: 'I have set it aside (Esc)',

  checkTitle: 'Check a pack',
  checkHint: 'Nothing is changed: the evidence of the pack is verified in this browser.',

  movesTitle: 'Other moves',
  moveTitle: 'Move packs',
  moveSays: (n: string, to: string) =>
    n === '0' || !to
      ? 'The packs change their state on the ledger.'
      : `${n === '1' ? '1 pack becomes' : `${n} packs become`} “${to}” on the ledger.`,
  moveFinal: 'This cannot be taken back.',
  moveOwn: 'A manufacturer moves only packs of batches that it released.',
  what: 'What happened',
  t_inactive_active: 'activate packs',
  t_inactive_destroyed: 'destroyed before activation',
  t_active_destroyed: 'destroyed',
  t_active_stolen: 'stolen or lost',
  t_active_exported: 'exported',
  t_active_sampled: 'taken as a sample',
  t_active_locked: 'lock: not to be dispensed for now',
  t_active_returned: 'came back from a patient or ward',
  t_locked_active: 'unlock',
  t_locked_destroyed: 'locked packs destroyed',
  t_returned_active: 'returned packs back into stock',
  t_returned_destroyed: 'returned packs destroyed',
  how: 'Which packs',
  byScan: 'Scan them',
  byStock: 'From the stock',
  scanned: 'Scanned packs',
  otherBatch: 'This pack is of another lot. Move one lot at a time.',
  twice: 'This pack is in the list already.',
  remove: (serial: string) => `Remove ${serial}`,
  move: 'Sign the move',
  moved: 'Moved in this session',
  nothingThere: 'No pack in your stock is in this state.',
}

const de: Translation<typeof en> = {
  dispenseTitle: 'Abgabe',
  dispenseSays: (person, organisation) =>
    `Jede Packung, die Sie hier scannen, wird in diesem Browser geprüft und, wenn sie echt ist, sofort im Namen von ${organisation} abgegeben. Das Prüfbuch nennt Sie, ${person}.`,
  scanLabel: 'Packung scannen',
  scanHint: 'Mit dem Scanner, oder Code tippen und Enter drücken. Das Feld wartet auf die nächste Packung.',
  go: 'Code übernehmen',
  camera: 'Kamera',
  cameraLoading: 'Der Scanner wird geladen…',
  cameraFailed: 'Der Scanner konnte nicht geladen werden.',
  caps: 'Die Feststelltaste ist an. Die Buchstaben wurden zurückgedreht; schalten Sie sie vor dem nächsten Scan aus.',

  working: 'Wird geprüft…',
  done: 'Abgegeben',
  doneWords: 'Die Packung ist echt und jetzt abgegeben.',
  here: 'Doppelt gescannt',
  hereWords: (at) => `Sie haben diese Packung hier um ${at} abgegeben. Es ist nichts geschehen.`,
  refused: 'Nicht abgegeben',
  undone: 'Zurückgenommen',
  undoneWords: 'Die Packung ist wieder aktiv.',
  interrupted: 'Offen: die Seite wurde verlassen, bevor eine Antwort kam.',
  retry: 'Noch einmal',
  undo: 'Zurücknehmen',
  undoTitle: 'Die Abgabe zurücknehmen',
  undoMoveTitle: 'Die Änderung zurücknehmen',
  undoSays:
    'Die Packungen erhalten ihren früheren Zustand zurück. Das geht zehn Tage lang, und nur für Änderungen Ihrer eigenen Organisation.',
  session: 'In dieser Sitzung',
  time: 'Zeit',
  pack: 'Packung',
  result: 'Ergebnis',
  clear: 'Liste leeren',

  alarm: 'Schon abgegeben. Nicht aushändigen.',
  alarmWords:
    'Eine Packung mit diesem Code wurde schon abgegeben, diese kann also eine Kopie sein. Legen Sie sie beiseite und benachrichtigen Sie Hersteller und Arzneimittelbehörde.',
  alarmRaised: 'Das Register führt einen Alarm, für alle sichtbar.',
  acknowledge: 'Beiseite gelegt (Esc)',

  checkTitle: 'Packung prüfen',
  checkHint: 'Es wird nichts geändert: die Nachweise der Packung werden in diesem Browser geprüft.',

  movesTitle: 'Andere Änderungen',
  moveTitle: 'Zustand von Packungen ändern',
  moveSays: (n, to) =>
    n === '0' || !to
      ? 'Die Packungen wechseln im Register ihren Zustand.'
      : `${n === '1' ? '1 Packung wird' : `${n} Packungen werden`} im Register „${to}“.`,
  moveFinal: 'Das lässt sich nicht zurücknehmen.',
  moveOwn: 'Ein Hersteller ändert nur Packungen von Chargen, die er freigegeben hat.',
  what: 'Was geschehen ist',
  t_inactive_active: 'Packungen aktivieren',
  t_inactive_destroyed: 'vor der Aktivierung vernichtet',
  t_active_destroyed: 'vernichtet',
  t_active_stolen: 'gestohlen oder verloren',
  t_active_exported: 'ausgeführt',
  t_active_sampled: 'als Probe genommen',
  t_active_locked: 'sperren: vorerst nicht abzugeben',
  t_active_returned: 'von Patient oder Station zurückgekommen',
  t_locked_active: 'entsperren',
  t_locked_destroyed: 'gesperrte Packungen vernichtet',
  t_returned_active: 'zurückgegebene Packungen wieder in den Bestand',
  t_returned_destroyed: 'zurückgegebene Packungen vernichtet',
  how: 'Welche Packungen',
  byScan: 'Scannen',
  byStock: 'Aus dem Bestand',
  scanned: 'Gescannte Packungen',
  otherBatch: 'Diese Packung ist aus einer anderen Charge. Ändern Sie eine Charge nach der anderen.',
  twice: 'Diese Packung steht schon in der Liste.',
  remove: (serial) => `${serial} entfernen`,
  move: 'Änderung unterschreiben',
  moved: 'In dieser Sitzung geändert',
  nothingThere: 'Keine Packung Ihres Bestands ist in diesem Zustand.',
}

export type CounterText = Translation<typeof en>
export const counterTexts = { en, de }
export const useCounterText = () => useText<typeof en>(counterTexts)
