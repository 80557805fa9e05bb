// What the page says in English of things that were measured (paper 001).
export const measured = {
  measured: 'Measured',
  measuredOnce: (who: string, at: string) => `Measured genuine at hand-over, once: by ${who}, ${at}`,
  measuredCase: (who: string, at: string) => `The case with the pack was measured genuine at hand-over, once: by ${who}, ${at}`,
  measuredNotYet: (who: string) => `Registered for ${who}, not measured yet`,
  measuredCaseNotYet: (who: string) => `Its case is registered for ${who}, not measured yet`,
  measuredNever: (who: string) => `Registered for ${who}, not measured, then registered anew`,
  measuredTitle: 'Measured from hand to hand',
  measuredNote:
    'Whoever sends goods can register what they measured. The receiver’s instrument then measures the goods themselves: the ledger admits that once, from the one for whom they were meant.',
  measuredPack: 'The pack',
  measuredFrom: (who: string, at: string) => `Registered by ${who}, ${at}.`,
  measuredAt: (where: string) => `At ${where}.`,
  measuredMaterial: (lot: string) => `Raw material ${lot}`,

  codeTitle: 'The concealed code',
  codeUnused: 'Nobody has redeemed the concealed code of this pack.',
  codeUsed: (at: string, by: string) => `The concealed code of this pack was redeemed on ${at}, through ${by}.`,
  codeOtherNote: 'If the coating was whole when you got the pack, one of two packs with this code is a copy.',

  alert_already_verified: 'Something was measured again as this pack after the hand-over was done. There may be a second pack.',
  alert_wrong_consignee: 'The pack was measured by somebody for whom it was not meant.',
  alert_wrong_place: 'The pack was measured at another place than the one it was meant for. It may have been diverted.',
  alert_superseded: 'The pack was measured for a hand-over that had been replaced by a later one.',
  alert_already_redeemed: 'Somebody tried the concealed code of this pack after it had been redeemed. There may be a copy of the pack.',

  check_pack_measured: (who: string, at: string) => `The pack was measured genuine at hand-over to ${who}, once, ${at}`,
  check_case_measured: (who: string, at: string) => `The case with the pack was measured genuine at hand-over to ${who}, once, ${at}`,
  check_lot_measured: (lot: string, who: string, at: string) => `Material ${lot} was measured genuine at hand-over to ${who}, once, ${at}`,
  check_pack_registered: (who: string) => `The pack is registered for ${who}, not measured yet`,
  check_case_registered: (who: string) => `The case with the pack is registered for ${who}, not measured yet`,
  check_lot_registered: (lot: string, who: string) => `Material ${lot} is registered for ${who}, not measured yet`,
  check_redeemed: (at: string) => `The concealed code was redeemed, ${at}`,
  check_not_redeemed: () => 'The concealed code was not redeemed yet',
}
