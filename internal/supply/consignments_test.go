package supply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
	"theriac/refusal"
)

// A shipment carries registrations, with what was sealed to its receiver; the ledger
// sees their names and nothing more (paper 001, 3.3: "the end user, who is notified by
// the supplier").
func TestShipmentBringsConsignments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		first, second := l.register(l.toDistributor(0, 5)), l.register(l.toDistributor(5, 9))
		bc := l.shipped(0, 10, second, first)
		m, err := l.dd.store.ByDigest(t.Context(), bc)
		if err != nil {
			t.Fatal(err)
		}
		content, err := pedigree.Read(m.Type, m.Body)
		if err != nil || len(content.(*pedigree.Distribution).Consignments) != 2 {
			t.Fatalf("it brought %+v, %v", content, err)
		}
		var a chain.Anchor
		l.Read(chain.ExchangeKey(bc), &a)
		for _, sealed := range content.(*pedigree.Distribution).Consignments {
			if strings.Contains(string(l.State.Txs[a.Index]), string(sealed)) {
				t.Error("the ledger has a consignment")
			}
		}
		for id, size := range map[canon.Digest]uint64{first: 5, second: 4} {
			r, err := l.dd.at().Registration(t.Context(), id)
			if err != nil || r.Message != bc || r.Size != size {
				t.Errorf("the distributor knows %+v, %v", r, err)
			}
		}
		in := all(t, 1, func(p supply.Page) ([]api.Registration, string, error) {
			r, err := l.dd.at().ListRegistrations(t.Context(), supply.Incoming, p)
			return r.Items, r.Next, err
		})
		if len(in) != 2 || in[0].ID != second || in[1].Message != bc {
			t.Errorf("incoming are %+v", in)
		}
	})
}

// What is not of a shipment is refused before it is queued.
func TestSendRefusesForeignRegistrations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		good := l.register(l.toDistributor(0, 5))
		toPharmacy := l.toDistributor(10, 12)
		toPharmacy.to = l.pharmacy
		parcel, err := l.dm.at().Parcel(l.batch, []chain.Range{{From: 0, To: 5}, {From: 20, To: 25}})
		if err != nil {
			t.Fatal(err)
		}
		lost := l.register(l.toDistributor(20, 22))
		if err := l.dm.store.DropRegistration(t.Context(), lost); err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			id   canon.Digest
			want error
		}{
			"nobody's":         {canon.Sum(nil), ledger.ErrUnknownRegistration},
			"for another":      {l.register(toPharmacy), ledger.ErrRegistration},
			"of other packs":   {l.register(l.toDistributor(30, 32)), ledger.ErrRegistration},
			"beyond its packs": {l.register(l.toDistributor(23, 26)), ledger.ErrRegistration},
			"twice":            {good, envelope.ErrField},
			"lost":             {lost, supply.ErrUnknown},
		} {
			booked := len(l.dm.booked())
			m, err := l.dm.at().Send(t.Context(), ledgertest.NewID(), supply.Draft{To: l.DD.GLN, Prev: []canon.Digest{l.Decision.Envelope.Digest()}},
				&pedigree.Distribution{Certificate: ledgertest.Number, Parcels: []pedigree.Parcel{parcel}, SalesMethod: "x", Registrations: []canon.Digest{good, tt.id}})
			if m != nil || !errors.Is(err, tt.want) {
				t.Errorf("%s: Send = %+v, %v, want %v", name, m, err, tt.want)
			}
			if len(l.dm.booked()) != booked+1 {
				t.Errorf("%s: %d entries in the book", name, len(l.dm.booked())-booked)
			}
		}
	})
}

