package ledger

import (
	"fmt"
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/pedigree"
)

// MaxHop is the largest number of marks that a hop may follow: each was verified, and
// each is looked at.
const MaxHop = 4096

// MaxReplaced is the largest number of registrations that one may replace.
const MaxReplaced = 64

// markWork is what it costs to look at a mark, in packs: each is a record of its own.
const markWork = 64

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
	id, old := chain.RegistrationID(t.op), t.replacing(r, line)
	if r.Material != nil {
		err = t.registerMaterial(id, old)
	} else {
		err = t.registerPacks(id, old)
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
	return t.put(chain.RegistrationKey(id), &chain.Registration{
		Terms: *r, From: t.Sender, Device: arg.Device, At: t.now, Index: t.index, Before: old.ids,
	})
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

func (t *tx) registerMaterial(id canon.Digest, old *replaced) error {
	lot, line := *old.terms.Material, old.line
	if err := lot.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrRegistration, err)
	}
	if lot.GTIN != line.Put.GTIN {
		return fmt.Errorf("%w: %s, the line makes %s", ErrRegistration, lot.GTIN, line.Put.GTIN)
	}
	var before canon.Digest
	if _, err := read(t, chain.MaterialKey(lot), &before); err != nil {
		return err
	}
	if err := old.follow(before, chain.Range{From: 0, To: 1}); err != nil {
		return err
	}
	return t.put(chain.MaterialKey(lot), id)
}

func (t *tx) registerPacks(id canon.Digest, old *replaced) error {
	r, line := old.terms, old.line
	batch, err := t.batch(r.Batch)
	if err != nil {
		return err
	}
	if batch.Release.GTIN != line.Put.GTIN || batch.Holder != line.Maker {
		return fmt.Errorf("%w: lot %s of %s is not of this line", ErrRegistration, batch.Release.Lot, batch.Release.GTIN)
	}
	if err := t.countPacks(r.Ranges, batch.Release.Size); err != nil {
		return err
	}
	pages := t.pages(r.Batch, batch)
	for _, span := range r.Ranges {
		if err := t.mayConsign(pages, span, r, line); err != nil {
			return err
		}
		if err := pages.registrations(span, old.follow); err != nil {
			return err
		}
		if err := pages.register(span, id); err != nil {
			return err
		}
	}
	t.tag("registered", r.Batch)
	return pages.save()
}

// mayConsign lets who has the packs register them, and the maker for who has them.
func (t *tx) mayConsign(pages *pages, span chain.Range, r *chain.Terms, line *chain.Line) error {
	err := pages.custody(span, t.Sender)
	if err != nil && t.Sender == line.Maker {
		return pages.custody(span, r.To)
	}
	return err
}

// replaced are the registrations before a new one.
type replaced struct {
	*tx
	terms *chain.Terms // of the new one
	line  *chain.Line
	ids   []canon.Digest
	by    map[canon.Digest]*chain.Registration
	marks uint64 // that were looked at
}

func (t *tx) replacing(r *chain.Terms, line *chain.Line) *replaced {
	return &replaced{tx: t, terms: r, line: line, by: map[canon.Digest]*chain.Registration{}}
}

// follow checks the registration that packs of the batch have so far, or material for
// [0, 1); the zero digest stands for none.
func (p *replaced) follow(before canon.Digest, packs chain.Range) error {
	if before.IsZero() {
		if p.Sender != p.line.Maker || !p.sender.Licensed(p.line.Put.GTIN) {
			return fmt.Errorf("%w: the first is its maker's", ErrRegistrar)
		}
		if p.terms.Counter != 1 {
			return fmt.Errorf("%w: %d, expected 1", ErrCounter, p.terms.Counter)
		}
		return nil
	}
	old, err := p.known(before)
	if err != nil {
		return err
	}
	if p.terms.Counter != old.Terms.Counter+1 {
		return fmt.Errorf("%w: %d, expected %d", ErrCounter, p.terms.Counter, old.Terms.Counter+1)
	}
	if p.Sender == p.line.Maker {
		return nil
	}
	if p.Sender != old.Terms.To {
		return fmt.Errorf("%w: the consignee is %s", ErrRegistrar, old.Terms.To)
	}
	return p.allVerified(before, old, packs)
}

// known reads each registration once.
func (p *replaced) known(id canon.Digest) (*chain.Registration, error) {
	if r := p.by[id]; r != nil {
		return r, nil
	}
	if len(p.ids) == MaxReplaced {
		return nil, fmt.Errorf("%w: it would replace more than %d", ErrRegistration, MaxReplaced)
	}
	r, err := p.registration(id)
	p.ids, p.by[id] = append(p.ids, id), r
	return r, err
}

