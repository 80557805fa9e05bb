// Keyboard-wedge scanners type what they read and end with Enter. What goes wrong
// on the way: the separator GS cannot be typed, and comes as one of several key
// combinations; and with CapsLock on, the computer turns the case of every letter
// that the scanner sends with Shift.

const gs = '\u001d'

/** A Key is what a keydown event tells. */
export interface Key {
  key: string
  code: string
  ctrl: boolean
  alt: boolean
  caps: boolean
}

/** A Hand is what was typed beside the text since the last Enter. */
export interface Hand {
  /** Digits typed on the numeric pad while Alt is held. */
  digits: string
  /** CapsLock was on while a letter was typed. */
  caps: boolean
}

export const idle: Hand = { digits: '', caps: false }

/** What a key means: an insertion, the end of the code, or a key that only counts. */
export interface Meaning {
  hand: Hand
  insert?: string
  end?: true
  /** The browser must not do what it usually does with the key. */
  taken: boolean
}

/** Reads one key. Keys that are plain text are left to the field. */
export function press(hand: Hand, k: Key): Meaning {
  if (k.key === 'Enter') return { hand: idle, end: true, taken: true }
  // Control-], F8 and the character itself are how scanners' manuals map GS.
  if ((k.ctrl && (k.key === ']' || k.code === 'BracketRight')) || k.key === gs || k.key === 'F8') {
    return { hand, insert: gs, taken: true }
  }
  if (k.alt && /^Numpad[0-9]$/.test(k.code)) {
    const digits = (hand.digits + k.code.slice(-1)).slice(-4)
    const whole = digits === '029' || digits === '0029'
    return whole ? { hand: { ...hand, digits: '' }, insert: gs, taken: true } : { hand: { ...hand, digits }, taken: true }
  }
  const letter = /^[a-z]$/i.test(k.key) && !k.ctrl && !k.alt
  return { hand: { digits: '', caps: hand.caps || (letter && k.caps) }, taken: false }
}

/** A Code is what was scanned, and whether CapsLock had to be undone. */
export interface Code {
  text: string
  caps: boolean
}

/**
 * Cleans what was typed. With CapsLock on, a symbology identifier says for certain
 * whether letters were turned; without one, small letters alone do, since a
 * scanner that makes up for CapsLock itself sends what is printed.
 */
export function recover(typed: string, caps: boolean): Code {
  const text = typed.replace(/^\s+|\s+$/g, '')
  if (!caps) return { text, caps: false }
  const symbology = /^\]([a-z])[0-9]/i.exec(text)?.[1]
  const turned = symbology ? symbology === symbology.toUpperCase() : /[a-z]/.test(text)
  return { text: turned ? turn(text) : text, caps: true }
}

const turn = (text: string): string => text.replace(/[a-z]/gi, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
