package supply_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
	"theriac/refusal"
)

// hand gives packs of a batch to the distributor, and half of them on to the pharmacy.
func (n *town) hand(batch canon.Digest, from, to uint64) {
	n.t.Helper()
	parcel := func(from, to uint64) []pedigree.Parcel {
		p, err := n.dm.at().Parcel(batch, []chain.Range{{From: from, To: to}})
		if err != nil {
			n.t.Fatal(err)
		}
		return []pedigree.Parcel{p}
	}
	out := n.dm.org.Message(n.now(), ledgertest.Case, n.dd.org, &pedigree.Distribution{
		Certificate: ledgertest.Number, Cost: "1 EUR", Parcels: parcel(from, to), SalesMethod: "prescription",
	}, n.Decision)
	n.admit(n.dd.org.Anchor(n.now(), out))
	status := n.dd.org.Message(n.now(), ledgertest.Case, n.dm.org, &pedigree.SalesStatus{
		Counts:   []pedigree.SalesCount{{Batch: batch, Received: to - from, Remaining: to - from}},
		Expiries: []pedigree.BatchExpiry{{Batch: batch, Expiry: "2029-03-31"}},
	}, out)
	n.admit(n.dm.org.Anchor(n.now(), status))
	on := n.dd.org.Message(n.now(), ledgertest.Case, n.pharmacy.org, &pedigree.Dispatch{Parcels: parcel(from, (from+to)/2)}, out)
	n.admit(n.pharmacy.org.Anchor(n.now(), on))
}

// scanned returns what is printed on packs of a batch, as it is scanned.
func (n *town) scanned(batch canon.Digest, indexes ...uint64) []gs1.Identifier {
	n.t.Helper()
	var out []gs1.Identifier
	for _, i := range indexes {
		p, err := n.dm.at().Printed(context.Background(), batch, i, 1)
		if err != nil || len(p) != 1 {
			n.t.Fatalf("Printed(%d) = %v, %v", i, p, err)
		}
		id, err := gs1.ParseIdentifier(p[0].Code, n.now())
		if err != nil {
			n.t.Fatal(err)
		}
		out = append(out, id)
	}
	return out
}

func dispense(packs ...gs1.Identifier) supply.Move {
	return supply.Move{Packs: packs, From: chain.UnitActive, To: chain.UnitDispensed}
}

// A pack is the same pack in whatever form its code is scanned.
func TestMoveOfACodeInAnyForm(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	n.hand(batch, 0, 40)
	forms := []func(gs1.Identifier) (string, error){
		gs1.Identifier.Bracketed, gs1.Identifier.ElementString, gs1.Identifier.DigitalLink,
		func(id gs1.Identifier) (string, error) {
			return gs1.Identifier{GTIN: id.GTIN, Serial: id.Serial}.URN(8)
		},
		func(id gs1.Identifier) (string, error) { s, err := id.ElementString(); return "]d2" + s, err },
	}
	for i, form := range forms {
		text, err := form(n.scanned(batch, uint64(i))[0])
		if err != nil {
			t.Fatal(err)
		}
		id, err := gs1.ParseIdentifier(text, n.now())
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if _, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(id)); err != nil {
			t.Errorf("%q is not dispensed: %v", text, err)
		}
		d, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(id))
		if !errors.Is(err, ledger.ErrDispensed) || d == nil || d.Alert == "" {
			t.Errorf("%q a second time: %+v, %v, want an alert", text, d, err)
		}
	}
}

