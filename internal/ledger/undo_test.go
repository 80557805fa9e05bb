package ledger_test

import (
	"strings"
	"testing"
	"time"

	"theriac/chain"
	"theriac/internal/ledger/ledgertest"
)

// undoable applies a transition and returns what takes it back.
func (w *town) undoable(by *ledgertest.Org, u chain.Units) chain.Undo {
	w.T.Helper()
	r := w.Admit(by.Tx(w.Now, chain.KindUnits, u))
	units := u.Ranges
	if len(units) == 0 {
		units = chain.Ranges(u.Indexes)
	}
	return chain.Undo{Operation: r.Operation, At: chain.Millis(w.Now), Units: units}
}

// undoing is a case in which the pharmacy takes a dispense back with a fault.
func undoing(name, code string, change func(w *town, u *chain.Undo) *ledgertest.Org) refused {
	return refused{name, code, func(w *town) []byte {
		u := w.undoable(w.Pharmacy, w.Show(chain.UnitActive, chain.UnitDispensed, 3, 4, 7))
		by := change(w, &u)
		return by.Tx(w.Now, chain.KindUndo, u)
	}}
}

var undoRefusals = []refused{
	undoing("by another pharmacy", "undo_refused", func(w *town, _ *chain.Undo) *ledgertest.Org { return w.Pharmacy2 }),
	undoing("by the administration", "undo_refused", func(w *town, _ *chain.Undo) *ledgertest.Org { return w.DA }),
	undoing("of nothing", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org { u.Operation[0] ^= 1; return w.Pharmacy }),
	undoing("at another time", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org { u.At++; return w.Pharmacy }),
	undoing("before time", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org { u.At = -1 << 63; return w.Pharmacy }),
	undoing("of fewer packs", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org { u.Units = u.Units[:1]; return w.Pharmacy }),
	undoing("of more packs", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org { u.Units[0].To = 6; return w.Pharmacy }),
	undoing("of no packs", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org { u.Units = nil; return w.Pharmacy }),
	undoing("of all packs", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org {
		u.Units = []chain.Range{{To: 1<<64 - 1}}
		return w.Pharmacy
	}),
	undoing("of packs spelled otherwise", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org {
		u.Units = []chain.Range{{From: 3, To: 4}, {From: 4, To: 5}, {From: 7, To: 8}}
		return w.Pharmacy
	}),
	undoing("twice", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org {
		w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUndo, *u))
		return w.Pharmacy
	}),
	undoing("after ten days", "undo_refused", func(w *town, _ *chain.Undo) *ledgertest.Org {
		w.Now = w.Now.Add(10 * 24 * time.Hour)
		return w.Pharmacy
	}),
	undoing("of an alert", "undo_refused", func(w *town, u *chain.Undo) *ledgertest.Org {
		r := w.Block(w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))[0]
		*u = chain.Undo{Operation: r.Operation, At: chain.Millis(w.Now), Units: []chain.Range{{From: 3, To: 4}}}
		return w.Pharmacy
	}),
	{"of what was destroyed", "undo_refused", func(w *town) []byte {
		u := w.undoable(w.Pharmacy, w.Show(chain.UnitActive, chain.UnitDestroyed, 3))
		return w.Pharmacy.Tx(w.Now, chain.KindUndo, u)
	}},
	{"of what was stolen", "undo_refused", func(w *town) []byte {
		u := w.undoable(w.Pharmacy, w.Show(chain.UnitActive, chain.UnitStolen, 3))
		return w.Pharmacy.Tx(w.Now, chain.KindUndo, u)
	}},
	{"of what changed since", "undo_refused", func(w *town) []byte {
		u := w.undoable(w.Pharmacy, w.Show(chain.UnitActive, chain.UnitReturned, 3, 4))
		w.Admit(w.DD.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitReturned, chain.UnitActive, 4)))
		return w.Pharmacy.Tx(w.Now, chain.KindUndo, u)
	}},
	{"of an unlocking, of what was dispensed since", "wrong_state", func(w *town) []byte {
		w.Admit(w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitLocked, 3, 4)))
		u := w.undoable(w.DM, w.Show(chain.UnitLocked, chain.UnitActive, 3, 4))
		w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 4)))
		return w.DM.Tx(w.Now, chain.KindUndo, u)
	}},
	// Attack: an old lock is taken back after it was lifted, and lifts another's.
	{"of a lock that is another's by now", "undo_refused", func(w *town) []byte {
		u := w.undoable(w.DD, w.Show(chain.UnitActive, chain.UnitLocked, 3))
		w.Admit(w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitLocked, chain.UnitActive, 3)))
		w.Admit(w.DA.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitLocked, 3)))
		return w.DD.Tx(w.Now, chain.KindUndo, u)
	}},
	{"of a return that is another's by now", "undo_refused", func(w *town) []byte {
		u := w.undoable(w.Pharmacy, w.Show(chain.UnitActive, chain.UnitReturned, 3, 4))
		w.Admit(w.DD.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitReturned, chain.UnitActive, 3)))
		w.Admit(w.Pharmacy2.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitReturned, 3)))
		return w.Pharmacy.Tx(w.Now, chain.KindUndo, u)
	}},
	{"of a lock, after another's was taken back", "undo_refused", func(w *town) []byte {
		lock := w.undoable(w.DD, w.Show(chain.UnitActive, chain.UnitLocked, 3))
		other := w.undoable(w.DA, w.Show(chain.UnitActive, chain.UnitLocked, 4))
		w.Admit(w.DA.Tx(w.Now, chain.KindUndo, other))
		return w.DD.Tx(w.Now, chain.KindUndo, lock)
	}},
	{"of what was destroyed since", "undo_refused", func(w *town) []byte {
		u := w.undoable(w.DM, w.Show(chain.UnitActive, chain.UnitLocked, 60))
		w.Admit(w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitLocked, chain.UnitDestroyed, 60)))
		return w.DM.Tx(w.Now, chain.KindUndo, u)
	}},
}

