package ledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/merkle"
)

// transitions are all that may become of a pack, and who may say so. Nothing else
// may: what is not in this table is refused. The manufacturer is the one that
// released the batch.
const transitions = `
an inactive pack  is made active      by its manufacturer
an inactive pack  is made destroyed   by its manufacturer
an active pack    is made dispensed   by a pharmacy, a hospital
an active pack    is made destroyed   by its manufacturer, a distributor, a pharmacy, a hospital
an active pack    is made stolen      by its manufacturer, a distributor, a pharmacy, a hospital
an active pack    is made exported    by its manufacturer, a distributor
an active pack    is made sampled     by its manufacturer, an administration
an active pack    is made locked      by its manufacturer, a distributor, an administration
an active pack    is made returned    by a distributor, a pharmacy, a hospital
a locked pack     is made active      by its manufacturer, an administration
a locked pack     is made destroyed   by its manufacturer, a distributor
a returned pack   is made active      by its manufacturer, a distributor
a returned pack   is made destroyed   by its manufacturer, a distributor
`

// law is the table by "from to": who may.
var law = func() map[string][]string {
	out := map[string][]string{}
	for _, l := range strings.Split(strings.TrimSpace(transitions), "\n") {
		f := strings.Fields(l)
		out[f[1]+" "+f[5]] = strings.Split(strings.SplitN(l, " by ", 2)[1], ", ")
	}
	return out
}()

// lawful reports what the table says.
func lawful(from, to chain.UnitState, role chain.Role, maker bool) bool {
	by := "a " + string(role)
	switch {
	case role == chain.Administration:
		by = "an administration"
	case role == chain.Manufacturer && maker:
		by = "its manufacturer"
	}
	return slices.Contains(law[from.String()+" "+to.String()], by)
}

// Every transition from every state to every state by every role.
func TestTransitions(t *testing.T) {
	base := newTown(t)
	orgs := []*ledgertest.Org{
		base.BCC, base.DA, base.MS, base.DM, base.DM2, base.DD, base.Pharmacy, base.Hospital, base.Courier,
	}
	allowed := 0
	for from := range chain.UnitState(16) {
		w := base.fork(t)
		w.Pack("STATES", 4)
		if from == chain.UnitInactive {
			w.Release.Initial = from
		}
		w.Admit(w.DM.Tx(w.Now, chain.KindBatch, w.Release))
		if from.Known() && from != chain.UnitInactive && from != chain.UnitActive {
			by := map[chain.UnitState]*ledgertest.Org{chain.UnitDispensed: w.Pharmacy, chain.UnitReturned: w.Pharmacy}[from]
			if by == nil {
				by = w.DM
			}
			w.Admit(by.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, from, 2)))
		}
		for to := range chain.UnitState(16) {
			for _, by := range orgs {
				want := lawful(from, to, by.Roles[0], by == base.DM)
				r := w.Try(by.Tx(w.Now, chain.KindUnits, w.Show(from, to, 2)))
				if got := r.Outcome == chain.Applied; got != want || !want && r.Code != "illegal_transition" {
					t.Errorf("%s to %s by %s: %s, lawful %t", from, to, by.Name, outcome(r), want)
				}
				if want {
					allowed++
				}
			}
		}
	}
	if allowed != 30 {
		t.Errorf("%d lawful transitions, want 30", allowed)
	}
}

// A transition is a compare and swap: a pack in another state than was said is not
// moved, whatever may be done from the state that it is in.
func TestWrongStateIsRefused(t *testing.T) {
	w := newTown(t)
	w.Admit(w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitLocked, 60)))
	for from := range chain.UnitReturned + 1 {
		for to := range chain.UnitReturned + 1 {
			r := w.Try(w.DM.Tx(w.Now, chain.KindUnits, w.Show(from, to, 60)))
			if from != chain.UnitLocked && r.Outcome == chain.Applied {
				t.Errorf("a locked pack moved from %s to %s", from, to)
			}
		}
	}
}

// showing is a case in which the proof that the pharmacy shows has a fault.
func showing(name, code string, change func(w *town, u *chain.Units)) refused {
	return refused{name, code, func(w *town) []byte {
		u := w.Show(chain.UnitActive, chain.UnitDispensed, 3, 7)
		change(w, &u)
		return w.Pharmacy.Tx(w.Now, chain.KindUnits, u)
	}}
}

// naming is a case in which the ranges that the pharmacy names have a fault.
func naming(name, code string, ranges ...chain.Range) refused {
	return refused{name, code, func(w *town) []byte {
		return w.Pharmacy.Tx(w.Now, chain.KindUnits, chain.Units{Batch: w.Batch, From: chain.UnitActive, To: chain.UnitDispensed, Ranges: ranges})
	}}
}

