import { render } from 'preact'
import '../ui/base.css'
import '../ui/parts.css'
import './console.css'
import './narrow.css'
import { Console } from './Console'
import { takeInvitation } from './Enter'

const { protocol, hostname, port, pathname, hash } = location
if (hostname === '127.0.0.1' || hostname === '[::1]') {
  // Passkeys are bound to a name, and an address is none.
  location.replace(`${protocol}//localhost:${port}${pathname}${hash}`)
} else {
  const root = document.getElementById('app')
  if (root) render(<Console invitation={takeInvitation()} />, root)
}
