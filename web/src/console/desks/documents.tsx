import { useEffect, useState } from 'preact/hooks'
import { get } from '../../api/api'
import { count } from '../../text/text'
import { useLoad } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { addressOf, bytesOf, opens } from './files'
import { Rows } from './rows'
import { useAdministrationText } from './text.administration'
import { useSharedText } from './text.shared'

interface Paper {
  name: string
  media: string
  bytes: string
}

interface Opened {
  name: string
  media: string
  size: number
  url: string
}

/** Documents opens what was sealed with a dossier. */
export function Documents({ bc }: { bc: string }) {
  const text = useAdministrationText()
  const shared = useSharedText()
  const found = useLoad(() => get<Paper[]>(`/v1/dossiers/${encodeURIComponent(bc)}/documents`), [bc])
  const papers = useOpened(found.data)
  return (
    <Shown of={found}>
      {() => (
        <Rows
          id="documents"
          title={text.documents}
          rows={papers}
          keyOf={(p) => p.url}
          columns={[
            { name: text.name, cell: (p) => p.name },
            { name: text.size, cell: (p) => `${count(Math.ceil(p.size / 1024))} kB` },
            {
              name: shared.action,
              cell: (p) => (
                <span class="row">
                  <a class="button" href={p.url} download={p.name}>
                    {shared.download}
                    <span class="hidden"> {p.name}</span>
                  </a>
                  {opens(p.media) && (
                    <a class="button" href={p.url} target="_blank" rel="noopener noreferrer">
                      {shared.open}
                      <span class="hidden"> {p.name}</span>
                    </a>
                  )}
                </span>
              ),
            },
          ]}
        >
          <p class="quiet">{text.documentsHint}</p>
        </Rows>
      )}
    </Shown>
  )
}

/** Gives documents addresses of their own, as long as they are shown. */
function useOpened(papers: Paper[] | undefined): Opened[] {
  const [opened, setOpened] = useState<Opened[]>([])
  useEffect(() => {
    const all = (papers ?? []).map((p) => {
      const bytes = bytesOf(p.bytes)
      return { name: p.name, media: p.media, size: bytes.length, url: addressOf(bytes, p.media) }
    })
    setOpened(all)
    return () => {
      for (const o of all) URL.revokeObjectURL(o.url)
    }
  }, [papers])
  return opened
}