// A consignment that the receiver could not use: the shipment is refused whole, before
// the ledger moves anything, under a name of its own.
func TestReceiverRefusesUselessConsignments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		asked := l.registering(l.toDistributor(0, 5))
		r, err := l.dm.at().Register(t.Context(), ledgertest.NewID(), asked)
		if err != nil {
			t.Fatal(err)
		}
		toPharmacy := l.toDistributor(6, 8)
		toPharmacy.to = l.pharmacy
		elsewhere := l.registering(toPharmacy)
		other, err := l.dm.at().Register(t.Context(), ledgertest.NewID(), elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		parcel, err := l.dm.at().Parcel(l.batch, []chain.Range{{From: 0, To: 10}})
		if err != nil {
			t.Fatal(err)
		}
		bent := slices.Clone(asked.Consignment)
		bent[len(bent)-1] ^= 1
		letter := func(ids []canon.Digest, sealed ...canon.Bytes) *envelope.Message {
			return l.DM.Message(l.now(), ledgertest.Case, l.DD, &pedigree.Distribution{
				Certificate: ledgertest.Number, Parcels: []pedigree.Parcel{parcel}, SalesMethod: "x", Registrations: ids, Consignments: sealed,
			}, l.Decision)
		}
		one := []canon.Digest{r.ID}
		for _, tt := range []struct {
			name string
			m    *envelope.Message
			want error
		}{
			{"none", letter(one), envelope.ErrField},
			{"one that does not open", letter(one, bent), genuine.ErrSealed},
			{"one with other terms", letter(one, l.otherTerms(asked)), genuine.ErrTransaction},
			{"one sealed to another", letter(one, elsewhere.Consignment), genuine.ErrSealed},
			{"a registration for another", letter([]canon.Digest{other.ID}, elsewhere.Consignment), ledger.ErrRegistration},
			{"a registration of nobody's", letter([]canon.Digest{canon.Sum(nil)}, asked.Consignment), ledger.ErrUnknownRegistration},
			{"one too large", letter(one, make(canon.Bytes, 17<<10)), genuine.ErrSealed},
		} {
			leaves := len(l.State.Leaves)
			got, err := l.dd.receive(t.Context(), encoded(t, tt.m))
			if got != nil || !errors.Is(err, tt.want) {
				t.Errorf("%s: Receive = %+v, %v, want %v", tt.name, got, err, tt.want)
			}
			if book := l.dd.booked(); !strings.HasSuffix(book[0], ": "+refusal.Code(tt.want)) || len(l.State.Leaves) != leaves {
				t.Errorf("%s: booked as %q, %d leaves", tt.name, book[0], len(l.State.Leaves)-leaves)
			}
		}
		if _, err := l.dd.store.Consignment(t.Context(), r.ID); !errors.Is(err, supply.ErrUnknown) {
			t.Errorf("a refused shipment has left a consignment: %v", err)
		}
		// The signature comes first: a stranger learns nothing of what opens here.
		forged := letter(one, bent)
		forged.Body = letter(one, asked.Consignment).Body
		if _, err := l.dd.receive(t.Context(), encoded(t, forged)); !errors.Is(err, envelope.ErrBody) {
			t.Errorf("a forged message: %v", err)
		}
		if _, err := l.dd.receive(t.Context(), encoded(t, letter(one, asked.Consignment))); err != nil {
			t.Errorf("the right one: %v", err)
		}
	})
}

// otherTerms returns a consignment that opens for the distributor and says another
// counter than the registration.
func (l *lab) otherTerms(r *api.Registering) canon.Bytes {
	l.t.Helper()
	c := &genuine.Consignment{
		Chain: ledgertest.ChainID, Counter: 2, Epoch: 1, From: l.DM.GLN, Line: r.Terms.Line, Place: r.Terms.Place, To: r.Terms.To, Secret: [32]byte{1},
	}
	sealed, err := genuine.SealConsignment(l.dd.seal.PublicKey().Bytes(), c)
	if err != nil {
		l.t.Fatal(err)
	}
	return sealed
}

// A receiver whose node does not have the registration yet refuses for now, and has the
// shipment when it has.
func TestShipmentOvertakesItsRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		id := l.register(l.toDistributor(0, 5))
		behind := 2
		l.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) {
			if behind--; behind >= 0 {
				return nil, ledger.ErrUnknownRegistration
			}
			return to.receive(ctx, raw)
		}
		if bc := l.shipped(0, 5, id); bc.IsZero() || behind != -1 {
			t.Errorf("it was sent %d times", 2-behind)
		}
	})
}