func TestMoveRefuses(t *testing.T) {
	n := newTown(t)
	batch, other := n.release(n.lot("L1")), n.release(n.lot("L2"))
	n.hand(batch, 0, 40)
	n.hand(other, 0, 40)
	packs := n.scanned(batch, 0, 1, 2)
	bend := func(change func(id *gs1.Identifier)) gs1.Identifier {
		id := packs[0]
		change(&id)
		return id
	}
	ranges := func(from, to uint64) supply.Move {
		return supply.Move{Batch: batch, Ranges: []chain.Range{{From: from, To: to}}, From: chain.UnitActive, To: chain.UnitLocked}
	}
	for _, tt := range []struct {
		name string
		at   *office
		move supply.Move
		want error
	}{
		{"nothing", n.pharmacy, dispense(), supply.ErrRequest},
		{"packs and ranges", n.pharmacy, supply.Move{Packs: packs, Batch: batch, Ranges: []chain.Range{{From: 0, To: 1}}}, supply.ErrRequest},
		{"two batches", n.pharmacy, dispense(append(n.scanned(other, 0), packs...)...), supply.ErrRequest},
		{"a pack twice", n.pharmacy, dispense(packs[1], packs[0], packs[1]), supply.ErrRequest},
		{"no serial number", n.pharmacy, dispense(gs1.Identifier{GTIN: n.Product}), supply.ErrRequest},
		{"a serial number of nobody's", n.pharmacy, dispense(bend(func(id *gs1.Identifier) { id.Serial = "FORGED" })), ledger.ErrLeaf},
		{"another lot on the label", n.pharmacy, dispense(bend(func(id *gs1.Identifier) { id.Lot = "L3" })), ledger.ErrLeaf},
		{"a better date on the label", n.pharmacy, dispense(bend(func(id *gs1.Identifier) { id.Expiry = "2031-03-31" })), pedigree.ErrLabel},
		{"no dispensing here", n.dd, dispense(packs...), ledger.ErrTransition},
		{"no state", n.pharmacy, supply.Move{Packs: packs}, ledger.ErrTransition},
		{"not where it was said to be", n.dm, supply.Move{Packs: packs, From: chain.UnitLocked, To: chain.UnitActive}, ledger.ErrState},
		{"another's packs", n.dd, ranges(0, 20), ledger.ErrCustody},
		{"packs beyond the batch", n.dd, ranges(30, 41), nil},
		{"a batch of nobody's", n.dd, supply.Move{Batch: canon.Sum(nil), Ranges: []chain.Range{{From: 0, To: 1}}, From: chain.UnitActive, To: chain.UnitLocked}, ledger.ErrUnknownBatch},
	} {
		before, leaves := len(tt.at.booked()), len(n.State.Leaves)
		_, err := tt.at.at().Move(t.Context(), ledgertest.NewID(), tt.move)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: Move = %v, want %v", tt.name, err, tt.want)
		}
		if len(n.State.Leaves) != leaves {
			t.Errorf("%s: it has a leaf", tt.name)
		}
		if got := len(tt.at.booked()); got != before+1 {
			t.Errorf("%s: %d entries in the book, want 1", tt.name, got-before)
		}
	}
	// The label without its day is the label.
	month := bend(func(id *gs1.Identifier) { id.Expiry = "2029-03" })
	if _, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(month, packs[1])); err != nil {
		t.Errorf("a label with day 00: %v", err)
	}
	if _, err := n.dd.at().Move(t.Context(), ledgertest.NewID(), ranges(20, 40)); err != nil {
		t.Errorf("packs in custody: %v", err)
	}
}

func TestMoveOnABusyLedgerIsNotBooked(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	n.hand(batch, 0, 40)
	id := ledgertest.NewID()
	n.pharmacy.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
		_, err := n.commit(ctx, tx)
		return ledger.Result{}, errors.Join(err, errDown) // applied, and nobody knows
	}
	if _, err := n.pharmacy.at().Move(t.Context(), id, dispense(n.scanned(batch, 0)...)); !errors.Is(err, supply.ErrBusy) {
		t.Errorf("Move = %v, want ErrBusy", err)
	}
	if book := n.pharmacy.booked(); len(book) != 0 {
		t.Errorf("the book says %q", book)
	}
	n.pharmacy.submit = n.commit
	if d, err := n.pharmacy.at().Move(t.Context(), id, dispense(n.scanned(batch, 0)...)); err != nil || d.Alert != "" {
		t.Errorf("the same operation again = %+v, %v, want it done", d, err)
	}
}

