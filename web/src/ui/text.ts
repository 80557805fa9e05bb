// The few texts of the shared components, short enough to stand in one file.
import { type Translation, useText } from '../text/text'

const en = {
  close: 'Close',
  language: 'Language',
  theme: 'Colours',
  themeAuto: 'Colours: as this device',
  themeLight: 'Colours: light',
  themeDark: 'Colours: dark',
}

const de: Translation<typeof en> = {
  close: 'Schließen',
  language: 'Sprache',
  theme: 'Farben',
  themeAuto: 'Farben: wie dieses Gerät',
  themeLight: 'Farben: hell',
  themeDark: 'Farben: dunkel',
}

export const useUIText = () => useText<typeof en>({ en, de })