var unitRefusals = []refused{
	showing("unknown batch", "unknown_batch", func(_ *town, u *chain.Units) { u.Batch[0] ^= 1 }),
	showing("stays active", "illegal_transition", func(_ *town, u *chain.Units) { u.To = chain.UnitActive }),
	showing("no such state", "illegal_transition", func(_ *town, u *chain.Units) { u.To = 255 }),
	showing("exported by a pharmacy", "illegal_transition", func(_ *town, u *chain.Units) { u.To = chain.UnitExported }),
	showing("recalled", "stopped", func(w *town, _ *chain.Units) { w.Admit(w.stop(w.DA, chain.Recalled)) }),
	showing("product withdrawn", "stopped", func(w *town, _ *chain.Units) { w.Admit(w.stopProduct(w.DA, chain.Withdrawn)) }),
	showing("expired", "expired", func(w *town, _ *chain.Units) { w.Now = time.Date(2029, 4, 1, 0, 0, 0, 0, time.UTC) }),
	showing("not active", "wrong_state", func(w *town, u *chain.Units) {
		w.Admit(w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitLocked, 7)))
	}),
	// Only a second dispense is an alert.
	{"stolen after it was dispensed", "wrong_state", func(w *town) []byte {
		w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))
		return w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitStolen, 3))
	}},
	showing("shown and as ranges", "bad_units", func(_ *town, u *chain.Units) { u.Ranges = []chain.Range{{From: 3, To: 4}} }),
	showing("a leaf too few", "bad_units", func(_ *town, u *chain.Units) { u.Packs = u.Packs[:1] }),
	showing("no pack", "unknown_serial", func(_ *town, u *chain.Units) { u.Indexes, u.Packs = nil, nil }),
	// Attack 000-10: a guessed serial number has no place in the tree.
	showing("guessed leaf", "unknown_serial", func(_ *town, u *chain.Units) { u.Packs[0][0] ^= 1 }),
	showing("leaf at another place", "unknown_serial", func(_ *town, u *chain.Units) { u.Indexes[0]-- }),
	showing("leaves swapped", "unknown_serial", func(_ *town, u *chain.Units) { u.Packs[0], u.Packs[1] = u.Packs[1], u.Packs[0] }),
	showing("out of order", "unknown_serial", func(_ *town, u *chain.Units) {
		slices.Reverse(u.Indexes)
		slices.Reverse(u.Packs)
	}),
	showing("a pack twice", "unknown_serial", func(_ *town, u *chain.Units) { u.Indexes[1], u.Packs[1] = u.Indexes[0], u.Packs[0] }),
	showing("beyond the batch", "unknown_serial", func(_ *town, u *chain.Units) { u.Indexes[1] = 1 << 63 }),
	showing("proof too short", "unknown_serial", func(_ *town, u *chain.Units) { u.Proof = u.Proof[1:] }),
	showing("proof too long", "unknown_serial", func(_ *town, u *chain.Units) { u.Proof = append(u.Proof, merkle.Hash{}) }),
	showing("inner node as a leaf", "unknown_serial", func(w *town, u *chain.Units) {
		u.Indexes, u.Packs = []uint64{0}, chain.Hashes{merkle.Root(w.Leaves[:64])}
		u.Proof = chain.Hashes{merkle.Root(w.Leaves[64:])}
	}),
	{"pack of another batch", "unknown_serial", func(w *town) []byte {
		old := w.Batch
		w.Make("L43", 100)
		u := w.Show(chain.UnitActive, chain.UnitDispensed, 3)
		u.Batch = old
		return w.Pharmacy.Tx(w.Now, chain.KindUnits, u)
	}},
	naming("not in custody", "not_in_custody", chain.Range{From: 0, To: 26}),
	naming("second range not in custody", "not_in_custody", chain.Range{From: 0, To: 10}, chain.Range{From: 99, To: 100}),
	naming("backwards", "bad_field", chain.Range{From: 5, To: 3}),
	naming("whole numbers' end", "bad_field", chain.Range{From: 0, To: 1<<64 - 1}),
	naming("starting at the end", "bad_field", chain.Range{From: 1<<64 - 1, To: 1<<64 - 1}),
	naming("twice", "bad_field", chain.Range{From: 3, To: 5}, chain.Range{From: 3, To: 5}),
	{"a million packs and one", "bad_units", func(w *town) []byte {
		w.Pack("LARGE", 1)
		w.Release.Size = ledger.MaxBatch
		w.Admit(w.DM.Tx(w.Now, chain.KindBatch, w.Release))
		return w.DM.Tx(w.Now, chain.KindUnits, chain.Units{
			Batch: w.Batch, From: chain.UnitActive, To: chain.UnitLocked, Ranges: []chain.Range{{To: ledger.MaxPacks + 1}},
		})
	}},
	// A lock is lifted by who may, not by any manufacturer who has seen the pack.
	{"unlocked by another manufacturer", "illegal_transition", func(w *town) []byte {
		w.Admit(w.DA.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitLocked, 60)))
		return w.DM2.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitLocked, chain.UnitActive, 60))
	}},
}

