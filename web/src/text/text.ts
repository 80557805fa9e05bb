// Typed catalogues: every language has every text of the English one, held by
// the compiler. Areas of the app have catalogues of their own, so that a page
// loads only what it shows.
import { useEffect, useState } from 'preact/hooks'

export const languages = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof languages

const key = 'theriac.language'
const listeners = new Set<() => void>()

function preferred(): Language {
  const kept = localStorage.getItem(key)
  if (kept === 'en' || kept === 'de') return kept
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en'
}

let current: Language | undefined

/** Returns the language in use. */
export function language(): Language {
  current ??= preferred()
  return current
}

/** Uses another language from now on, also after the page was closed. */
export function setLanguage(l: Language): void {
  current = l
  localStorage.setItem(key, l)
  document.documentElement.lang = l
  for (const tell of listeners) tell()
}

/** The same texts in another language: what the catalogue type of a language is. */
export type Translation<T> = { [K in keyof T]: T[K] extends (...a: infer A) => string ? (...a: A) => string : string }

/** Returns the texts of an area in the language in use, and again when that changes. */
export function useText<T>(catalogues: Record<Language, Translation<T>>): Translation<T> {
  const [, again] = useState(0)
  useEffect(() => {
    const tell = () => again((n) => n + 1)
    listeners.add(tell)
    document.documentElement.lang = language()
    return () => void listeners.delete(tell)
  }, [])
  return catalogues[language()]
}

/**
 * Returns the locale of dates and numbers: the browser's if it is one of the language in use, as en-US, and else the
 * language's own. English without a country would be American to Intl.
 */
export function locale(): string {
  const l = language()
  const own = l === 'en' ? 'en-GB' : l
  try {
    const [wanted = own] = Intl.getCanonicalLocales(navigator.language)
    return wanted.startsWith(`${l}-`) ? wanted : own
  } catch {
    return own // some browsers name what is no locale, as C
  }
}

/** Formats a time of day and date for people. A time that no calendar has is no reason to show nothing else. */
export const when = (at: Date): string =>
  Number.isNaN(at.getTime()) ? '?' : new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(at)

/** Formats a number for people. */
export const count = (n: number): string => new Intl.NumberFormat(locale()).format(n)