// A transition is taken back within ten days, on the last moment too; then the pack
// goes out again without an alert.
func TestUndo(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": 0, "on the tenth day": 10*24*time.Hour - time.Second} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			before := w.State.Records[string(chain.UnitsKey(w.Batch, 0))]
			u := w.undoable(w.Pharmacy, w.Show(chain.UnitActive, chain.UnitDispensed, 3, 4, 7))
			w.Now = w.Now.Add(wait)
			w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUndo, u))
			for _, i := range []uint64{3, 4, 7} {
				if got := w.state(i); got != chain.UnitActive {
					t.Errorf("pack %d is %s", i, got)
				}
			}
			if before == nil {
				t.Error("no page")
			}
			w.Admit(w.Hospital.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))
		})
	}
}

// Everything but destruction and theft can be taken back.
func TestUndoOfEachTransition(t *testing.T) {
	w := newTown(t)
	who := map[chain.Role]*ledgertest.Org{
		chain.Administration: w.DA, chain.Manufacturer: w.DM, chain.Distributor: w.DD, chain.Pharmacy: w.Pharmacy, chain.Hospital: w.Hospital,
	}
	i := uint64(0)
	for to := range chain.UnitReturned + 1 {
		for role, by := range who {
			if !lawful(chain.UnitActive, to, role, true) || to == chain.UnitDestroyed || to == chain.UnitStolen {
				continue
			}
			u := w.undoable(by, w.Show(chain.UnitActive, to, i))
			w.Admit(by.Tx(w.Now, chain.KindUndo, u))
			if got := w.state(i); got != chain.UnitActive {
				t.Errorf("%s by %s, undone: %s", to, role, got)
			}
			i++
		}
	}
	if i < 10 {
		t.Errorf("%d transitions", i)
	}
}

