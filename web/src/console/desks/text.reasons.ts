// Why a thing was not measured genuine, and what to do next, by the refusal's code.

import { type Language, language, type Translation } from '../../text/text'
import { de as problemDe } from '../../ui/problem.de'
import { en as problemEn } from '../../ui/problem.en'

const en = {
  why_not_legitimate: 'What lies on the device does not have the properties of the genuine product.',
  do_not_legitimate:
    'Do not accept it. If it lay badly, is damp or was the wrong thing, measure once more; otherwise set it aside. Nobody is told by this alone: neither the sender nor the maker.',
  why_already_verified: 'A thing with this code was measured genuine before. Each counts once, so one of the two is a copy.',
  do_already_verified: 'Set it aside, and find out who measured the other one, where and when.',
  why_wrong_consignee: 'This thing was registered for another receiver. It may have been diverted, or delivered to the wrong house.',
  do_wrong_consignee: 'Set it aside and ask the sender for whom it was meant.',
  why_wrong_place: 'This thing was registered for another place than the one that was named here.',
  do_wrong_place: 'If you named the wrong place, correct it and measure again. If not, set it aside and ask the sender.',
  why_superseded: 'This thing was registered anew since: what came with this shipment is no longer what it is.',
  do_superseded: 'Set it aside. If the new registration is for you, choose that one in the list and measure again.',
  why_bad_proof: 'What the device measured is not the thing that was registered under this code.',
  do_bad_proof: 'Make sure that the thing with this code lies on the device, and measure once more. If it stays, set the thing aside.',
  why_unknown_serial: 'Its maker knows no pack with this serial number.',
  do_unknown_serial: 'Scan it again. If it stays, set the pack aside.',
  why_label_mismatch: 'The label says otherwise than the records of its maker.',
  do_label_mismatch: 'Scan it again. If it stays, set the pack aside.',
  why_expiry_mismatch: 'The expiry date on the label is not the one of the lot.',
  do_expiry_mismatch: 'Scan it again. If it stays, set the pack aside.',

  why_another_thing: 'This code is of another thing than the registration that was chosen.',
  do_another_thing: 'Scan the code of the thing that was registered, or choose another registration in the list.',
  why_unknown_registration: 'Nobody has registered this thing, so there is nothing to measure it against.',
  do_unknown_registration: 'Ask the sender whether it should have been registered. Its code can be checked under “Check a pack”.',
  why_unknown_line: 'The product line of this registration is not on the ledger.',
  do_unknown_line: 'Ask the maker.',
  why_not_found: 'The shipment that brings the secret half of this registration has not come here yet.',
  do_not_found: 'Wait until the sender’s message is here (Shipments), then measure again.',
  why_registrar_unreachable: 'Who registered this thing does not answer just now.',
  do_registrar_unreachable: 'Measure again in a while: nothing is done twice.',
  why_maker_unreachable: 'Who made this pack does not answer just now.',
  do_maker_unreachable: 'Measure again in a while: nothing is done twice.',
  why_bad_request: 'It cannot be measured like this.',
  do_bad_request: 'Check code, device and place. For a case, choose its registration in the list first.',

  why_unknown_device: 'The device is not one that the maker has admitted for this product.',
  do_unknown_device: 'Choose another device, or have the maker admit this one (theriac device).',
  why_device_not_listed: 'The measuring device is not in this organisation’s settings any more.',
  do_device_not_listed: 'Choose another device, or have it added under “devices” in organisation.json.',
  why_device_unreachable: 'The measuring device does not answer.',
  do_device_unreachable: 'See whether it is switched on and its program runs, then measure again.',
  why_bad_reading: 'The instruments did not read everything that this product is measured by.',
  do_bad_reading: 'See whether all instruments are connected and the thing lies right, then measure again.',
  why_bad_criterion: 'The device has no usable criteria for this product.',
  do_bad_criterion: 'Ask the maker to give the device its key anew.',
  why_bad_seal: 'The device, or this organisation, could not open what was sealed for it.',
  do_bad_seal: 'Tell who looks after the device: its keys are not those on the ledger.',
  why_bad_transaction: 'What came with the shipment is not of this product line, or of another epoch.',
  do_bad_transaction: 'Ask the sender to register the thing again.',
  why_instrument_failed: 'An instrument gave no reading.',
  do_instrument_failed: 'See whether it is switched on, connected and level, then measure again.',
  why_instrument_late: 'An instrument did not come to rest in time.',
  do_instrument_late: 'Keep draughts and shaking away, then measure again.',
  why_instrument_busy: 'The device measures another thing just now.',
  do_instrument_busy: 'Wait until it is done, see that your thing lies on it, then measure again.',
  why_instrument_no_key: 'The device has no key of this product yet.',
  do_instrument_no_key: 'Measure again in a while: it asks the maker. If it stays, have the maker admit it for this product.',
  why_instrument_broken: 'Something broke in the device; its log says what.',
  do_instrument_broken: 'Tell who looks after the device.',
  why_instrument_limit: 'The device was asked too often from here.',
  do_instrument_limit: 'Wait a little, then measure again.',
  why_instrument_replayed: 'The device has answered this very question before.',
  do_instrument_replayed: 'Measure again: it is asked a new one.',
  why_instrument_unreachable: 'An instrument cannot be reached.',
  do_instrument_unreachable: 'See whether it is switched on and its cable or network is there, then measure again.',
  why_instrument_silent: 'An instrument does not answer.',
  do_instrument_silent: 'See whether it is switched on, and not in a menu of its own, then measure again.',
  why_instrument_unstable: 'An instrument did not come to rest.',
  do_instrument_unstable: 'Keep draughts and shaking away, see that the thing does not touch anything else, then measure again.',
  why_instrument_garbled: 'What an instrument says cannot be understood.',
  do_instrument_garbled: 'Measure again. If it stays, tell who looks after the device: its settings do not fit the instrument.',
  why_instrument_overload: 'The balance is overloaded.',
  do_instrument_overload: 'Take everything off, lay only this thing on it, then measure again.',
  why_instrument_underload: 'The balance is underloaded: its pan may be missing.',
  do_instrument_underload: 'Put the pan on, zero the balance, then measure again.',
  why_instrument_fault: 'An instrument reports a fault.',
  do_instrument_fault: 'See what its display says and its manual advises, then measure again.',
  why_instrument_unit: 'An instrument shows a unit that is not known.',
  do_instrument_unit: 'Set it to the unit that it had before, then measure again.',
  why_instrument_password: 'The device may not read its instruments: a user or password is refused.',
  do_instrument_password: 'Tell who looks after the device.',
  why_instrument_spec: 'The device was told of an instrument in a way that it does not understand.',
  do_instrument_spec: 'Tell who looks after the device.',
  why_instrument_other: 'The device says that something is wrong with it or its instruments.',
  do_instrument_other: 'Tell who looks after the device, with the code below.',

  why_busy: 'The ledger does not answer just now.',
  do_busy: 'Leave the thing where it lies and measure again in a moment: nothing is done twice.',
  why_block_full: 'The ledger has no room for this just now.',
  do_block_full: 'Leave the thing where it lies and measure again in a moment.',
  why_too_many_requests: 'Somebody asks too much just now.',
  do_too_many_requests: 'Wait a little, then measure again: nothing is done twice.',
  why_in_progress: 'The measurement that was cancelled is not over yet.',
  do_in_progress: 'Wait a little, then measure again: the answer is then the one that it had.',
  do_other: 'Nothing counts as measured. Try again; if it stays, tell your administrator the code below.',
}