func TestUndo(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	n.hand(batch, 0, 40)
	done, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(n.scanned(batch, 3, 4)...))
	if err != nil {
		t.Fatal(err)
	}
	packs := []chain.Range{{From: 3, To: 5}}
	for _, tt := range []struct {
		name  string
		at    *office
		op    canon.Digest
		time  int64
		packs []chain.Range
		want  error
	}{
		{"another's", n.dd, done.Operation, done.Time, packs, ledger.ErrUndo},
		{"half of it", n.pharmacy, done.Operation, done.Time, []chain.Range{{From: 3, To: 4}}, ledger.ErrUndo},
		{"nothing", n.pharmacy, canon.Sum(nil), done.Time, packs, ledger.ErrUndo},
		{"another time", n.pharmacy, done.Operation, done.Time + 1, packs, ledger.ErrUndo},
		{"it", n.pharmacy, done.Operation, done.Time, packs, nil},
		{"it again", n.pharmacy, done.Operation, done.Time, packs, ledger.ErrUndo},
	} {
		if _, err := tt.at.at().Undo(t.Context(), ledgertest.NewID(), tt.op, tt.time, tt.packs); !errors.Is(err, tt.want) {
			t.Errorf("%s: Undo = %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(n.scanned(batch, 3, 4)...)); err != nil {
		t.Errorf("what was undone is not dispensed again: %v", err)
	}
}

func TestRecall(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	n.hand(batch, 0, 40)
	dispensed := func() error {
		_, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(n.scanned(batch, uint64(len(n.State.Leaves)%20))...))
		return err
	}
	for _, tt := range []struct {
		name   string
		at     *office
		recall chain.Recall
		want   error
		sells  error // what dispensing says afterwards
	}{
		{"a distributor", n.dd, chain.Recall{Batch: batch, Status: chain.Recalled}, ledger.ErrIssuer, nil},
		{"of no batch", n.dm, chain.Recall{Batch: canon.Sum(nil), Status: chain.Recalled}, ledger.ErrUnknownBatch, nil},
		{"of nothing", n.dm, chain.Recall{Status: chain.Recalled}, ledger.ErrStatus, nil},
		{"of both", n.dm, chain.Recall{Batch: batch, GTIN: n.Product, Status: chain.Recalled}, ledger.ErrStatus, nil},
		{"released already", n.dm, chain.Recall{Batch: batch, Status: chain.Released}, ledger.ErrStatus, nil},
		{"the holder", n.dm, chain.Recall{Batch: batch, Status: chain.Recalled}, nil, ledger.ErrStopped},
		{"and back", n.dm, chain.Recall{Batch: batch, Status: chain.Released}, nil, nil},
		{"the administration, the product", n.da, chain.Recall{GTIN: n.Product, Status: chain.Withdrawn}, nil, ledger.ErrStopped},
		{"the holder may not take that back", n.dm, chain.Recall{GTIN: n.Product, Status: chain.Released}, ledger.ErrIssuer, ledger.ErrStopped},
	} {
		if _, err := tt.at.at().Recall(t.Context(), ledgertest.NewID(), tt.recall); !errors.Is(err, tt.want) {
			t.Errorf("%s: Recall = %v, want %v", tt.name, err, tt.want)
		}
		if err := dispensed(); !errors.Is(err, tt.sells) {
			t.Errorf("%s: dispensing = %v, want %v", tt.name, err, tt.sells)
		}
	}
}

func TestCertificateStatus(t *testing.T) {
	n := newTown(t)
	c := chain.CertificateChange{Number: ledgertest.Number, Status: chain.CertificateRevoked, Reason: "r"}
	for _, tt := range []struct {
		at   *office
		want error
	}{{n.dm, pedigree.ErrRole}, {n.da, nil}, {n.da, ledger.ErrStatus}} {
		if _, err := tt.at.at().CertificateStatus(t.Context(), ledgertest.NewID(), c); !errors.Is(err, tt.want) {
			t.Errorf("%s: CertificateStatus = %v, want %v", tt.at.org.Name, err, tt.want)
		}
	}
}

// What the maker says of a pack is held against the ledger.
func TestOpeningOfAnothersPack(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	packs := n.scanned(batch, 0, 1)
	honest := n.pharmacy.opens
	for _, tt := range []struct {
		name string
		lie  func(o *api.Opening)
		want error
	}{
		{"the truth", func(*api.Opening) {}, nil},
		{"another place", func(o *api.Opening) { o.Pack.Index++ }, ledger.ErrLeaf},
		{"another salt", func(o *api.Opening) { o.Pack.Pack.Salt[0] ^= 1 }, ledger.ErrLeaf},
		{"another date", func(o *api.Opening) { o.Pack.Pack.Expiry = "2033-03-31" }, ledger.ErrLeaf},
		{"no path", func(o *api.Opening) { o.Pack.Path = nil }, ledger.ErrLeaf},
		{"no batch", func(o *api.Opening) { o.Batch = canon.Sum(nil) }, supply.ErrUnknown},
		{"another pack", func(o *api.Opening) {
			p, err := n.dm.at().OwnOpening(t.Context(), packs[1])
			if err != nil {
				t.Fatal(err)
			}
			*o = *p
		}, ledger.ErrLeaf},
	} {
		n.pharmacy.opens = func(ctx context.Context, to *office, id gs1.Identifier) (*api.Opening, error) {
			o, err := honest(ctx, to, id)
			if err == nil {
				c := *o
				tt.lie(&c)
				o = &c
			}
			return o, err
		}
		if o, err := n.pharmacy.at().Opening(t.Context(), packs[0]); !errors.Is(err, tt.want) || tt.want == nil && o.Batch != batch {
			t.Errorf("%s: Opening = %+v, %v, want %v", tt.name, o, err, tt.want)
		}
	}
	for _, answer := range []error{errDown, supply.ErrBusy, refusal.New("unauthorised", "a login of yours is over")} {
		n.pharmacy.opens = func(context.Context, *office, gs1.Identifier) (*api.Opening, error) { return nil, answer }
		if _, err := n.pharmacy.at().Opening(t.Context(), packs[0]); refusal.Code(err) != supply.ErrMaker.Code() {
			t.Errorf("a maker who says %v: Opening = %v, want %v", answer, err, supply.ErrMaker)
		}
	}
}

