package supply

import (
	"context"
	"fmt"

	"theriac/api"
	"theriac/gs1"
)

// Thing returns where the pack of a code stands, as its maker says and its batch proves,
// and which registration it has now; of raw material the latter. Devices ask before they
// measure.
func (d *Desk) Thing(ctx context.Context, code gs1.Identifier) (*api.Thing, error) {
	out := &api.Thing{}
	switch {
	case code.SSCC != "":
		return nil, fmt.Errorf("%w: what is in a case is asked for by its packs", ErrRequest)
	case code.Serial == "":
		id, err := d.registrationOfLot(code)
		out.Registration = id
		return out, err
	}
	p, err := d.spot(ctx, code)
	if err != nil {
		return nil, err
	}
	out.Batch, out.Place = p.batch, p.pack.Index
	if out.Registration, err = d.registrationOfPack(ctx, code); err != nil || out.Registration.IsZero() {
		return out, err
	}
	r, err := d.registered(out.Registration)
	if err != nil {
		return nil, err
	}
	var ok bool
	if out.Index, ok = r.Terms.Mark(out.Place); !ok {
		return nil, fmt.Errorf("registration %s has no mark for place %d of %s", out.Registration, out.Place, out.Batch)
	}
	return out, nil
}
