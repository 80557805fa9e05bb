import { language, useText } from '../../text/text'
import { de } from './text.de'
import { en } from './text.en'

export const usePeople = () => useText<typeof en>({ en, de })
export const peopleText = () => ({ en, de })[language()]
