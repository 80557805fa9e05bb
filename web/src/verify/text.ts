import { type Translation, useText } from '../text/text'
import { de } from './text.de'
import { en } from './text.en'

export type Text = Translation<typeof en>

export const useVerifyText = (): Text => useText<typeof en>({ en, de })

/** Returns the text of a code from outside, or of one that stands for all unknown. */
export function textOf(text: Text, prefix: string, code: string, otherwise: keyof Text): string {
  const key = prefix + code
  const found = Object.hasOwn(text, key) ? text[key as keyof Text] : text[otherwise]
  return typeof found === 'string' ? found : code
}