// allVerified returns ErrUnverified unless every mark of the packs was verified.
func (p *replaced) allVerified(id canon.Digest, r *chain.Registration, packs chain.Range) error {
	if r.Terms.Whole {
		packs.To = packs.From + 1
	}
	n := packs.To - packs.From
	if p.marks += n; p.marks > MaxHop {
		return fmt.Errorf("%w: a hop of more than %d marks", ErrRegistration, MaxHop)
	}
	if p.Block.packs+n*markWork > MaxBlockPacks {
		return ErrFull
	}
	p.spend(n * markWork)
	for place := packs.From; place < packs.To; place++ {
		index := uint64(0)
		if r.Terms.Material == nil {
			index, _ = r.Terms.Mark(place)
		}
		mark, err := p.Get(chain.MarkKey(id, index))
		if err != nil {
			return err
		}
		if mark == nil {
			return fmt.Errorf("%w: mark %d of %s", ErrUnverified, index, id)
		}
	}
	return nil
}

func (t *tx) registration(id canon.Digest) (*chain.Registration, error) {
	r, ok, err := recall[chain.Registration](t, chain.RegistrationKey(id))
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", ErrUnknownRegistration, id)
	}
	return r, err
}

// registrations calls do for each part of r whose packs have one registration, with
// the zero digest for none. No two that follow each other have the same.
func (p *pages) registrations(r chain.Range, do func(id canon.Digest, packs chain.Range) error) error {
	var id canon.Digest
	part := chain.Range{From: r.From, To: r.From}
	err := p.over(r, func(no uint32, page *chain.Page, from, to uint64) error {
		start := uint64(no) * chain.PageUnits
		return page.Registrations(from, to, func(now canon.Digest, end uint64) error {
			if now != id && part.From < part.To {
				if err := do(id, part); err != nil {
					return err
				}
				part.From = part.To
			}
			id, part.To = now, start+end
			return nil
		})
	})
	if err != nil {
		return err
	}
	return do(id, part)
}

func (p *pages) register(r chain.Range, id canon.Digest) error {
	return p.over(r, func(no uint32, page *chain.Page, a, b uint64) error {
		page.Register(a, b, id)
		p.changed[no] = true
		return nil
	})
}

// registeredFor checks the registrations that a shipment carries.
func (t *tx) registeredFor(content pedigree.Content, c *envelope.Claims) error {
	for _, id := range Carried(content) {
		r, err := t.registration(id)
		if err != nil {
			return err
		}
		if err := CheckCarried(content, c.Issuer, c.Audience, r); err != nil {
			return fmt.Errorf("%w: %s", err, id)
		}
	}
	return nil
}

// Carried returns the registrations that a shipment carries; other contents carry none.
func Carried(content pedigree.Content) []canon.Digest {
	switch v := content.(type) {
	case *pedigree.MaterialSupply:
		return v.Registrations
	case *pedigree.Distribution:
		return v.Registrations
	case *pedigree.Dispatch:
		return v.Registrations
	}
	return nil
}

// CheckCarried returns ErrRegistration unless a registration that a shipment carries is
// its issuer's, for its receiver, and of packs or of a lot that it moves.
func CheckCarried(content pedigree.Content, issuer, receiver string, r *chain.Registration) error {
	moves := false
	switch v := content.(type) {
	case *pedigree.MaterialSupply:
		moves = r.Terms.Material != nil && slices.ContainsFunc(v.Lots, func(l pedigree.SuppliedLot) bool { return l.ID() == *r.Terms.Material })
	case *pedigree.Distribution:
		moves = carries(v.Parcels, &r.Terms)
	case *pedigree.Dispatch:
		moves = carries(v.Parcels, &r.Terms)
	}
	if !moves || r.From != issuer || r.Terms.To != receiver {
		return fmt.Errorf("%w: it is not of this shipment", ErrRegistration)
	}
	return nil
}

// carries reports whether parcels have all packs of a registration.
func carries(parcels []pedigree.Parcel, r *chain.Terms) bool {
	i := slices.IndexFunc(parcels, func(p pedigree.Parcel) bool { return p.Batch == r.Batch })
	return i >= 0 && !slices.ContainsFunc(r.Ranges, func(want chain.Range) bool {
		return !slices.ContainsFunc(parcels[i].Ranges, func(has chain.Range) bool { return has.From <= want.From && want.To <= has.To })
	})
}