// Attack: the same in one block, where nothing is written yet. The lock stays.
func TestOldUndoInOneBlock(t *testing.T) {
	w := newTown(t)
	lock := w.Show(chain.UnitActive, chain.UnitLocked, 3)
	first := w.DD.Plain(w.Now, chain.KindUnits, lock)
	undo := chain.Undo{
		Operation: chain.Operation(first.Sender, first.ID), At: chain.Millis(w.Now.Add(time.Second)), Units: []chain.Range{{From: 3, To: 4}},
	}
	unlock := w.Show(chain.UnitLocked, chain.UnitActive, 3)
	results := w.Block(
		w.DD.Sign(first), w.DM.Tx(w.Now, chain.KindUnits, unlock), w.DA.Tx(w.Now, chain.KindUnits, lock), w.DD.Tx(w.Now, chain.KindUndo, undo))
	for i, want := range []string{"applied", "applied", "applied", "undo_refused"} {
		if got := outcome(results[i]); got != want {
			t.Errorf("transaction %d: %s, want %s", i, got, want)
		}
	}
	if got := w.state(3); got != chain.UnitLocked {
		t.Errorf("the pack is %s", got)
	}
}

// What left its lock on a page keeps older locks of that page from being taken back,
// and no others: not those of other pages, no later ones, and no other transitions.
func TestUndoByPage(t *testing.T) {
	w := newTown(t)
	w.Make("WIDE", 2*chain.PageUnits)
	const last, next = chain.PageUnits - 1, chain.PageUnits
	over := w.undoable(w.DM, w.Show(chain.UnitActive, chain.UnitLocked, last-1, next+1))
	older := w.undoable(w.DD, w.Show(chain.UnitActive, chain.UnitLocked, last))
	older2 := w.undoable(w.DD, w.Show(chain.UnitActive, chain.UnitLocked, last-2))
	sold := w.undoable(w.Pharmacy, w.Show(chain.UnitActive, chain.UnitDispensed, 7))
	lockAndFree := func(i uint64) chain.Undo {
		w.Admit(w.DA.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitLocked, i)))
		return w.undoable(w.DA, w.Show(chain.UnitLocked, chain.UnitActive, i))
	}
	freed := lockAndFree(next)
	w.Admit(w.DD.Tx(w.Now, chain.KindUndo, older))
	w.Refuse("undo_refused", w.DM.Tx(w.Now, chain.KindUndo, over)) // one of its two pages
	lockAndFree(0)
	w.Refuse("undo_refused", w.DD.Tx(w.Now, chain.KindUndo, older2))
	w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUndo, sold))
	w.Admit(w.DA.Tx(w.Now, chain.KindUndo, freed))
	later := w.undoable(w.DD, w.Show(chain.UnitActive, chain.UnitLocked, last))
	w.Admit(w.DD.Tx(w.Now, chain.KindUndo, later))
}

// The undo index forgets what has passed its time, in blocks that do something,
// faster than a block can add to it.
func TestUndoExpires(t *testing.T) {
	w := newTown(t)
	count := func() (n int) {
		for k := range w.State.Records {
			if strings.HasPrefix(k, string(chain.UndoPrefix())) {
				n++
			}
		}
		return n
	}
	for round := range 12 {
		var txs [][]byte
		for i := range 100 {
			from, to := chain.UnitActive, chain.UnitLocked
			if round%2 == 1 {
				from, to = to, from
			}
			txs = append(txs, w.DM.Tx(w.Now, chain.KindUnits, w.Show(from, to, uint64(i))))
		}
		w.Block(txs...)
	}
	if count() != 1200 {
		t.Fatalf("%d undo records, want 1200", count())
	}
	w.Now = w.Now.Add(11 * 24 * time.Hour)
	w.Block()
	if count() != 1200 {
		t.Error("an empty block changes the state")
	}
	for _, want := range []int{1200 - 1002, 0} {
		w.Admit(w.note())
		if got := count(); got != want {
			t.Errorf("%d undo records, want %d", got, want)
		}
	}
}
