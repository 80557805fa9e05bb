package supply_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/internal/ledger"
	"theriac/internal/supply"
)

// A digest is anchored once by each who vouches for it, and everybody is told who.
func TestAnchor(t *testing.T) {
	n := newTown(t)
	digest := canon.Sum([]byte("page"))
	if found, err := n.dd.at().Anchors(digest); !errors.Is(err, supply.ErrUnknown) {
		t.Errorf("Anchors of what nobody anchored = %v, %v", found, err)
	}
	first, err := n.dd.at().Anchor(t.Context(), digest, "text/html; charset=utf-8")
	if err != nil {
		t.Fatal(err)
	}
	again, err := n.dd.at().Anchor(t.Context(), digest, "text/html; charset=utf-8")
	if err != nil || again.Index != first.Index {
		t.Errorf("Anchor again = %+v, %v, want leaf %d", again, err, first.Index)
	}
	if _, err := n.dd.at().Anchor(t.Context(), digest, "text/plain"); !errors.Is(err, ledger.ErrAnchored) {
		t.Errorf("Anchor as another media type = %v, want %v", err, ledger.ErrAnchored)
	}
	second, err := n.dm.at().Anchor(t.Context(), digest, "text/html")
	if err != nil {
		t.Fatal(err)
	}
	found, err := n.pharmacy.at().Anchors(digest)
	want := []api.Anchored{
		{GLN: n.dd.org.GLN, Index: first.Index, Media: "text/html; charset=utf-8", Time: first.Time},
		{GLN: n.dm.org.GLN, Index: second.Index, Media: "text/html", Time: second.Time},
	}
	slices.SortFunc(want, func(a, b api.Anchored) int { return strings.Compare(a.GLN, b.GLN) })
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("Anchors = %+v, %v, want %+v", found, err, want)
	}
}

// What is no digest or no media type leaves its entry in the book, and nothing else.
func TestAnchorRefuses(t *testing.T) {
	n := newTown(t)
	for _, tt := range []struct {
		digest canon.Digest
		media  string
	}{
		{canon.Digest{}, "text/html"}, {canon.Sum(nil), ""}, {canon.Sum(nil), "html pages"}, {canon.Sum(nil), "text/" + strings.Repeat("x", 251)},
	} {
		before, leaves := len(n.dd.booked()), len(n.State.Leaves)
		if _, err := n.dd.at().Anchor(t.Context(), tt.digest, tt.media); !errors.Is(err, supply.ErrRequest) {
			t.Errorf("Anchor(%v, %.20q) = %v, want %v", tt.digest, tt.media, err, supply.ErrRequest)
		}
		if len(n.State.Leaves) != leaves || len(n.dd.booked()) != before+1 {
			t.Errorf("Anchor(%v, %.20q) left %d leaves, %d entries", tt.digest, tt.media, len(n.State.Leaves)-leaves, len(n.dd.booked())-before)
		}
	}
}