export type ReasonText = Translation<typeof en>

const de: ReasonText = {
  why_not_legitimate: 'Was auf dem Gerät liegt, hat nicht die Eigenschaften des echten Produkts.',
  do_not_legitimate:
    'Nicht annehmen. Lag es schlecht, ist es feucht oder war es das falsche, messen Sie noch einmal; sonst beiseitelegen. Hierdurch allein erfährt es niemand, weder Absender noch Hersteller.',
  why_already_verified:
    'Ein Gegenstand mit diesem Code wurde schon als echt gemessen. Jeder zählt einmal, also ist einer der beiden eine Kopie.',
  do_already_verified: 'Legen Sie ihn beiseite, und finden Sie heraus, wer den anderen gemessen hat, wo und wann.',
  why_wrong_consignee:
    'Dieser Gegenstand wurde für einen anderen Empfänger registriert. Er wurde vielleicht umgeleitet oder im falschen Haus abgegeben.',
  do_wrong_consignee: 'Legen Sie ihn beiseite und fragen Sie den Absender, für wen er bestimmt war.',
  why_wrong_place: 'Dieser Gegenstand wurde für einen anderen Ort registriert als den, der hier angegeben wurde.',
  do_wrong_place:
    'Haben Sie den falschen Ort angegeben, berichtigen Sie ihn und messen Sie erneut. Sonst beiseitelegen und den Absender fragen.',
  why_superseded: 'Dieser Gegenstand wurde seither neu registriert: Was mit dieser Lieferung kam, gilt nicht mehr.',
  do_superseded: 'Legen Sie ihn beiseite. Ist die neue Registrierung für Sie, wählen Sie diese in der Liste und messen Sie erneut.',
  why_bad_proof: 'Was das Gerät gemessen hat, ist nicht der Gegenstand, der unter diesem Code registriert wurde.',
  do_bad_proof:
    'Stellen Sie sicher, dass der Gegenstand mit diesem Code auf dem Gerät liegt, und messen Sie noch einmal. Bleibt es dabei, legen Sie ihn beiseite.',
  why_unknown_serial: 'Der Hersteller kennt keine Packung mit dieser Seriennummer.',
  do_unknown_serial: 'Scannen Sie noch einmal. Bleibt es dabei, legen Sie die Packung beiseite.',
  why_label_mismatch: 'Das Etikett sagt anderes als die Unterlagen des Herstellers.',
  do_label_mismatch: 'Scannen Sie noch einmal. Bleibt es dabei, legen Sie die Packung beiseite.',
  why_expiry_mismatch: 'Das Verfalldatum auf dem Etikett ist nicht das der Charge.',
  do_expiry_mismatch: 'Scannen Sie noch einmal. Bleibt es dabei, legen Sie die Packung beiseite.',

  why_another_thing: 'Dieser Code gehört zu einem anderen Gegenstand als die gewählte Registrierung.',
  do_another_thing: 'Scannen Sie den Code des registrierten Gegenstands, oder wählen Sie in der Liste eine andere Registrierung.',
  why_unknown_registration: 'Niemand hat diesen Gegenstand registriert; es gibt nichts, woran er gemessen werden könnte.',
  do_unknown_registration: 'Fragen Sie den Absender, ob er registriert sein sollte. Sein Code lässt sich unter „Packung prüfen“ prüfen.',
  why_unknown_line: 'Die Produktlinie dieser Registrierung steht nicht im Register.',
  do_unknown_line: 'Fragen Sie den Hersteller.',
  why_not_found: 'Die Lieferung mit der geheimen Hälfte dieser Registrierung ist hier noch nicht angekommen.',
  do_not_found: 'Warten Sie, bis die Nachricht des Absenders da ist (Wareneingang), und messen Sie dann erneut.',
  why_registrar_unreachable: 'Wer diesen Gegenstand registriert hat, antwortet gerade nicht.',
  do_registrar_unreachable: 'Messen Sie in einer Weile erneut: nichts geschieht doppelt.',
  why_maker_unreachable: 'Der Hersteller dieser Packung antwortet gerade nicht.',
  do_maker_unreachable: 'Messen Sie in einer Weile erneut: nichts geschieht doppelt.',
  why_bad_request: 'So lässt sich das nicht messen.',
  do_bad_request: 'Prüfen Sie Code, Gerät und Ort. Für einen Karton wählen Sie zuerst seine Registrierung in der Liste.',

  why_unknown_device: 'Das Gerät ist keines, das der Hersteller für dieses Produkt zugelassen hat.',
  do_unknown_device: 'Wählen Sie ein anderes Gerät, oder lassen Sie dieses vom Hersteller zulassen (theriac device).',
  why_device_not_listed: 'Das Messgerät steht nicht mehr in den Einstellungen dieser Organisation.',
  do_device_not_listed: 'Wählen Sie ein anderes Gerät, oder lassen Sie es in organisation.json unter „devices“ eintragen.',
  why_device_unreachable: 'Das Messgerät antwortet nicht.',
  do_device_unreachable: 'Sehen Sie nach, ob es eingeschaltet ist und sein Programm läuft, und messen Sie dann erneut.',
  why_bad_reading: 'Die Instrumente haben nicht alles erfasst, woran dieses Produkt gemessen wird.',
  do_bad_reading: 'Sehen Sie nach, ob alle Instrumente verbunden sind und der Gegenstand richtig liegt, und messen Sie dann erneut.',
  why_bad_criterion: 'Das Gerät hat keine brauchbaren Kriterien für dieses Produkt.',
  do_bad_criterion: 'Bitten Sie den Hersteller, dem Gerät seinen Schlüssel neu zu geben.',
  why_bad_seal: 'Das Gerät oder diese Organisation konnte nicht öffnen, was dafür versiegelt war.',
  do_bad_seal: 'Sagen Sie es dem Betreuer des Geräts: seine Schlüssel sind nicht die im Register.',
  why_bad_transaction: 'Was mit der Lieferung kam, gehört nicht zu dieser Produktlinie oder zu einer anderen Epoche.',
  do_bad_transaction: 'Bitten Sie den Absender, den Gegenstand neu zu registrieren.',
  why_instrument_failed: 'Ein Instrument lieferte keinen Messwert.',
  do_instrument_failed: 'Sehen Sie nach, ob es eingeschaltet und verbunden ist und gerade steht, und messen Sie dann erneut.',
  why_instrument_late: 'Ein Instrument kam nicht rechtzeitig zur Ruhe.',
  do_instrument_late: 'Halten Sie Zugluft und Erschütterung fern, und messen Sie dann erneut.',
  why_instrument_busy: 'Das Gerät misst gerade etwas anderes.',
  do_instrument_busy: 'Warten Sie, bis es fertig ist, sehen Sie nach, dass Ihr Gegenstand daraufliegt, und messen Sie dann erneut.',
  why_instrument_no_key: 'Das Gerät hat noch keinen Schlüssel für dieses Produkt.',
  do_instrument_no_key:
    'Messen Sie in einer Weile erneut: es fragt den Hersteller. Bleibt es dabei, lassen Sie es vom Hersteller für dieses Produkt zulassen.',
  why_instrument_broken: 'Im Gerät ist etwas kaputtgegangen; sein Protokoll sagt, was.',
  do_instrument_broken: 'Sagen Sie es dem Betreuer des Geräts.',
  why_instrument_limit: 'Das Gerät wurde von hier zu oft gefragt.',
  do_instrument_limit: 'Warten Sie ein wenig, und messen Sie dann erneut.',
  why_instrument_replayed: 'Das Gerät hat genau diese Frage schon beantwortet.',
  do_instrument_replayed: 'Messen Sie erneut: es wird eine neue gestellt.',
  why_instrument_unreachable: 'Ein Instrument ist nicht zu erreichen.',
  do_instrument_unreachable: 'Sehen Sie nach, ob es eingeschaltet ist und Kabel oder Netz da sind, und messen Sie dann erneut.',
  why_instrument_silent: 'Ein Instrument antwortet nicht.',
  do_instrument_silent: 'Sehen Sie nach, ob es eingeschaltet und nicht in einem seiner Menüs ist, und messen Sie dann erneut.',
  why_instrument_unstable: 'Ein Instrument kam nicht zur Ruhe.',
  do_instrument_unstable:
    'Halten Sie Zugluft und Erschütterung fern, sehen Sie nach, dass nichts anderes den Gegenstand berührt, und messen Sie dann erneut.',
  why_instrument_garbled: 'Was ein Instrument sagt, ist nicht zu verstehen.',
  do_instrument_garbled:
    'Messen Sie erneut. Bleibt es dabei, sagen Sie es dem Betreuer des Geräts: seine Einstellungen passen nicht zum Instrument.',
  why_instrument_overload: 'Die Waage ist überlastet.',
  do_instrument_overload: 'Nehmen Sie alles herunter, legen Sie nur diesen Gegenstand auf, und messen Sie dann erneut.',
  why_instrument_underload: 'Die Waage ist unterlastet: vielleicht fehlt ihre Schale.',
  do_instrument_underload: 'Setzen Sie die Schale auf, stellen Sie die Waage auf null, und messen Sie dann erneut.',
  why_instrument_fault: 'Ein Instrument meldet einen Fehler.',
  do_instrument_fault: 'Sehen Sie nach, was seine Anzeige sagt und sein Handbuch rät, und messen Sie dann erneut.',
  why_instrument_unit: 'Ein Instrument zeigt eine unbekannte Einheit.',
  do_instrument_unit: 'Stellen Sie die frühere Einheit wieder ein, und messen Sie dann erneut.',
  why_instrument_password: 'Das Gerät darf seine Instrumente nicht lesen: Benutzer oder Kennwort wird abgelehnt.',
  do_instrument_password: 'Sagen Sie es dem Betreuer des Geräts.',
  why_instrument_spec: 'Dem Gerät wurde ein Instrument so genannt, dass es das nicht versteht.',
  do_instrument_spec: 'Sagen Sie es dem Betreuer des Geräts.',
  why_instrument_other: 'Das Gerät meldet, dass mit ihm oder seinen Instrumenten etwas nicht stimmt.',
  do_instrument_other: 'Sagen Sie es dem Betreuer des Geräts, mit dem Code unten.',

  why_busy: 'Das Register antwortet gerade nicht.',
  do_busy: 'Lassen Sie den Gegenstand liegen und messen Sie gleich erneut: nichts geschieht doppelt.',
  why_block_full: 'Das Register hat dafür gerade keinen Platz.',
  do_block_full: 'Lassen Sie den Gegenstand liegen und messen Sie gleich erneut.',
  why_too_many_requests: 'Gerade wird zu viel gefragt.',
  do_too_many_requests: 'Warten Sie ein wenig, und messen Sie dann erneut: nichts geschieht doppelt.',
  why_in_progress: 'Die abgebrochene Messung ist noch nicht zu Ende.',
  do_in_progress: 'Warten Sie ein wenig, und messen Sie dann erneut: die Antwort ist dann die, die sie hatte.',
  do_other: 'Es zählt nichts als gemessen. Versuchen Sie es erneut; bleibt es dabei, nennen Sie Ihrem Administrator den Code unten.',
}

export const reasonTexts: Record<Language, ReasonText> = { en, de }
const general: Record<Language, Record<string, string>> = { en: problemEn, de: problemDe }

/** Words are why it was not measured genuine, and what to do next; no why where nobody has words for the code. */
export interface Words {
  why: string | undefined
  next: string
}

/** Returns the words of a refusal's code. */
export function wordsOf(code: string, l: Language = language()): Words {
  const t = reasonTexts[l] as Record<string, string>
  const own = Object.hasOwn(t, `why_${code}`) ? code : code.startsWith('instrument_') ? 'instrument_other' : undefined
  if (own) return { why: t[`why_${own}`], next: t[`do_${own}`] ?? reasonTexts[l].do_other }
  return { why: Object.hasOwn(general[l], code) ? general[l][code] : undefined, next: reasonTexts[l].do_other }
}