func TestOpeningOfOwnPacks(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	pack := n.scanned(batch, 0)[0]
	for _, tt := range []struct {
		name string
		at   *office
		id   gs1.Identifier
		want error
	}{
		{"ours", n.dm, pack, nil},
		{"ours, without its lot", n.dm, gs1.Identifier{GTIN: pack.GTIN, Serial: pack.Serial}, nil},
		{"a serial number that we did not make", n.dm, gs1.Identifier{GTIN: pack.GTIN, Serial: "X"}, ledger.ErrLeaf},
		{"a lot that we did not make", n.dm, gs1.Identifier{GTIN: pack.GTIN, Serial: pack.Serial, Lot: "L2"}, ledger.ErrLeaf},
		{"a product that nobody makes", n.dm, gs1.Identifier{GTIN: n.Lot.GTIN, Serial: "X"}, supply.ErrUnknown},
		{"a product that nobody makes, elsewhere", n.dd, gs1.Identifier{GTIN: n.Lot.GTIN, Serial: "X"}, supply.ErrUnknown},
		{"no serial number", n.dm, gs1.Identifier{GTIN: pack.GTIN}, supply.ErrRequest},
		{"a container", n.dm, gs1.Identifier{SSCC: "395240000000000012"}, supply.ErrRequest},
	} {
		if _, err := tt.at.at().Opening(t.Context(), tt.id); !errors.Is(err, tt.want) {
			t.Errorf("%s: Opening = %v, want %v", tt.name, err, tt.want)
		}
		if _, err := tt.at.at().Bundle(t.Context(), tt.id); !errors.Is(err, tt.want) {
			t.Errorf("%s: Bundle = %v, want %v", tt.name, err, tt.want)
		}
	}
	// A store that lost its packs does not make counterfeits of those that were sold.
	if err := n.dm.packs.Remove(batch); err != nil {
		t.Fatal(err)
	}
	if _, err := n.dm.at().Opening(t.Context(), pack); err == nil || errors.Is(err, ledger.ErrLeaf) || errors.Is(err, supply.ErrUnknown) {
		t.Errorf("packs lost: Opening = %v, want an error that is no verdict", err)
	}
}

// A bundle verifies with nothing but the validators' keys.
func TestBundleVerifies(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	n.hand(batch, 0, 40)
	trust := theriac.Trust{ChainID: ledgertest.ChainID, MaxAge: 600, Validators: ledgertest.NewValidators(4).Set()}
	for _, at := range []*office{n.dm, n.pharmacy} {
		b, err := at.at().Bundle(t.Context(), n.scanned(batch, 5)[0])
		if err != nil {
			t.Fatal(err)
		}
		if v := b.Verify(trust, n.Now.Add(2*time.Second)); v.Verdict != theriac.Genuine {
			t.Errorf("the bundle of %s says %+v, want genuine", at.org.Name, v)
		}
	}
}

// What is to be shown of one pack does not cost more when others are dispensed.
func TestBundleDoesNotLookAtOtherPacks(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	n.hand(batch, 0, 40)
	look := func() int {
		t.Helper()
		n.pharmacy.looks = 0
		if _, err := n.pharmacy.at().Bundle(t.Context(), n.scanned(batch, 0)[0]); err != nil {
			t.Fatal(err)
		}
		return n.pharmacy.looks
	}
	before := look()
	for i := range 19 {
		if _, err := n.pharmacy.at().Move(t.Context(), ledgertest.NewID(), dispense(n.scanned(batch, uint64(i+1))...)); err != nil {
			t.Fatal(err)
		}
	}
	if after := look(); after != before {
		t.Errorf("the bundle takes %d looks at leaves, and took %d before others were dispensed", after, before)
	}
}
