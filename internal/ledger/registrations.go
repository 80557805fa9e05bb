package ledger

import (
	"fmt"
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/pedigree"
)

// MaxHop is the largest number of marks that a hop may follow: each was verified, and
// each is looked at.
const MaxHop = 4096

// maxRegistrations is the largest number of registrations that one may replace.
const maxRegistrations = 64

// register is paper 001's registration contract. The first registration of a thing is
// its maker's, on a device of its line; those after it are the maker's or, hop by hop,
// the consignee's who verified the mark before (001-09, 001-11).
func (t *tx) register() error {
	var arg chain.Register
	if err := t.body(&arg); err != nil {
		return err
	}
	r := &arg.Terms
	if err := t.consigned(r); err != nil {
		return err
	}
	line, err := t.lineOf(r.Line)
	if err != nil {
		return err
	}
	if r.Epoch != line.Put.Epoch {
		return fmt.Errorf("%w: epoch %d, the line is at %d", ErrRegistration, r.Epoch, line.Put.Epoch)
	}
	if err := genuine.CheckRegister(t.ledger.Chain, t.Sender, &arg, line); err != nil {
		return err
	}
	id := chain.RegistrationID(t.op)
	record := chain.Registration{Terms: *r, From: t.Sender, Device: arg.Device, At: t.now, Index: t.index}
	if r.Material != nil {
		record.Before, err = t.registerMaterial(id, r, line)
	} else {
		record.Before, err = t.registerPacks(id, r, line)
	}
	if err != nil {
		return err
	}
	t.tag("registration", id)
	t.tag("consignee", r.To)
	t.tag("registered-by", t.Sender)
	if t.Sender != line.Maker {
		t.tag("hop-of", line.Maker)
	}
	return t.put(chain.RegistrationKey(id), &record)
}

// consigned checks what holds of all terms.
func (t *tx) consigned(r *chain.Terms) error {
	switch {
	case r.Counter == 0 || r.Root.IsZero():
		return fmt.Errorf("%w: no counter or no root", ErrRegistration)
	case r.To == t.Sender:
		return fmt.Errorf("%w: to its own registrar", ErrRegistration)
	case r.Batch.IsZero() == (r.Material == nil) || r.Material != nil && (len(r.Ranges) > 0 || r.Whole):
		return fmt.Errorf("%w: packs of a batch or a lot of material", ErrRegistration)
	}
	if err := checkPlace(r.Place); err != nil {
		return err
	}
	to, err := member(t, r.To)
	if err != nil {
		return err
	}
	if to.Status != chain.Active {
		return ErrStanding
	}
	return nil
}

// registerMaterial returns what the registration replaces.
func (t *tx) registerMaterial(id canon.Digest, r *chain.Terms, line *chain.Line) ([]canon.Digest, error) {
	lot := *r.Material
	if err := lot.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRegistration, err)
	}
	if lot.GTIN != line.Put.GTIN {
		return nil, fmt.Errorf("%w: %s, the line makes %s", ErrRegistration, lot.GTIN, line.Put.GTIN)
	}
	var before canon.Digest
	found, err := read(t, chain.MaterialKey(lot), &before)
	if err != nil {
		return nil, err
	}
	if err := t.mayRegister(r, line, before, []chain.Range{{From: 0, To: 1}}); err != nil {
		return nil, err
	}
	if err := t.put(chain.MaterialKey(lot), id); err != nil || !found {
		return nil, err
	}
	return []canon.Digest{before}, nil
}

// registerPacks returns what the registration replaces.
func (t *tx) registerPacks(id canon.Digest, r *chain.Terms, line *chain.Line) (before []canon.Digest, err error) {
	batch, err := t.batch(r.Batch)
	if err != nil {
		return nil, err
	}
	if batch.Release.GTIN != line.Put.GTIN || batch.Holder != line.Maker {
		return nil, fmt.Errorf("%w: lot %s of %s is not of this line", ErrRegistration, batch.Release.Lot, batch.Release.GTIN)
	}
	if err := t.countPacks(r.Ranges, batch.Release.Size); err != nil {
		return nil, err
	}
	pages := t.pages(r.Batch, batch)
	for _, span := range r.Ranges {
		if err := t.mayConsign(pages, span, r, line); err != nil {
			return nil, err
		}
		err := pages.registrations(span, func(old canon.Digest, packs chain.Range) error {
			if !old.IsZero() && !slices.Contains(before, old) {
				before = append(before, old)
			}
			if len(before) > maxRegistrations {
				return fmt.Errorf("%w: it would replace more than %d", ErrRegistration, maxRegistrations)
			}
			return t.mayRegister(r, line, old, []chain.Range{packs})
		})
		if err != nil {
			return nil, err
		}
		if err := pages.register(span, id); err != nil {
			return nil, err
		}
	}
	t.tag("registered", r.Batch)
	return before, pages.save()
}

