import { language, useText } from '../../text/text'
import { de } from './text.de'
import { en } from './text.en'

export const useHome = () => useText<typeof en>({ en, de })
export const homeText = () => ({ en, de })[language()]