// state returns the state of a pack of the town's batch.
func (w *town) state(i uint64) chain.UnitState {
	w.T.Helper()
	var page chain.Page
	if raw := w.State.Records[string(chain.UnitsKey(w.Batch, uint32(i/chain.PageUnits)))]; raw != nil {
		if err := canon.DecodeCBOR(raw, &page); err != nil {
			w.T.Fatal(err)
		}
	}
	return page.At(i%chain.PageUnits, w.Release.Initial)
}

// Attack 000-09: a genuine code is copied on a thousand packs, which are dispensed
// in two places in one block and in several: one goes out, the others raise alerts.
func TestThousandCopies(t *testing.T) {
	w := newTown(t)
	dispensed, alerts := 0, map[canon.Digest]bool{}
	for range 10 {
		var txs [][]byte
		for i := range 100 {
			by := []*ledgertest.Org{w.Pharmacy, w.Pharmacy2, w.Hospital}[i%3]
			txs = append(txs, by.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))
		}
		for _, r := range w.Block(txs...) {
			switch outcome(r) {
			case "applied":
				dispensed++
			case "alert already_dispensed":
				alerts[r.Alert] = true
			default:
				t.Errorf("%+v", r)
			}
		}
	}
	if dispensed != 1 || len(alerts) != 999 {
		t.Errorf("%d dispensed, %d alerts, want 1 and 999", dispensed, len(alerts))
	}
}

// A second dispense is a leaf of the log and an alert with a name, and moves
// nothing: of several packs, of which one was dispensed, none goes out.
func TestSecondDispense(t *testing.T) {
	w := newTown(t)
	w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))
	page := string(w.State.Records[string(chain.UnitsKey(w.Batch, 0))])
	records := len(w.State.Records)
	tx := w.Hospital.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 2, 3, 4))
	r := w.Block(tx)[0]
	if outcome(r) != "alert already_dispensed" || r.Index != uint64(len(w.State.Leaves))-1 {
		t.Fatalf("result %+v", r)
	}
	leaf := w.State.Leaves[r.Index]
	if leaf.Outcome != chain.Alerted || leaf.Operation != r.Operation || leaf.Tx != canon.Sum(tx) || r.Alert != chain.AlertID(r.Operation) {
		t.Errorf("leaf %+v, alert %s", leaf, r.Alert)
	}
	var a chain.Alert
	w.Read(chain.AlertKey(r.Alert), &a)
	if a.Code != r.Code || a.By != w.Hospital.GLN || a.At != chain.Millis(w.Now) || !slices.Equal(a.Units, []chain.Range{{From: 3, To: 4}}) {
		t.Errorf("alert %+v", a)
	}
	if !slices.Contains(r.Tags, "alert/"+r.Alert.String()) || !slices.Contains(r.Tags, chain.AlertTags(w.Batch, 3, w.Release.Size)[0]) {
		t.Errorf("tags %v", r.Tags)
	}
	if got := string(w.State.Records[string(chain.UnitsKey(w.Batch, 0))]); got != page || len(w.State.Records) != records+1 {
		t.Error("the alert moved packs")
	}
	w.Refuse("duplicate", tx) // it is told once
}

// An alert names at most sixteen ranges, however many packs came twice.
func TestAlertIsBounded(t *testing.T) {
	w := newTown(t)
	var indexes []uint64
	for i := range uint64(40) {
		indexes = append(indexes, 2*i)
	}
	u := w.Show(chain.UnitActive, chain.UnitDispensed, indexes...)
	w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUnits, u))
	r := w.Block(w.Pharmacy.Tx(w.Now, chain.KindUnits, u))[0]
	var a chain.Alert
	w.Read(chain.AlertKey(r.Alert), &a)
	if len(a.Units) != 16 || a.Units[15] != (chain.Range{From: 30, To: 31}) {
		t.Errorf("alert %+v", a)
	}
}

// Bulk is all or nothing: one pack in the wrong state keeps all where they are,
// on its own page and on the pages before.
func TestBulkAllOrNothing(t *testing.T) {
	w := newTown(t)
	w.Make("WIDE", 2*chain.PageUnits+5)
	last := w.Release.Size - 1
	w.Admit(w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitLocked, last)))
	all := chain.Units{Batch: w.Batch, From: chain.UnitActive, To: chain.UnitDestroyed, Ranges: []chain.Range{{To: last + 1}}}
	w.Refuse("wrong_state", w.DM.Tx(w.Now, chain.KindUnits, all))
	all.Ranges[0].To = last
	w.Admit(w.DM.Tx(w.Now, chain.KindUnits, all))
	for i := range w.Release.Size {
		want := chain.UnitDestroyed
		if i == last {
			want = chain.UnitLocked
		}
		if got := w.state(i); got != want {
			t.Fatalf("pack %d is %s, want %s", i, got, want)
		}
	}
}
