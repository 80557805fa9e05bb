package ledger_test

import (
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
)

// spread are n packs of the batch, none beside another.
func spread(n uint64) []chain.Range {
	var out []chain.Range
	for i := range n {
		out = append(out, chain.Range{From: 2 * i, To: 2*i + 1})
	}
	return out
}

// large gives the lab a batch of as many packs as one transaction may name, which are
// the manufacturer's.
func (l *lab) large() {
	l.T.Helper()
	l.Pack("LARGE", 1)
	l.Release.Size = ledger.MaxPacks
	l.Admit(l.DM.Tx(l.Now, chain.KindBatch, l.Release))
}

// registering returns the registration of packs for a consignee, with some root: the
// marks are not what it is about.
func (l *lab) registering(from, to *ledgertest.Org, counter uint64, ranges ...chain.Range) []byte {
	l.T.Helper()
	s := ledgertest.Shipment{Line: l.drug, From: from, Terms: chain.Terms{
		Line: l.drug.Key.Line, Epoch: l.drug.Key.Epoch, Counter: counter, To: to.GLN, Place: to.GLN, Batch: l.Batch,
		Root: canon.Sum([]byte("marks")), Ranges: ranges,
	}}
	return from.Tx(l.Now, chain.KindRegister, s.Register(l.makers))
}

// A registration is of as many packs as a transaction may name, in as many ranges, on
// as many pages. Only what it replaces is limited.
func TestRegisterALot(t *testing.T) {
	for name, ranges := range map[string][]chain.Range{
		"one range": {{To: ledger.MaxPacks}}, "many ranges": spread(1024), "two ranges": {{To: 300_000}, {From: 300_001, To: ledger.MaxPacks}},
	} {
		l := newLab(newTown(t))
		l.large()
		l.Admit(l.registering(l.DM, l.DD, 1, ranges...))
		if got := outcome(l.Try(l.registering(l.DM, l.DD, 2, ranges...))); got != "applied" {
			t.Errorf("%s, anew: %s", name, got)
		}
		if got := outcome(l.Try(l.registering(l.DM, l.DD, 1, ranges...))); got != "wrong_counter" {
			t.Errorf("%s, again: %s", name, got)
		}
	}
}

func TestReplacedRegistrations(t *testing.T) {
	l := newLab(newTown(t))
	l.large()
	for i := range uint64(ledger.MaxReplaced + 1) {
		l.Admit(l.registering(l.DM, l.DD, 1, chain.Range{From: 100 * i, To: 100*i + 100}))
	}
	l.Refuse("bad_registration", l.registering(l.DM, l.DD, 2, chain.Range{To: 100*ledger.MaxReplaced + 1}))
	l.Admit(l.registering(l.DM, l.DD, 2, chain.Range{To: 100 * ledger.MaxReplaced}))
}

// hopping gives the distributor packs [0, n) of a large batch whose marks it verified.
func (l *lab) hopping(n uint64) {
	l.T.Helper()
	l.large()
	r := l.Admit(l.registering(l.DM, l.DD, 1, chain.Range{To: n}))
	l.tell(l.DM, l.DD, l.parcel(0, n), l.Decision)
	raw, err := canon.CBOR(&chain.Mark{Device: canon.Sum(nil), At: chain.Millis(l.Now), Index: r.Index + 1})
	if err != nil {
		l.T.Fatal(err)
	}
	for i := range n {
		l.State.Records[string(chain.MarkKey(chain.RegistrationID(r.Operation), i))] = raw
	}
}

// Each mark before a hop is looked at, on whatever page: there is a limit.
func TestHopLimit(t *testing.T) {
	l := newLab(newTown(t))
	l.hopping(ledger.MaxHop + 4)
	l.Refuse("bad_registration", l.registering(l.DD, l.Pharmacy, 2, chain.Range{To: ledger.MaxHop + 1}))
	l.Refuse("bad_registration", l.registering(l.DD, l.Pharmacy, 2, chain.Range{To: 10}, chain.Range{From: 11, To: ledger.MaxHop + 1}, chain.Range{From: ledger.MaxHop + 2, To: ledger.MaxHop + 3}))
	l.Admit(l.registering(l.DD, l.Pharmacy, 2, chain.Range{To: ledger.MaxHop}))
}

