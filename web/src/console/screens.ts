// Every screen of the console, by group, in the order of the menu.
import { language } from '../text/text'
import { Decisions } from './consortium/Decisions'
import { MemberScreen } from './consortium/MemberScreen'
import { Own } from './consortium/Own'
import { consortiumText } from './consortium/text'
import { screens as desks } from './desks'
import { Home } from './home/Home'
import { homeText } from './home/text'
import { Messages } from './mail/Messages'
import { Reports } from './mail/Reports'
import { mailText } from './mail/text'
import { Alerts } from './operate/Alerts'
import { Audit } from './operate/Audit'
import { Network } from './operate/Network'
import { operateText } from './operate/text'
import { People } from './people/People'
import { peopleText } from './people/text'
import type { Screen } from './screen'
import { catalogue } from './text'

const work: Screen[] = [{ path: '', title: () => homeText().home, needs: [], roles: [], view: Home }, ...desks]

const mail: Screen[] = [
  { path: 'messages', title: () => mailText().messages, needs: ['messages', 'message'], roles: [], view: Messages },
  {
    path: 'reports',
    title: () => mailText().reports,
    needs: ['messages', 'message'],
    roles: ['manufacturer', 'administration'],
    view: Reports,
  },
  { path: 'alerts', title: () => operateText().alerts, needs: ['alert-list'], roles: [], view: Alerts },
]

const consortium: Screen[] = [
  { path: 'decisions', title: () => consortiumText().decisions, needs: ['proposal-list'], roles: ['governor'], view: Decisions },
  { path: 'members', title: () => consortiumText().members, needs: [], roles: [], view: MemberScreen },
  { path: 'organisation', title: () => consortiumText().own, needs: [], roles: [], view: Own },
]

const operation: Screen[] = [
  { path: 'network', title: () => operateText().network, needs: ['block-list'], roles: [], view: Network },
  { path: 'audit', title: () => operateText().audit, needs: ['audit'], roles: [], view: Audit },
  { path: 'people', title: () => peopleText().people, needs: ['people'], roles: [], view: People },
]

/** Returns the groups of screens, named in the language in use. */
export function groups(): { name: string; screens: Screen[] }[] {
  const t = catalogue[language()]
  return [
    { name: t.groupWork, screens: work },
    { name: t.groupMail, screens: mail },
    { name: t.groupConsortium, screens: consortium },
    { name: t.groupOperation, screens: operation },
  ]
}
