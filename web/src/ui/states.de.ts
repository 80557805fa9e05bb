import type { Translation } from '../text/text'
import type { en } from './states.en'

export const de: Translation<typeof en> = {
  loading: 'Wird geladen…',
  empty: 'Hier ist nichts.',
  more: 'Mehr zeigen',
  cancel: 'Abbrechen',
  copy: 'Kopieren',
  copied: 'Kopiert',
  table: 'Als Tabelle',
  sending: 'Wird gesendet…',
  required: 'Das wird gebraucht.',
}
