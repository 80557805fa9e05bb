package supply

import (
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
)

// maxRegistrations is how many registrations of one thing its evidence brings, the
// newest: who hands it to and fro must not make the evidence large.
const maxRegistrations = 16

// maxMaterials is how many registrations of material it brings in all: suppliers must
// not make it large either.
const maxMaterials = 64

// measured takes what the ledger has of paper 001: the registrations of the pack and of
// its material with their marks, and what became of the concealed code.
func (a *assembly) measured(b *chain.Batch) error {
	at := a.shown.Pack.Index
	var page chain.Page
	if _, err := a.read(chain.UnitsKey(a.shown.Batch, uint32(at/chain.PageUnits)), &page); err != nil {
		return err
	}
	ours := func(t *chain.Terms) (uint64, bool) { return t.Mark(at) }
	if _, err := a.registrations(page.Registration(at%chain.PageUnits), maxRegistrations, ours); err != nil {
		return err
	}
	if err := a.materials(b.Release.Materials); err != nil {
		return err
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

// materials takes the registrations of the lots that supplies brought.
func (a *assembly) materials(supplies []canon.Digest) error {
	left := maxMaterials
	for _, bc := range supplies {
		var supply chain.Anchor
		if _, err := a.look(chain.ExchangeKey(bc), &supply); err != nil {
			return err
		}
		for _, lot := range supply.Lots {
			taken, err := a.material(lot, left)
			if err != nil {
				return err
			}
			left -= taken
		}
	}
	return nil
}

// material takes at most so many registrations of a lot, and returns how many it took.
func (a *assembly) material(lot gs1.LGTIN, most int) (int, error) {
	if most == 0 {
		return 0, nil
	}
	var now canon.Digest
	found, err := a.look(chain.MaterialKey(lot), &now)
	if err != nil || !found {
		return 0, err
	}
	a.need(chain.MaterialKey(lot))
	return a.registrations(now, min(most, maxRegistrations), func(t *chain.Terms) (uint64, bool) {
		return 0, t.Material != nil && *t.Material == lot
	})
}

// registrations takes at most so many registrations of a thing, of which mark finds the
// index of the mark: this one, and those that each replaced. They are a line, for each
// has the counter that follows that of the one before.
func (a *assembly) registrations(id canon.Digest, most int, mark func(*chain.Terms) (uint64, bool)) (taken int, err error) {
	for ; taken < most && !id.IsZero(); taken++ {
		var r chain.Registration
		if _, err := a.read(chain.RegistrationKey(id), &r); err != nil {
			return taken, err
		}
		index, _ := mark(&r.Terms)
		a.need(chain.MarkKey(id, index))
		a.need(chain.MemberKey(r.From))
		a.need(chain.MemberKey(r.Terms.To))
		if id, err = a.before(&r, mark); err != nil {
			return taken, err
		}
	}
	return taken, nil
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
