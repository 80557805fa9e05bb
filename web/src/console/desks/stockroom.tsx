// What the organisation has in its custody, by batch and state.
import { count } from '../../text/text'
import { useLoad } from '../../ui/load'
import { Shown } from '../../ui/Shown'
import { every } from './archive'
import { places } from './ranges'
import { Rows } from './rows'
import type { Holding } from './shapes'
import { inState } from './stock'
import { stateName, statusName, useSharedText } from './text.shared'
import { useTradeText } from './text.trade'

/** Stockroom shows the stock. */
export function Stockroom() {
  const found = useLoad(() => every<Holding>('/v1/stock'), [])
  const text = useTradeText()
  const shared = useSharedText()
  return (
    <Shown of={found}>
      {(stock) => (
        <Rows
          id="stock"
          title={text.stock}
          rows={stock}
          keyOf={(h) => h.batch}
          columns={[
            { name: shared.product, cell: (h) => h.product ?? h.gtin },
            { name: shared.lot, cell: (h) => h.lot },
            { name: shared.expiry, cell: (h) => (h.expired ? <strong class="bad">{`${h.expiry}, ${text.expired}`}</strong> : h.expiry) },
            {
              name: shared.status,
              cell: (h) =>
                h.status === 'released' ? (
                  statusName(shared, 'k', h.status)
                ) : (
                  <strong class="bad">{statusName(shared, 'k', h.status)}</strong>
                ),
            },
            { name: shared.count, cell: (h) => h.counts?.map((c) => `${count(c.packs)} ${stateName(shared, c.state)}`).join(', ') },
            {
              name: text.places,
              cell: (h) => (
                <>
                  {places(inState(h, 'active'))} {h.more && <span class="quiet">{text.more}</span>}
                </>
              ),
            },
          ]}
        />
      )}
    </Shown>
  )
}
