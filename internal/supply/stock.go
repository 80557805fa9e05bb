package supply

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/pedigree"
)

// What one page of the stock is made from at most.
const (
	maxPages  = 4096 // of units: eight million packs that somebody touched
	maxRanges = 256  // of one batch
)

// hold notes the batches and keeps the consignments that a message brings, before the
// message counts as received: a crash between leaves a note of packs that may never
// come, and one the other way round would leave packs that no stock shows.
func (d *Desk) hold(ctx context.Context, bc canon.Digest, m *envelope.Message) error {
	content, err := pedigree.Read(m.Envelope.Claims.Type, m.Body)
	if err != nil {
		return err
	}
	var parcels []pedigree.Parcel
	switch c := content.(type) {
	case *pedigree.Distribution:
		parcels = c.Parcels
	case *pedigree.Dispatch:
		parcels = c.Parcels
	}
	for i := range parcels {
		if err := d.Lists.PutHolding(ctx, parcels[i].Batch); err != nil {
			return err
		}
	}
	return d.keepConsignments(ctx, bc, content)
}

// Stock pages through what the ledger says is in this organisation's custody, of the
// batches that it released or that messages brought, what came last first. A page
// ends early when it has looked at enough; batches of which it has nothing are
// left out.
func (d *Desk) Stock(ctx context.Context, p Page) (*api.Stock, error) {
	out := &api.Stock{Items: []api.Holding{}}
	names := map[string]string{}
	cursor := p.Cursor
	for budget, looked := maxPages, 0; len(out.Items) < p.Limit && budget > 0 && looked < maxLooked; looked++ {
		found, next, err := d.Lists.Holdings(ctx, cursor, 1)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			h, used, err := d.holding(id, budget)
			if err != nil {
				return nil, err
			}
			// Not begun with what another batch left: a batch that takes all of a
			// page's work gets all of it.
			if h != nil && h.Counted < h.Size && budget < maxPages {
				out.Next = cursor
				return out, nil
			}
			budget -= used
			if h == nil || h.Packs == 0 && h.Counted == h.Size {
				continue
			}
			if h.Product, err = d.product(h, names); err != nil {
				return nil, err
			}
			out.Items = append(out.Items, *h)
		}
		out.Next, cursor = next, next
		if next == "" {
			break
		}
	}
	return out, nil
}

// holding counts what this organisation has of a batch, over so many pages of its
// units; nil for a batch that the ledger does not have.
func (d *Desk) holding(id canon.Digest, budget int) (*api.Holding, int, error) {
	b, err := state[chain.Batch](d, chain.BatchKey(id))
	if errors.Is(err, ErrUnknown) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	r := &b.Release
	status, err := d.market(b)
	if err != nil {
		return nil, 0, err
	}
	expires, err := pedigree.Day("expiry", r.Expiry)
	if err != nil {
		return nil, 0, err
	}
	c := &counting{own: d.GLN, batch: b, out: &api.Holding{
		Batch: id, GTIN: r.GTIN, Lot: r.Lot, Expiry: r.Expiry, Expired: !d.Now().Before(expires.AddDate(0, 0, 1)), Maker: b.Holder,
		Status: status, Counts: []api.StateCount{}, Ranges: []api.HeldRange{}, Size: r.Size,
	}}
	used, err := c.all(d.Records, budget)
	return c.out, used, err
}

// product returns what the certificate of a batch calls it, nothing if it has none.
func (d *Desk) product(h *api.Holding, names map[string]string) (string, error) {
	b, err := state[chain.Batch](d, chain.BatchKey(h.Batch))
	if err != nil || b.Release.Certificate == "" {
		return "", err
	}
	number := b.Release.Certificate
	if name, ok := names[number]; ok {
		return name, nil
	}
	names[number], err = d.productName(number)
	return names[number], err
}

// productName returns name and strength of a medicine as its certificate has them,
// which stands in the log with the decision that carried it.
func (d *Desk) productName(number string) (string, error) {
	r, err := state[chain.Certificate](d, chain.CertificateKey(number))
	if err != nil {
		return "", err
	}
	a, err := state[chain.Anchor](d, chain.ExchangeKey(r.Anchor))
	if err != nil {
		return "", err
	}
	_, tx, err := d.Ledger.Leaf(a.Index)
	if err != nil {
		return "", err
	}
	_, content, err := message(tx)
	if err != nil {
		return "", err
	}
	decision, ok := content.(*pedigree.Decision)
	if !ok {
		return "", fmt.Errorf("%w: certificate %s", ErrUnknown, number)
	}
	cert, err := pedigree.ParseCertificate(d.Chain, decision.Certificate)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(cert.Subject.Name + " " + cert.Subject.Strength), nil
}

// A counting goes over the packs of a batch in their order.
type counting struct {
	own    string
	batch  *chain.Batch
	out    *api.Holding
	counts [16]uint64 // by state
}

// all counts from the first pack on. Pages that nobody touched are one span.
func (c *counting) all(records Records, budget int) (used int, err error) {
	size, initial := c.batch.Release.Size, c.batch.Release.Initial
	prefix := chain.UnitsKey(c.out.Batch, 0)
	prefix = prefix[:len(prefix)-4]
	at := uint64(0)
	for key, raw := range records.Records(prefix) {
		if used == budget {
			c.out.Counted = at
			c.sum()
			return used, nil
		}
		used++
		var page chain.Page
		if err := canon.DecodeCBOR(raw, &page); err != nil {
			return used, err
		}
		start := uint64(binary.BigEndian.Uint32(key[len(prefix):])) * chain.PageUnits
		c.span(at, start, c.batch.Holder, initial)
		at = min(size, start+chain.PageUnits)
		for i := start; i < at; i++ {
			c.span(i, i+1, page.Custodian(i-start, c.batch.Holder), page.At(i-start, initial))
		}
	}
	c.span(at, size, c.batch.Holder, initial)
	c.out.Counted = size
	c.sum()
	return used, nil
}

// span takes packs of one custodian in one state.
func (c *counting) span(from, to uint64, custodian string, state chain.UnitState) {
	if from >= to || custodian != c.own {
		return
	}
	c.out.Packs += to - from
	c.counts[state&15] += to - from
	name := state.String()
	if n := len(c.out.Ranges); n > 0 && c.out.Ranges[n-1].To == from && c.out.Ranges[n-1].State == name {
		c.out.Ranges[n-1].To = to
		return
	}
	if len(c.out.Ranges) == maxRanges {
		c.out.More = true
		return
	}
	c.out.Ranges = append(c.out.Ranges, api.HeldRange{From: from, To: to, State: name})
}

func (c *counting) sum() {
	for state, n := range c.counts {
		if n > 0 {
			c.out.Counts = append(c.out.Counts, api.StateCount{State: chain.UnitState(state).String(), Packs: n})
		}
	}
}
