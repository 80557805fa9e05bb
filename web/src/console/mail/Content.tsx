import type { ComponentChildren } from 'preact'
import { when } from '../../text/text'
import { Short } from '../../ui/Copy'
import { Facts } from '../../ui/Facts'
import { Table } from '../../ui/Table'
import { Party, useMembers } from '../Members'
import { certified } from './jws'
import { useMail } from './text'

type Fields = Record<string, unknown>

const isFields = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v)

const shown = (v: unknown): boolean => v !== undefined && v !== null && v !== '' && !(Array.isArray(v) && v.length === 0)

/** Content shows the body of any message in readable form. */
export function Content({ of }: { of: unknown }) {
  const t = useMail()
  if (!isFields(of)) return <Value name="" of={of} />
  const rows = Object.entries(of).filter(([, v]) => shown(v))
  return <Facts of={rows.map(([name, v]): [string, ComponentChildren] => [t.field(name), <Value key={name} name={name} of={v} />])} />
}

function Value({ name, of }: { name: string; of: unknown }): ComponentChildren {
  const t = useMail()
  if (name === 'ranges' && Array.isArray(of)) {
    return of.map((r) => (isFields(r) ? t.packs(Number(r.from), Number(r.to)) : '')).join(', ')
  }
  if (Array.isArray(of)) return <Rows name={name} of={of} />
  if (isFields(of)) return <Content of={of} />
  if (name === 'iat' || name === 'exp') return when(new Date(Number(of) * 1000))
  return typeof of === 'string' ? <Words name={name} of={of} /> : String(of)
}

function Rows({ name, of }: { name: string; of: unknown[] }): ComponentChildren {
  const t = useMail()
  const first = of[0]
  if (!isFields(first)) {
    return (
      <ul class="plain">
        {of.map((v) => (
          <li key={String(v)}>
            <Value name={name} of={v} />
          </li>
        ))}
      </ul>
    )
  }
  const rows = of.filter(isFields)
  return (
    <Table
      caption={t.field(name)}
      columns={Object.keys(first).map((k) => ({ name: t.field(k), cell: (r: Fields) => <Value name={k} of={r[k]} /> }))}
      rows={rows}
      keyOf={(_, i) => String(i)}
    />
  )
}

function Words({ name, of }: { name: string; of: string }): ComponentChildren {
  const t = useMail()
  const members = useMembers()
  const certificate = name === 'certificate' ? certified(of) : undefined
  if (certificate) return <Content of={certificate} />
  if (members.has(of)) return <Party gln={of} />
  if (/^[\w-]{22}$|^[\w-]{43}$/.test(of) || of.length > 400) return <Short of={of} />
  if (/^\d{4}-\d\d-\d\dT/.test(of)) return when(new Date(of))
  return <span class="words">{t.word(of)}</span>
}
