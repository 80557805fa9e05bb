package theriac

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/pedigree"
)

// A Measurement is a registration of the pack, of the case that it lies in, or of a
// lot of its material, and whether the thing was measured where it was to be, once
// (paper 001). It changes no outcome: most packs have none.
type Measurement struct {
	Counter    uint64 // of the thing's registrations
	From       string // GLN of who registered
	To         string // GLN of the consignee, who alone could measure
	Place      string // GLN
	Registered time.Time
	Verified   time.Time  // zero: not yet
	Whole      bool       // one mark for several packs
	Material   *gs1.LGTIN // the lot, if it is of no pack
	Current    bool       // not replaced by a later one
}

// A Redemption says that the concealed code of the pack was used.
type Redemption struct {
	At      time.Time
	By      string       // GLN of who relayed it
	Browser canon.Digest // SHA-256 of the P-256 point of the key that it was redeemed for
}

// things are the pack and the lots of its material, as paper 001 has them.
type things struct {
	*verification
	now   map[thing]canon.Digest // their registrations
	known map[string]bool        // keys of the records that are of them
	found []Measurement
	used  *Redemption
}

// A thing is a lot of material; the zero thing is the pack.
type thing struct {
	material bool
	lot      gs1.LGTIN
}

// measured verifies what the ledger says of paper 001. The page of the pack names its
// registration and the batch says whether there are codes, so neither can be left
// out; earlier registrations and those of material can. What is of other things is
// refused: who reads of it might think that it is of this pack.
func (v *verification) measured() error {
	t := &things{verification: v, now: map[thing]canon.Digest{}, known: map[string]bool{}}
	for _, step := range []func() error{t.present, t.registrations, t.codes, t.foreign} {
		if err := step(); err != nil {
			return err
		}
	}
	// Stable, so that those of one counter stand as their records do.
	slices.SortStableFunc(t.found, func(a, b Measurement) int {
		if (a.Material == nil) != (b.Material == nil) {
			if a.Material != nil {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Counter, b.Counter)
	})
	f := &v.verdict.Facts
	f.Measured, f.Codes, f.Redeemed = t.found, !v.batch.Release.Codes.IsZero(), t.used
	t.tell()
	return nil
}

// present reads which registrations the things have now.
func (t *things) present() error {
	if id := t.page.Registration(t.bundle.Pack.Index % chain.PageUnits); !id.IsZero() {
		t.now[thing{}] = id
	}
	for _, lot := range t.lots {
		key := chain.MaterialKey(lot)
		if _, brought := t.state[string(key)]; !brought {
			continue
		}
		t.known[string(key)] = true
		var id canon.Digest
		found, err := t.maybe(key, &id)
		if err != nil {
			return err
		}
		if found {
			t.now[thing{true, lot}] = id
		}
	}
	return nil
}

// registrations reads those that the evidence brings, with their marks.
func (t *things) registrations() error {
	current := 0
	for i := range t.bundle.State {
		key := t.bundle.State[i].Key
		if word, name := word(key); word != "registration" || len(name) == 0 {
			continue
		}
		m, err := t.registration(key)
		if err != nil {
			return err
		}
		t.found = append(t.found, *m)
		if m.Current {
			current++
		}
	}
	// One that is missing, or is of another thing, is nobody's present one.
	if current != len(t.now) {
		return fail(StepLedger, fmt.Errorf("%w: a registration of the pack or its material is missing", ErrLedger))
	}
	return nil
}

func (t *things) registration(key []byte) (*Measurement, error) {
	var r chain.Registration
	if err := t.read(key, &r); err != nil {
		return nil, err
	}
	_, name := word(key)
	what, index, of := t.mark(&r.Terms)
	now, has := t.now[what]
	if !of || !has || len(name) != len(now) {
		return nil, fail(StepLedger, fmt.Errorf("%w: %q is of other things", ErrLedger, key))
	}
	id := canon.Digest(name)
	its := chain.MarkKey(id, index)
	t.known[string(key)], t.known[string(its)] = true, true
	var mark chain.Mark
	if _, err := t.maybe(its, &mark); err != nil {
		return nil, err
	}
	return &Measurement{
		Counter: r.Terms.Counter, From: r.From, To: r.Terms.To, Place: r.Terms.Place,
		Registered: chain.Time(r.At), Verified: chain.Time(mark.At),
		Whole: r.Terms.Whole, Material: r.Terms.Material, Current: id == now,
	}, nil
}

// mark returns what terms are about, the index of its mark, and whether it can be of
// this pack.
func (t *things) mark(r *chain.Terms) (thing, uint64, bool) {
	if r.Material != nil {
		return thing{true, *r.Material}, 0, true
	}
	index, of := r.Mark(t.bundle.Pack.Index)
	return thing{}, index, of && r.Batch == t.batchID
}

// codes reads what became of the concealed code.
func (t *things) codes() error {
	if t.batch.Release.Codes.IsZero() {
		return nil
	}
	key := chain.RedeemedKey(t.batchID, t.bundle.Pack.Index)
	t.known[string(key)] = true
	var r chain.Redemption
	found, err := t.maybe(key, &r)
	if err != nil {
		return err
	}
	if found {
		t.used = &Redemption{chain.Time(r.At), r.By, r.Browser}
	}
	return nil
}

func (t *things) foreign() error {
	for i := range t.bundle.State {
		key := t.bundle.State[i].Key
		word, name := word(key)
		paper001 := slices.Contains([]string{"mark", "material", "redeemed", "registration"}, word)
		if paper001 && len(name) > 0 && !t.known[string(key)] {
			return fail(StepLedger, fmt.Errorf("%w: %q is of other things", ErrLedger, key))
		}
	}
	return nil
}

// tell says what was measured. A registration that was replaced before it was of use
// says nothing.
func (t *things) tell() {
	for i := range t.found {
		m := &t.found[i]
		step, what := StepPack, "the pack"
		switch {
		case m.Material != nil:
			step, what = pedigree.StepMaterial, "material "+m.Material.String()
		case m.Whole:
			what = "the case with the pack"
		}
		switch {
		case !m.Verified.IsZero():
			t.pass(step, "%s was measured genuine at hand-over to %s on %s, once", what, m.To, m.Verified.Format(time.RFC3339))
		case m.Current:
			t.pass(step, "%s is registered for %s, not measured yet", what, m.To)
		}
	}
	switch {
	case t.used != nil:
		t.pass(StepPack, "its concealed code was redeemed on %s", t.used.At.Format(time.RFC3339))
	case t.verdict.Facts.Codes:
		t.pass(StepPack, "its concealed code was not redeemed yet")
	}
}
