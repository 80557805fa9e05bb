package chain_test

import (
	"testing"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/chain"
)

// A page says of each pack what was registered for it last, in parts that join to what
// was asked for and of which no two neighbours are alike.
func TestPageRegistrations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var page chain.Page
		var want [chain.PageUnits]canon.Digest
		at := rapid.Uint64Range(0, 12) // few ends, which meet
		span := func() (from, to uint64) {
			from = at.Draw(t, "from") * 170
			return from, min(from+170*(1+at.Draw(t, "to")), chain.PageUnits)
		}
		for range rapid.IntRange(0, 8).Draw(t, "registrations") {
			from, to := span()
			id := canon.Digest{byte(rapid.IntRange(0, 3).Draw(t, "id"))}
			page.Register(from, to, id)
			for i := from; i < to; i++ {
				want[i] = id
			}
		}
		from, to := span()
		next, before, first := from, canon.Digest{}, true
		err := page.Registrations(from, to, func(id canon.Digest, end uint64) error {
			if end <= next || end > to || !first && id == before {
				t.Errorf("part [%d, %d) of [%d, %d) with %s after %s", next, end, from, to, id, before)
			}
			for ; next < end; next++ {
				if id != want[next] || page.Registration(next) != want[next] {
					t.Fatalf("pack %d: %s and %s, want %s", next, id, page.Registration(next), want[next])
				}
			}
			before, first = id, false
			return nil
		})
		if err != nil || next != to {
			t.Errorf("parts of [%d, %d) end at %d: %v", from, to, next, err)
		}
		if blank := want == [chain.PageUnits]canon.Digest{}; page.Blank() != blank {
			t.Errorf("blank %v, want %v", page.Blank(), blank)
		}
	})
}
