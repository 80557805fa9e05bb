import { language, useText } from '../../text/text'
import { de } from './text.de'
import { en } from './text.en'

export const useConsortium = () => useText<typeof en>({ en, de })
export const consortiumText = () => ({ en, de })[language()]
