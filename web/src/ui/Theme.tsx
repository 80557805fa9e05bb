import { useEffect, useState } from 'preact/hooks'
import { Icon } from './Icon'
import { useUIText } from './text'

const themes = ['auto', 'light', 'dark'] as const
type Choice = (typeof themes)[number]
const icons = { auto: 'screen', light: 'sun', dark: 'moon' } as const
const key = 'theriac.theme'

function chosen(): Choice {
  try {
    const kept = localStorage.getItem(key)
    return themes.find((t) => t === kept) ?? 'auto'
  } catch {
    return 'auto' // a browser may forbid keeping anything
  }
}

/** Theme goes through the device's own colours, light, and dark. */
export function Theme() {
  const [theme, setTheme] = useState(chosen)
  const text = useUIText()
  useEffect(() => {
    document.documentElement.dataset.theme = theme
    try {
      localStorage.setItem(key, theme)
    } catch {
      // It lasts as long as the page then.
    }
  }, [theme])
  const names = { auto: text.themeAuto, light: text.themeLight, dark: text.themeDark }
  const following = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto'
  return (
    <button type="button" class="button bare square" aria-label={names[theme]} title={names[theme]} onClick={() => setTheme(following)}>
      <Icon name={icons[theme]} />
    </button>
  )
}
