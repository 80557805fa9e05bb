package supply_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/merkle"
)

// toDistributor are packs that the manufacturer registers for the distributor.
func (l *lab) toDistributor(from, to uint64) goods {
	return goods{line: l.drug, from: l.dm, to: l.dd, device: l.makers, change: packsOf(from, to)}
}

// checkMark holds that an office shows a mark whose path leads to the root on the ledger.
func (l *lab) checkMark(o *office, id canon.Digest, index uint64, leaf merkle.Hash, verified bool) {
	l.t.Helper()
	m, err := o.at().Mark(context.Background(), id, index)
	if err != nil {
		l.t.Errorf("Mark(%d) at %s: %v", index, o.org.Name, err)
		return
	}
	var r chain.Registration
	l.Read(chain.RegistrationKey(id), &r)
	if err := merkle.VerifyInclusion(leaf, index, r.Terms.Size(), m.Path, r.Terms.Root); err != nil || m.Leaf != leaf {
		l.t.Errorf("Mark(%d) at %s leads elsewhere: %v", index, o.org.Name, err)
	}
	if (m.Verified != 0) != verified || verified == m.Device.IsZero() {
		l.t.Errorf("Mark(%d) at %s: verified at %d by %s, want %v", index, o.org.Name, m.Verified, m.Device, verified)
	}
}

// Paper 001, 3.2: marks are registered, and anybody gets each with its path, from the
// registrar or through anybody's server.
func TestRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		id, asked := ledgertest.NewID(), l.registering(l.toDistributor(0, 7))
		r, err := l.dm.at().Register(t.Context(), id, asked)
		if err != nil || r.Size != 7 || r.From != l.DM.GLN || r.Terms.To != l.DD.GLN || r.Verified != 0 {
			t.Fatalf("Register = %+v, %v", r, err)
		}
		for i, leaf := range asked.Marks {
			l.checkMark(l.dm, r.ID, uint64(i), leaf, false)
			l.checkMark(l.da, r.ID, uint64(i), leaf, false)
		}
		// The same again is found, another under its name is not taken.
		leaves := len(l.State.Leaves)
		if again, err := l.dm.at().Register(t.Context(), id, asked); err != nil || again.ID != r.ID || len(l.State.Leaves) != leaves {
			t.Errorf("again: %+v, %v", again, err)
		}
		if _, err := l.dm.at().Register(t.Context(), id, l.registering(l.toDistributor(7, 9))); !errors.Is(err, supply.ErrExists) {
			t.Errorf("another under its name: %v", err)
		}
		if _, err := l.dm.at().Mark(t.Context(), r.ID, 7); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("a mark too many: %v", err)
		}
		if _, err := l.dd.at().Mark(t.Context(), canon.Sum(nil), 0); !errors.Is(err, ledger.ErrUnknownRegistration) {
			t.Errorf("a mark of nobody's: %v", err)
		}
	})
}

// A registrar who shows another mark, a code of its choice, or nothing.
func TestMarkOfALiar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		asked := l.registering(l.toDistributor(0, 7))
		r, err := l.dm.at().Register(t.Context(), ledgertest.NewID(), asked)
		if err != nil {
			t.Fatal(err)
		}
		honest := l.dd.marks
		for name, lie := range map[string]func(m *api.Mark) (*api.Mark, error){
			"another leaf": func(m *api.Mark) (*api.Mark, error) { m.Leaf[0] ^= 1; return m, nil },
			"another path": func(m *api.Mark) (*api.Mark, error) { m.Path[0][0] ^= 1; return m, nil },
			"no path":      func(*api.Mark) (*api.Mark, error) { return &api.Mark{}, nil },
			"a code":       func(*api.Mark) (*api.Mark, error) { return nil, ledger.ErrVerified },
			"nothing":      func(*api.Mark) (*api.Mark, error) { return nil, errDown },
		} {
			l.dd.marks = func(ctx context.Context, to *office, id canon.Digest, index uint64) (*api.Mark, error) {
				m, err := honest(ctx, to, id, index)
				if err != nil {
					return nil, err
				}
				return lie(m)
			}
			if m, err := l.dd.at().Mark(t.Context(), r.ID, 3); !errors.Is(err, supply.ErrRegistrar) {
				t.Errorf("%s: %+v, %v", name, m, err)
			}
		}
		// Strangers use up what we may ask of others, and not what our own work needs.
		l.dd.marks = honest
		for i := 0; ; i++ {
			if _, err := l.da.at().Mark(t.Context(), r.ID, 3); errors.Is(err, supply.ErrMany) && i >= 20 {
				break
			} else if err != nil || i > 200 {
				t.Fatalf("after %d look-ups: %v", i, err)
			}
		}
		if _, err := l.dm.at().Mark(t.Context(), r.ID, 3); err != nil {
			t.Errorf("the registrar's own: %v", err)
		}
		// What it says of the verification is not asked for.
		l.dd.marks = func(ctx context.Context, to *office, id canon.Digest, index uint64) (*api.Mark, error) {
			m, err := honest(ctx, to, id, index)
			m.Verified, m.Device = 7, id
			return m, err
		}
		l.checkMark(l.dd, r.ID, 3, asked.Marks[3], false)
	})
}