// Marks that were looked at count though the hop was refused, as packs do.
func TestRefusedHopsCount(t *testing.T) {
	l := newLab(newTown(t))
	l.hopping(ledger.MaxHop)
	w := &works{town: l.town}
	w.begin()
	// The last pack is not the distributor's.
	hop := func() []byte {
		return l.registering(l.DD, l.Pharmacy, 2, chain.Range{To: ledger.MaxHop}, chain.Range{From: ledger.MaxHop + 1, To: ledger.MaxHop + 2})
	}
	looks := 0
	for range 1000 {
		r, err := w.block.Apply(hop())
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(r); got == "block_full" {
			break
		} else if got != "not_in_custody" {
			t.Fatalf("%s (%s), want not_in_custody", got, r.Text)
		}
		looks++
	}
	if most := ledger.MaxBlockPacks / ledger.MaxHop / 64; looks == 0 || looks > most {
		t.Errorf("%d hops were looked into, want 1 to %d", looks, most)
	}
	w.apply("applied", w.note())
}

// A case is superseded if any of its packs was registered anew, wherever it stands.
func TestSupersededCase(t *testing.T) {
	l := newLab(newTown(t))
	l.large()
	whole := l.drug.Ship(l.DM, l.DD, func(t *chain.Terms) { t.Ranges, t.Whole = spread(40), true })
	id := whole.Admit(l.makers)
	tx := func() []byte {
		return l.DD.Tx(l.Now, chain.KindIdentify, whole.Identify(id, l.DD, l.carriers, 0, func(*genuine.Challenge) {}))
	}
	if got := outcome(l.Try(tx())); got != "applied" {
		t.Fatalf("before: %s", got)
	}
	l.Admit(l.registering(l.DM, l.DD, 2, chain.Range{From: 78, To: 79}))
	r := l.Block(tx())[0]
	if got := outcome(r); got != "alert superseded" {
		t.Fatalf("after: %s", got)
	}
	var a chain.Alert
	l.Read(chain.AlertKey(r.Alert), &a)
	if len(a.Units) != 16 || a.Registration != id {
		t.Errorf("alert %+v, want 16 packs of the case", a)
	}
}

// A mark is of the pack that stands where it does, also in the second range, and a hop
// looks at that one.
func TestMarksOfTwoRanges(t *testing.T) {
	l := newLab(newTown(t))
	s := l.drug.Ship(l.DM, l.DD, func(t *chain.Terms) { t.Ranges = []chain.Range{{From: 70, To: 72}, {From: 80, To: 83}} })
	id := s.Admit(l.makers)
	identified := func(index uint64) []byte {
		return l.DD.Tx(l.Now, chain.KindIdentify, s.Identify(id, l.DD, l.carriers, index, nil))
	}
	l.next(l.DM, l.DD, 2, 81, 82).Admit(l.makers)
	for index, want := range []string{"applied", "applied", "applied", "alert superseded", "applied"} {
		if index == 2 {
			continue
		}
		if got := outcome(l.Block(identified(uint64(index)))[0]); got != want {
			t.Errorf("mark %d: %s, want %s", index, got, want)
		}
	}
	l.tell(l.DM, l.DD, l.parcel(70, 90), l.Decision)
	hop := func(from, to uint64) []byte {
		return l.DD.Tx(l.Now, chain.KindRegister, l.next(l.DD, l.Pharmacy, 2, from, to).Register(l.carriers))
	}
	for at, want := range map[uint64]string{70: "applied", 71: "applied", 80: "not_verified", 81: "wrong_counter", 82: "applied"} {
		if got := outcome(l.Try(hop(at, at+1))); got != want {
			t.Errorf("hop of pack %d: %s, want %s", at, got, want)
		}
	}
	l.Admit(identified(2))
	l.Admit(hop(80, 81))
}
