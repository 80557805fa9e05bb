package organisation

import (
	"time"

	"theriac/api"
)

// watch is the engine as operators see it.
type watch struct{ *node }

// Blocks implements httpapi.Watch.
func (w watch) Blocks(before int64, limit int) ([]api.Block, error) {
	found, err := w.Node.Blocks(before, limit)
	out := make([]api.Block, len(found))
	for i, b := range found {
		out[i] = api.Block{Height: b.Height, Time: b.Time.UnixMilli(), Transactions: b.Leaves, Bytes: b.Bytes, Proposer: b.Proposer}
	}
	return out, err
}

// Peers implements httpapi.Watch.
func (w watch) Peers() []api.Peer {
	out := []api.Peer{}
	for _, p := range w.Node.Peers() {
		out = append(out, api.Peer{ID: p.ID, Address: p.Address, Outbound: p.Outbound, Since: time.Now().Add(-p.Lasts).UTC().Format(time.RFC3339)})
	}
	return out
}
