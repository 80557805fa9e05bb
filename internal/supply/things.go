package supply

import (
	"context"
	"errors"
	"fmt"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/audit"
	"theriac/internal/ledger"
	"theriac/refusal"
)

// ErrThing is returned for a code that is not on the thing that was registered.
var ErrThing = refusal.New("another_thing", "the code is of another thing than the registration")

// maxSpots is how many packs' places are remembered, some hundred bytes each.
const maxSpots = 10_000

// A spot is where a pack stands. It never changes: its batch's root proves it.
type spot struct {
	batch canon.Digest
	pack  theriac.Pack // without its path
}

// spot returns where the pack of a code stands, as its maker says and its batch proves.
// A shipment is measured pack after pack, and its maker asked once for each.
func (d *Desk) spot(ctx context.Context, code gs1.Identifier) (*spot, error) {
	name := gs1.SGTIN{GTIN: code.GTIN, Serial: code.Serial}
	p, ok := d.spots.Get(name)
	if !ok {
		o, err := d.Opening(ctx, code)
		if err != nil {
			return nil, err
		}
		p = &spot{o.Batch, theriac.Pack{Index: o.Pack.Index, Pack: o.Pack.Pack}}
		d.spots.Add(name, p)
	}
	// The label in hand is judged each time.
	return p, p.pack.Pack.Labelled(code)
}

// thing returns the mark of the thing that a code is on, in a registration that this
// organisation is consignee of, with its transaction information.
func (d *Desk) thing(ctx context.Context, id canon.Digest, code gs1.Identifier) (*genuine.Transaction, error) {
	item, err := genuine.Item(code)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	r, c, err := d.consignment(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.Item != "" {
		if item != c.Item {
			return nil, ErrThing
		}
		return c.Transaction(0, item), nil
	}
	p, err := d.spot(ctx, code)
	if err != nil {
		return nil, err
	}
	index, ok := r.Terms.Mark(p.pack.Index)
	if !ok || p.batch != r.Terms.Batch {
		return nil, fmt.Errorf("%w: it has other packs", ErrThing)
	}
	return c.Transaction(index, item), nil
}

// Transaction returns the transaction information of a thing that was registered for
// this organisation, for its identification device (paper 001, 3.3): the code must be
// that of the thing with this mark. It is booked, and what it says is not.
func (d *Desk) Transaction(ctx context.Context, id canon.Digest, index uint64, code gs1.Identifier) (*genuine.Transaction, error) {
	u, err := d.thing(ctx, id, code)
	if err == nil && u.Index != index {
		u, err = nil, fmt.Errorf("%w: it has mark %d", ErrThing, u.Index)
	}
	d.record(ctx, audit.Operator, "take transaction information", fmt.Sprintf("%s/%d", id, index), err)
	return u, err
}

// registrationOf returns the registration that the thing with a code has now.
func (d *Desk) registrationOf(ctx context.Context, code gs1.Identifier) (id canon.Digest, err error) {
	switch {
	case code.SSCC != "":
		return id, fmt.Errorf("%w: name the registration of a case", ErrRequest)
	case code.Serial != "":
		id, err = d.registrationOfPack(ctx, code)
	default:
		id, err = d.registrationOfLot(code)
	}
	if err == nil && id.IsZero() {
		err = fmt.Errorf("%w: nobody registered this", ledger.ErrUnknownRegistration)
	}
	return id, err
}

func (d *Desk) registrationOfPack(ctx context.Context, code gs1.Identifier) (canon.Digest, error) {
	p, err := d.spot(ctx, code)
	if err != nil {
		return canon.Digest{}, err
	}
	page, err := state[chain.Page](d, chain.UnitsKey(p.batch, uint32(p.pack.Index/chain.PageUnits)))
	if errors.Is(err, ErrUnknown) {
		return canon.Digest{}, nil // nobody has touched it
	}
	if err != nil {
		return canon.Digest{}, err
	}
	return page.Registration(p.pack.Index % chain.PageUnits), nil
}

func (d *Desk) registrationOfLot(code gs1.Identifier) (canon.Digest, error) {
	lot, err := code.LGTIN()
	if err != nil {
		return canon.Digest{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	id, err := state[canon.Digest](d, chain.MaterialKey(lot))
	if errors.Is(err, ErrUnknown) {
		return canon.Digest{}, nil
	}
	if err != nil {
		return canon.Digest{}, err
	}
	return *id, nil
}
