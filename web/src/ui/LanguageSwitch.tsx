import { type Language, language, languages, setLanguage } from '../text/text'
import { useUIText } from './text'

/** LanguageSwitch lets the person choose a language, each named in itself. */
export function LanguageSwitch() {
  const text = useUIText()
  return (
    <select class="switch" aria-label={text.language} value={language()} onChange={(e) => setLanguage(e.currentTarget.value as Language)}>
      {Object.entries(languages).map(([code, name]) => (
        <option key={code} value={code} lang={code}>
          {name}
        </option>
      ))}
    </select>
  )
}
