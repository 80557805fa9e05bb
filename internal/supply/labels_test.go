package supply_test

import (
	"errors"
	"slices"
	"testing"

	"theriac/canon"
	"theriac/gs1"
	"theriac/internal/supply"
)

// Labels say of each pack what Printed says, under the name that was approved, and
// lead to the organisation's address.
func TestLabels(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	printed, err := n.dm.at().Printed(t.Context(), batch, 5, 35)
	if err != nil {
		t.Fatal(err)
	}
	l, err := n.dm.at().Labels(t.Context(), batch, 5, 35)
	if err != nil {
		t.Fatal(err)
	}
	if l.Product != "Theriacin 500 mg" || l.Server != "http://"+n.dm.org.GLN {
		t.Errorf("the labels are of %q and lead to %q", l.Product, l.Server)
	}
	i := 0
	for id, err := range l.Packs {
		if err != nil {
			t.Fatal(err)
		}
		if code, err := id.Bracketed(); err != nil || code != printed[i].Code || id.Lot != gs1.Lot("L1") {
			t.Errorf("label %d is of %s, %v, want %s", i, code, err, printed[i].Code)
		}
		i++
	}
	if i != 35 {
		t.Errorf("%d labels, want 35", i)
	}
	if booked := n.dm.booked(); !slices.Contains(booked, "print labels: ") {
		t.Errorf("the book has %q", booked)
	}
}

func TestLabelsRefused(t *testing.T) {
	n := newTown(t)
	batch := n.release(n.lot("L1"))
	captured := canon.Sum([]byte("captured"))
	if err := n.dm.store.PutBatch(t.Context(), &supply.Batch{ID: captured, GTIN: n.Product, Lot: "C", Size: 9, Document: canon.Sum(nil)}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		batch       canon.Digest
		from, count uint64
		want        error
	}{
		{"none", batch, 0, 0, supply.ErrLabels},
		{"more than at a time", batch, 0, supply.MaxLabels + 1, supply.ErrLabels},
		{"more than there are", batch, 0, 41, supply.ErrLabels},
		{"more than are left", batch, 30, 11, supply.ErrLabels},
		{"past the end", batch, 40, 1, supply.ErrLabels},
		{"a sum that overflows", batch, 1<<64 - 1, 2, supply.ErrLabels},
		{"another's batch", canon.Sum(nil), 0, 1, supply.ErrUnknown},
		{"a batch that was captured", captured, 0, 1, supply.ErrNotMade},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if l, err := n.dm.at().Labels(t.Context(), tt.batch, tt.from, tt.count); !errors.Is(err, tt.want) || l != nil {
				t.Errorf("Labels = %v, %v, want %v", l, err, tt.want)
			}
		})
	}
	for _, want := range []string{"print labels: label_count", "print labels: not_the_maker"} {
		if !slices.Contains(n.dm.booked(), want) {
			t.Errorf("the book lacks %q", want)
		}
	}
}
