package supply_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
)

// What goes wrong at one attempt to register.
const (
	allWell    = iota
	keepFails  // the store, before anything is written
	downBefore // the ledger, before the transaction is applied
	downAfter  // the ledger, after it
	diesBefore // the process, as the transaction is handed in
	diesAfter  // the process, as it is applied
	mishaps    // how many there are
)

// mishap makes one thing go wrong at the manufacturer's, and sets it right again.
func (l *lab) mishap(kind int) (right func()) {
	o := l.dm
	switch kind {
	case keepFails:
		o.keep = func() error { return errDown }
	case downBefore, diesBefore:
		o.submit = func(context.Context, []byte) (ledger.Result, error) { return ledger.Result{}, errDown }
	case downAfter, diesAfter:
		o.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
			_, err := l.commit(ctx, tx)
			return ledger.Result{}, errors.Join(err, errDown)
		}
	}
	return func() {
		o.keep, o.submit = nil, l.commit
		if kind >= diesBefore {
			o.crash()
		}
	}
}

// checkRegistered holds that whatever the ledger has of the manufacturer's registrations,
// its marks are kept, and what was sealed to the consignee.
func (l *lab) checkRegistered(want map[canon.Digest]*api.Registering) {
	l.t.Helper()
	found, err := l.dm.at().ListRegistrations(context.Background(), supply.Outgoing, supply.Page{Limit: 99})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, r := range found.Items {
		asked := want[r.ID]
		if asked == nil {
			l.t.Errorf("registration %s was never asked for", r.ID)
			continue
		}
		for i, leaf := range asked.Marks {
			l.checkMark(l.dm, r.ID, uint64(i), leaf, false)
		}
		if kept, err := l.dm.store.Registration(context.Background(), r.ID); err != nil || string(kept.Consignment) != string(asked.Consignment) {
			l.t.Errorf("the consignment of %s is lost: %v", r.ID, err)
		}
	}
}

// Whatever fails and whenever the manufacturer crashes: what the ledger has, has its
// marks, at every moment; and what is asked for again until it is acknowledged is on
// the ledger once.
func TestRegisteringSurvives(t *testing.T) {
	s := newSite(t)
	rapid.Check(t, func(r *rapid.T) {
		plan := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, mishaps-1), 0, 4), 1, 4).Draw(r, "mishaps")
		synctest.Test(t, func(t *testing.T) {
			l := s.lab(t)
			asked := map[canon.Digest]*api.Registering{}
			for i, kinds := range plan {
				id, what := ledgertest.NewID(), l.registering(l.toDistributor(uint64(3*i), uint64(3*i+3)))
				name := chain.RegistrationID(chain.Operation(l.DM.GLN, id))
				asked[name] = what
				for _, kind := range append(kinds, allWell) {
					right := l.mishap(kind)
					got, err := l.dm.at().Register(t.Context(), id, what)
					if kind == allWell && err != nil || err == nil && got.ID != name {
						t.Fatalf("Register after %v = %+v, %v", kinds, got, err)
					}
					right()
					pass(time.Second)
					l.checkRegistered(asked)
				}
			}
			if got := l.leaves("registered-by/" + l.DM.GLN); got != len(plan) {
				t.Errorf("%d leaves for %d registrations", got, len(plan))
			}
		})
		if t.Failed() {
			r.Fatalf("plan %v", plan)
		}
	})
}

// What the ledger refuses leaves nothing; but of what was tried before, nobody knows
// whether the ledger takes it yet, and nothing is thrown away.
func TestRefusedRegistrationIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		g := l.toDistributor(0, 3)
		g.change = func(t *chain.Terms) { packsOf(0, 3)(t); t.Counter = 7 }
		what := l.registering(g)
		for name, tt := range map[string]struct {
			first int
			kept  bool
		}{"at once": {allWell, false}, "after an answer that was lost": {downBefore, true}} {
			id := ledgertest.NewID()
			if tt.first != allWell {
				right := l.mishap(tt.first)
				if _, err := l.dm.at().Register(t.Context(), id, what); !errors.Is(err, supply.ErrBusy) {
					t.Fatal(err)
				}
				right()
			}
			if _, err := l.dm.at().Register(t.Context(), id, what); !errors.Is(err, ledger.ErrCounter) {
				t.Errorf("%s: %v", name, err)
			}
			_, err := l.dm.store.Registration(t.Context(), chain.RegistrationID(chain.Operation(l.DM.GLN, id)))
			if kept := err == nil; kept != tt.kept {
				t.Errorf("%s: kept %v, %v", name, kept, err)
			}
		}
	})
}
