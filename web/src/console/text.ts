import { useText } from '../text/text'
import { de } from './text.de'
import { en } from './text.en'

export type Texts = typeof en
export const catalogue = { en, de }
export const useConsole = () => useText<Texts>(catalogue)
