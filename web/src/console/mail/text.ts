import { language, useText } from '../../text/text'
import { de } from './text.de'
import { en } from './text.en'

export const useMail = () => useText<typeof en>({ en, de })
export const mailText = () => ({ en, de })[language()]
