import { language, useText } from '../../text/text'
import { de } from './text.de'
import { en } from './text.en'

export const useOperate = () => useText<typeof en>({ en, de })
export const operateText = () => ({ en, de })[language()]
