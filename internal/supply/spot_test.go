package supply_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"theriac/api"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
)

// What devices ask before they measure: where a pack stands, and its registration of
// now, at its maker and at who has it.
func TestThing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, id, _ := arrived(t)
		see := func(o *office, code gs1.Identifier) (*api.Thing, error) { return o.at().Thing(t.Context(), code) }
		codes := l.scanned(l.batch, 4, 15)
		for _, o := range []*office{l.dm, l.dd} {
			if got, err := see(o, codes[0]); err != nil || *got != (api.Thing{Batch: l.batch, Place: 4, Registration: id, Index: 4}) {
				t.Errorf("%s: %+v, %v", o.org.Name, got, err)
			}
			if got, err := see(o, codes[1]); err != nil || *got != (api.Thing{Batch: l.batch, Place: 15}) {
				t.Errorf("%s: %+v, %v", o.org.Name, got, err)
			}
		}
		// Registered anew, a pack has another mark.
		anew := l.toDistributor(2, 6)
		anew.change = func(t *chain.Terms) { packsOf(2, 6)(t); t.Counter = 2 }
		next := l.register(anew)
		if got, err := see(l.dd, codes[0]); err != nil || got.Registration != next || got.Index != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := see(l.dm, gs1.Identifier{GTIN: l.Lot.GTIN, Lot: l.Lot.Lot}); err != nil || !got.Registration.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := see(l.dd, gs1.Identifier{SSCC: gs1.SSCC(ledgertest.WithCheckDigit("39524000000000001"))}); !errors.Is(err, supply.ErrRequest) {
			t.Error(err)
		}
		forged := codes[0]
		forged.Serial = "NEVER"
		if _, err := see(l.dd, forged); !errors.Is(err, ledger.ErrLeaf) {
			t.Error(err)
		}
	})
}