// What is refused changes nothing, at the desk or at the ledger.
func TestRegisterRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		g := l.toDistributor(0, 3)
		signed := func(change func(*api.Registering)) func(*api.Registering) {
			return func(r *api.Registering) {
				change(r)
				l.sign(g, r)
			}
		}
		for _, tt := range []struct {
			name   string
			at     *office
			change func(r *api.Registering)
			want   error
		}{
			{"a mark less", l.dm, func(r *api.Registering) { r.Marks = r.Marks[1:] }, ledger.ErrRegistration},
			{"no mark", l.dm, signed(func(r *api.Registering) { r.Marks, r.Terms.Ranges = nil, nil }), envelope.ErrField},
			{"another mark", l.dm, func(r *api.Registering) { r.Marks[1][0] ^= 1 }, ledger.ErrRegistration},
			{"marks in another order", l.dm, func(r *api.Registering) { r.Marks[0], r.Marks[1] = r.Marks[1], r.Marks[0] }, ledger.ErrRegistration},
			{"ranges that count wrong", l.dm, signed(func(r *api.Registering) {
				r.Terms.Ranges = []chain.Range{{From: 5, To: 0}, {From: 0, To: 8}}
			}), envelope.ErrField},
			{"more than the ledger takes", l.dm, signed(func(r *api.Registering) {
				r.Terms.Ranges = []chain.Range{{From: 0, To: ledger.MaxPacks + 1}}
				r.Marks = make(chain.Hashes, ledger.MaxPacks+1)
			}), ledger.ErrRegistration},
			{"no consignment", l.dm, func(r *api.Registering) { r.Consignment = nil }, supply.ErrRequest},
			{"a consignment too large", l.dm, func(r *api.Registering) { r.Consignment = make([]byte, 17<<10) }, supply.ErrRequest},
			{"a line of nobody's", l.dm, func(r *api.Registering) { r.Terms.Line[0] ^= 1 }, ledger.ErrUnknownLine},
			{"an epoch to come", l.dm, func(r *api.Registering) { r.Terms.Epoch = 2 }, ledger.ErrRegistration},
			{"another device's signature", l.dm, func(r *api.Registering) { r.Device = kidOf(l.carriers.Point) }, genuine.ErrDevice},
			{"a device of no line", l.dm, func(r *api.Registering) { r.Device = canon.Sum(nil) }, genuine.ErrDevice},
			{"another's registration", l.dd, func(*api.Registering) {}, genuine.ErrDevice},
			{"a wrong counter", l.dm, signed(func(r *api.Registering) { r.Terms.Counter = 2 }), ledger.ErrCounter},
			{"packs of no batch", l.dm, signed(func(r *api.Registering) { r.Terms.Batch[0] ^= 1 }), ledger.ErrUnknownBatch},
			{"to itself", l.dm, signed(func(r *api.Registering) { r.Terms.To = l.DM.GLN }), ledger.ErrRegistration},
		} {
			r := l.registering(g)
			tt.change(r)
			id, booked, leaves := ledgertest.NewID(), len(tt.at.booked()), len(l.State.Leaves)
			got, err := tt.at.at().Register(t.Context(), id, r)
			if got != nil || !errors.Is(err, tt.want) {
				t.Errorf("%s: Register = %+v, %v, want %v", tt.name, got, err, tt.want)
			}
			if len(tt.at.booked()) != booked+1 || len(l.State.Leaves) != leaves {
				t.Errorf("%s: %d entries, %d leaves", tt.name, len(tt.at.booked())-booked, len(l.State.Leaves)-leaves)
			}
			name := chain.RegistrationID(chain.Operation(tt.at.org.GLN, id))
			if _, err := tt.at.store.Registration(t.Context(), name); !errors.Is(err, supply.ErrUnknown) {
				t.Errorf("%s: something is kept: %v", tt.name, err)
			}
		}
	})
}

// Marks of many parts have paths as marks of one have.
func TestMarksOfManyParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		for _, size := range []uint64{1, supply.PartMarks - 1, supply.PartMarks, supply.PartMarks + 1, 3*supply.PartMarks + 5} {
			lot := l.lot(gs1.Lot(fmt.Sprint("M", size)))
			lot.Size = size
			batch := l.release(lot)
			g := l.toDistributor(0, size)
			g.change = func(t *chain.Terms) { t.Batch, t.Ranges = batch, []chain.Range{{From: 0, To: size}} }
			asked := l.registering(g)
			r, err := l.dm.at().Register(t.Context(), ledgertest.NewID(), asked)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range []uint64{0, size / 2, size - 1, min(size-1, supply.PartMarks)} {
				l.checkMark(l.dd, r.ID, i, asked.Marks[i], false)
			}
		}
	})
}
