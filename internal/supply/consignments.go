package supply

import (
	"context"
	"errors"
	"fmt"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/internal/ledger"
	"theriac/pedigree"
)

// A Consignment is the transaction information of a registration that came here, as
// it was sealed, with the message that brought it.
type Consignment struct {
	Registration canon.Digest
	Message      canon.Digest // BC
	Sealed       []byte
}

// Consignments keep what came. Writes survive a crash.
type Consignments interface {
	// PutConsignment writes a consignment, instead of one of the same registration
	// that came before: a sender may mend a shipment.
	PutConsignment(ctx context.Context, c *Consignment) error
	// Consignment returns that of a registration, or ErrUnknown.
	Consignment(ctx context.Context, registration canon.Digest) (*Consignment, error)
}

// consigned returns a shipment with the consignments that were kept when its
// registrations were made, after checking what the ledger will check of them.
func (d *Desk) consigned(ctx context.Context, to string, content pedigree.Content) (pedigree.Content, error) {
	var sealed []canon.Bytes
	for _, id := range ledger.Carried(content) {
		r, err := d.registered(id)
		if err != nil {
			return nil, err
		}
		if err := ledger.CheckCarried(content, d.GLN, to, r); err != nil {
			return nil, fmt.Errorf("%w: %s", err, id)
		}
		kept, err := d.Registrations.Registration(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("consignment of %s: %w", id, err)
		}
		sealed = append(sealed, kept.Consignment)
	}
	switch v := content.(type) {
	case *pedigree.MaterialSupply:
		c := *v
		c.Consignments = sealed
		return &c, nil
	case *pedigree.Distribution:
		c := *v
		c.Consignments = sealed
		return &c, nil
	case *pedigree.Dispatch:
		c := *v
		c.Consignments = sealed
		return &c, nil
	}
	return content, nil
}

// consignments returns what came with a shipment, one for each registration: the
// ledger's view of a message has none, a receiver's has all.
func consignments(content pedigree.Content) ([]canon.Bytes, error) {
	var sealed []canon.Bytes
	switch v := content.(type) {
	case *pedigree.MaterialSupply:
		sealed = v.Consignments
	case *pedigree.Distribution:
		sealed = v.Consignments
	case *pedigree.Dispatch:
		sealed = v.Consignments
	}
	if len(sealed) != len(ledger.Carried(content)) {
		return nil, fmt.Errorf("%w: consignments: one a registration", envelope.ErrField)
	}
	return sealed, nil
}

// openConsignments refuses a shipment whose things could not be identified: every
// consignment opens here, and says what its registration says.
func (d *Desk) openConsignments(c *envelope.Claims, content pedigree.Content) error {
	sealed, err := consignments(content)
	if err != nil {
		return err
	}
	for i, id := range ledger.Carried(content) {
		r, err := d.registered(id)
		if err != nil {
			return err
		}
		if err := ledger.CheckCarried(content, c.Issuer, c.Audience, r); err != nil {
			return fmt.Errorf("%w: %s", err, id)
		}
		if _, err := d.openConsignment(r, sealed[i]); err != nil {
			return fmt.Errorf("consignment of %s: %w", id, err)
		}
	}
	return nil
}

func (d *Desk) openConsignment(r *chain.Registration, sealed []byte) (*genuine.Consignment, error) {
	if len(sealed) > maxConsignment {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", genuine.ErrSealed, len(sealed), maxConsignment)
	}
	key, err := d.Keys.SealKey()
	if err != nil {
		return nil, err
	}
	return genuine.OpenConsignment(key, d.Chain, r, sealed)
}

// keepConsignments keeps what a message with anchor bc brought.
func (d *Desk) keepConsignments(ctx context.Context, bc canon.Digest, content pedigree.Content) error {
	sealed, err := consignments(content)
	if err != nil {
		return err
	}
	for i, id := range ledger.Carried(content) {
		if err := d.Consignments.PutConsignment(ctx, &Consignment{Registration: id, Message: bc, Sealed: sealed[i]}); err != nil {
			return err
		}
	}
	return nil
}

// consignment returns what registrar and consignee alone know of a registration, with
// the registration; ledger.ErrConsignee if this organisation is not its consignee, and
// ErrUnknown before the shipment has come.
func (d *Desk) consignment(ctx context.Context, id canon.Digest) (*chain.Registration, *genuine.Consignment, error) {
	r, err := d.registered(id)
	if err != nil {
		return nil, nil, err
	}
	if r.Terms.To != d.GLN {
		return nil, nil, fmt.Errorf("%w: it is %s", ledger.ErrConsignee, r.Terms.To)
	}
	kept, err := d.Consignments.Consignment(ctx, id)
	if errors.Is(err, ErrUnknown) {
		return nil, nil, fmt.Errorf("%w: no shipment has brought registration %s", ErrUnknown, id)
	}
	if err != nil {
		return nil, nil, err
	}
	c, err := d.openConsignment(r, kept.Sealed)
	return r, c, err
}
