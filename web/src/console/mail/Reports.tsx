import { get } from '../../api/api'
import { when } from '../../text/text'
import { Facts } from '../../ui/Facts'
import { type Page, useLoad, usePages } from '../../ui/load'
import { Notice } from '../../ui/Notice'
import { List, Shown } from '../../ui/Shown'
import { Table } from '../../ui/Table'
import { Party } from '../Members'
import { href } from '../route'
import type { Session } from '../screen'
import { Content } from './Content'
import { type Message, nameOf } from './Messages'
import { useMail } from './text'

/** What a message of type report/1 carries. */
interface ReportContent {
  reporter: string
  claims: { kind: string; code: string; text: string; contact?: string }
}

const contentOf = (m: Message) => m.content as ReportContent

/** Reports of suspected fakes and adverse reactions that came here. */
export function Reports({ rest }: { session: Session; rest: string }) {
  return rest ? <One id={rest} /> : <All />
}

function All() {
  const t = useMail()
  const found = usePages((cursor) => get<Page<Message>>('/v1/messages', { type: 'report/1', status: 'received', cursor, limit: 50 }), [])
  return (
    <>
      <p class="quiet">{t.reportsSay}</p>
      <List of={found} empty={t.noReports}>
        {(rows) => (
          <Table
            caption={t.reports}
            columns={[
              { name: t.kind, cell: (m: Message) => <a href={href('reports', nameOf(m))}>{t.word(contentOf(m).claims.kind)}</a> },
              { name: t.pack, cell: (m) => <code class="words">{contentOf(m).claims.code}</code> },
              { name: t.said, cell: (m) => <span class="clip">{contentOf(m).claims.text}</span> },
              { name: t.from, cell: (m) => <Party gln={m.from} /> },
              { name: t.at, cell: (m) => when(new Date(m.created)) },
            ]}
            rows={rows}
            keyOf={(m) => m.id}
          />
        )}
      </List>
    </>
  )
}

function One({ id }: { id: string }) {
  const t = useMail()
  const found = useLoad(() => get<Message>(`/v1/messages/${encodeURIComponent(id)}`), [id])
  return (
    <>
      <p>
        <a href={href('reports')}>← {t.allReports}</a>
      </p>
      <Shown of={found}>
        {(m) => (
          <>
            <section class="panel stack">
              <h2>{t.word(contentOf(m).claims.kind)}</h2>
              <blockquote class="words">{contentOf(m).claims.text}</blockquote>
              <Facts
                of={[
                  [t.from, <Party key="from" gln={m.from} />],
                  [t.at, when(new Date(m.created))],
                  [t.messages, <a key="m" href={href('messages', nameOf(m))} children={t.type(m.type)} />],
                ]}
              />
            </section>
            <section class="panel stack">
              <h2>{t.content}</h2>
              <Content of={{ ...contentOf(m).claims, reporter: contentOf(m).reporter }} />
              <Notice look="plain">{t.sameReporter}</Notice>
            </section>
          </>
        )}
      </Shown>
    </>
  )
}