// mayConsign lets who has the packs register them, and the maker for who has them.
func (t *tx) mayConsign(pages *pages, span chain.Range, r *chain.Terms, line *chain.Line) error {
	err := pages.custody(span, t.Sender)
	if err != nil && t.Sender == line.Maker {
		return pages.custody(span, r.To)
	}
	return err
}

// mayRegister checks the registration that a new one replaces for packs of the batch,
// or of material for [0, 1); the zero digest stands for none.
func (t *tx) mayRegister(r *chain.Terms, line *chain.Line, before canon.Digest, packs []chain.Range) error {
	if before.IsZero() {
		if t.Sender != line.Maker || !t.sender.Licensed(line.Put.GTIN) {
			return fmt.Errorf("%w: the first is its maker's", ErrRegistrar)
		}
		if r.Counter != 1 {
			return fmt.Errorf("%w: %d, expected 1", ErrCounter, r.Counter)
		}
		return nil
	}
	old, err := t.registration(before)
	if err != nil {
		return err
	}
	if r.Counter != old.Terms.Counter+1 {
		return fmt.Errorf("%w: %d, expected %d", ErrCounter, r.Counter, old.Terms.Counter+1)
	}
	if t.Sender == line.Maker {
		return nil
	}
	if t.Sender != old.Terms.To {
		return fmt.Errorf("%w: the consignee is %s", ErrRegistrar, old.Terms.To)
	}
	return t.allVerified(before, old, packs)
}

// allVerified returns ErrUnverified unless every mark of the packs was verified.
func (t *tx) allVerified(id canon.Digest, r *chain.Registration, packs []chain.Range) error {
	if n := chain.Count(packs); n > MaxHop && !r.Terms.Whole {
		return fmt.Errorf("%w: a hop of %d marks, at most %d", ErrRegistration, n, MaxHop)
	}
	for _, span := range packs {
		for place := span.From; place < span.To; place++ {
			index := uint64(0)
			if r.Terms.Material == nil {
				index, _ = r.Terms.Mark(place)
			}
			mark, err := t.Get(chain.MarkKey(id, index))
			if err != nil {
				return err
			}
			if mark == nil {
				return fmt.Errorf("%w: mark %d of %s", ErrUnverified, index, id)
			}
			if r.Terms.Whole {
				break
			}
		}
	}
	return nil
}

func (t *tx) registration(id canon.Digest) (*chain.Registration, error) {
	var r chain.Registration
	ok, err := read(t, chain.RegistrationKey(id), &r)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownRegistration, id)
	}
	return &r, nil
}

// registrations calls do for each part of r whose packs have one registration, with
// the zero digest for none.
func (p *pages) registrations(r chain.Range, do func(id canon.Digest, packs chain.Range) error) error {
	return p.over(r, func(no uint32, page *chain.Page, from, to uint64) error {
		start, first := uint64(no)*chain.PageUnits, uint64(0)
		runs := page.Marks
		if len(runs) == 0 {
			runs = []chain.MarkRun{{End: chain.PageUnits}}
		}
		for _, run := range runs {
			a, b := max(first, from), min(uint64(run.End), to)
			if first = uint64(run.End); a >= b {
				continue
			}
			if err := do(run.Registration, chain.Range{From: start + a, To: start + b}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *pages) register(r chain.Range, id canon.Digest) error {
	return p.over(r, func(no uint32, page *chain.Page, a, b uint64) error {
		page.Register(a, b, id)
		p.changed[no] = true
		return nil
	})
}

// registeredFor checks that a shipment's registrations are its issuer's, for its
// receiver, and of packs or lots that it moves.
func (t *tx) registeredFor(ids []canon.Digest, c *envelope.Claims, covers func(*chain.Terms) bool) error {
	for _, id := range ids {
		r, err := t.registration(id)
		if err != nil {
			return err
		}
		if r.From != c.Issuer || r.Terms.To != c.Audience || !covers(&r.Terms) {
			return fmt.Errorf("%w: %s is not of this shipment", ErrRegistration, id)
		}
	}
	return nil
}

// carriesParcels reports whether a registration is of packs that parcels carry.
func carriesParcels(parcels []pedigree.Parcel) func(*chain.Terms) bool {
	return func(r *chain.Terms) bool {
		i := slices.IndexFunc(parcels, func(p pedigree.Parcel) bool { return p.Batch == r.Batch })
		return i >= 0 && !slices.ContainsFunc(r.Ranges, func(want chain.Range) bool {
			return !slices.ContainsFunc(parcels[i].Ranges, func(has chain.Range) bool { return has.From <= want.From && want.To <= has.To })
		})
	}
}

// carriesLots reports whether a registration is of a lot of material that is supplied.
func carriesLots(lots []gs1.LGTIN) func(*chain.Terms) bool {
	return func(r *chain.Terms) bool { return r.Material != nil && slices.Contains(lots, *r.Material) }
}
