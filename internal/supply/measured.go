package supply

import (
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
)

// maxRegistrations is how many registrations of one thing its evidence brings, the
// newest: who hands it to and fro must not make the evidence large.
const maxRegistrations = 16

// measured takes what the ledger has of paper 001: the registrations of the pack and of
// its material with their marks, and what became of the concealed code.
func (a *assembly) measured(b *chain.Batch) error {
	at := a.shown.Pack.Index
	var page chain.Page
	if _, err := a.read(chain.UnitsKey(a.shown.Batch, uint32(at/chain.PageUnits)), &page); err != nil {
		return err
	}
	ours := func(t *chain.Terms) (uint64, bool) { return t.Mark(at) }
	if err := a.registrations(page.Registration(at%chain.PageUnits), ours); err != nil {
		return err
	}
	for _, bc := range b.Release.Materials {
		if err := a.materials(bc); err != nil {
			return err
		}
	}
	if b.Release.Codes.IsZero() {
		return nil
	}
	var used chain.Redemption
	found, err := a.read(chain.RedeemedKey(a.shown.Batch, at), &used)
	if found {
		a.need(chain.MemberKey(used.By))
	}
	return err
}

// materials takes the registrations of the lots that a supply brought.
func (a *assembly) materials(bc canon.Digest) error {
	var supply chain.Anchor
	if _, err := a.look(chain.ExchangeKey(bc), &supply); err != nil {
		return err
	}
	for _, lot := range supply.Lots {
		if err := a.material(lot); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembly) material(lot gs1.LGTIN) error {
	var now canon.Digest
	found, err := a.look(chain.MaterialKey(lot), &now)
	if err != nil || !found {
		return err
	}
	a.need(chain.MaterialKey(lot))
	return a.registrations(now, func(t *chain.Terms) (uint64, bool) { return 0, t.Material != nil && *t.Material == lot })
}

// registrations takes a registration, and those that it replaced one after the other for
// the thing of which mark finds the index of the mark. They are a line, for each has the
// counter that follows that of the one before.
func (a *assembly) registrations(id canon.Digest, mark func(*chain.Terms) (uint64, bool)) error {
	for range maxRegistrations {
		if id.IsZero() {
			return nil
		}
		var r chain.Registration
		if _, err := a.read(chain.RegistrationKey(id), &r); err != nil {
			return err
		}
		index, _ := mark(&r.Terms)
		a.need(chain.MarkKey(id, index))
		a.need(chain.MemberKey(r.From))
		a.need(chain.MemberKey(r.Terms.To))
		var err error
		if id, err = a.before(&r, mark); err != nil {
			return err
		}
	}
	return nil
}

// before returns the registration that the thing had before, zero if none.
func (a *assembly) before(r *chain.Registration, mark func(*chain.Terms) (uint64, bool)) (canon.Digest, error) {
	for _, id := range r.Before {
		var old chain.Registration
		if _, err := a.look(chain.RegistrationKey(id), &old); err != nil {
			return canon.Digest{}, err
		}
		if _, of := mark(&old.Terms); of {
			return id, nil
		}
	}
	return canon.Digest{}, nil
}
