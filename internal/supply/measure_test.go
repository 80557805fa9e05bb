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
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
	"theriac/refusal"
)

// arrived is a lab whose distributor has packs [0, 20) with registration [0, 10).
func arrived(t *testing.T) (l *lab, id, bc canon.Digest) {
	t.Helper()
	l = newLab(t)
	id = l.register(l.toDistributor(0, 10))
	return l, id, l.shipped(0, 20, id)
}

// Paper 001, 3.3 and 3.4: a thing is measured where it arrives, and its mark is set to
// verified, once. The second time the maker is alerted.
func TestMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, id, _ := arrived(t)
		code := l.scanned(l.batch, 4)[0]
		done, err := l.measured(l.dd, code, nil)
		if err != nil || done.Alert != "" || done.Height == 0 {
			t.Fatalf("Measure = %+v, %v", done, err)
		}
		var mark chain.Mark
		l.Read(chain.MarkKey(id, 4), &mark)
		if mark.Index != done.Index || mark.Device != kidOf(l.carriers.Point) {
			t.Errorf("the mark is %+v", mark)
		}
		again, err := l.measured(l.dd, code, nil)
		if !errors.Is(err, ledger.ErrVerified) || again == nil || again.Alert == "" || !strings.Contains(err.Error(), again.Alert) {
			t.Errorf("again: %+v, %v", again, err)
		}
		for o, want := range map[*office]int{l.dm: 1, l.dd: 1, l.da: 0} {
			alerts, err := o.at().ListAlerts(supply.Page{Limit: 9})
			if err != nil || len(alerts.Items) != want {
				t.Fatalf("%s sees %+v, %v", o.org.Name, alerts, err)
			}
			for _, a := range alerts.Items {
				if a.Code != "already_verified" || a.Text != ledger.ErrVerified.Error() || a.Registration != id || a.Batch != l.batch ||
					a.Units[0] != (chain.Range{From: 4, To: 5}) || a.Maker != l.DM.GLN || a.ID.String() != again.Alert {
					t.Errorf("%s sees %+v", o.org.Name, a)
				}
			}
		}
	})
}

// Whatever comes between a challenge and the ledger, the refusal has its name, and the
// mark stays as it was.
func TestMeasureRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, id, _ := arrived(t)
		other := l.register(l.toDistributor(12, 14)) // not shipped
		packs := l.scanned(l.batch, 0, 1, 12, 16)
		bent := func(change func(a *genuine.Answer)) func() {
			honest := l.dd.measure
			return func() {
				l.dd.measure = func(ctx context.Context, sealed []byte) (*genuine.Answer, error) {
					a, err := honest(ctx, sealed)
					if err == nil {
						change(a)
					}
					return a, err
				}
			}
		}
		says := func(err error) func() {
			return func() { l.dd.measure = func(context.Context, []byte) (*genuine.Answer, error) { return nil, err } }
		}
		for _, tt := range []struct {
			name   string
			code   gs1.Identifier
			change func(*api.Measurement)
			device func()
			want   error
		}{
			{"a thing out of range (001-01)", packs[0], nil, func() { l.reads = []genuine.Reading{{Feature: "mass", Unit: "g", Value: 400_000}} }, genuine.ErrNotLegitimate},
			{"a feature that was not read", packs[0], nil, func() { l.reads = nil }, genuine.ErrReading},
			{"an answer to another challenge (001-02)", packs[0], nil, l.stale(packs[1]), genuine.ErrProof},
			{"an answer of nothing", packs[0], nil, bent(func(a *genuine.Answer) { *a = genuine.Answer{} }), genuine.ErrProof},
			{"another key", packs[0], nil, bent(func(a *genuine.Answer) { a.Key[0] ^= 1 }), genuine.ErrProof},
			{"a device's signature bent", packs[0], nil, bent(func(a *genuine.Answer) { a.Signature[5] ^= 1 }), genuine.ErrDevice},
			{"a device of another name", packs[0], nil, bent(func(a *genuine.Answer) { a.Device = kidOf(l.suppliers.Point) }), genuine.ErrDevice},
			{"a device of another line", packs[0], nil, func() { l.place(l.dd, l.material, l.suppliers) }, genuine.ErrDevice},
			{"a stranger under a device's name", packs[0], nil, func() {
				l.place(l.dd, l.drug, l.suppliers)
				l.dd.device = func() (canon.Digest, error) { return kidOf(l.carriers.Point), nil }
			}, genuine.ErrSealed},
			{"an instrument that fails", packs[0], nil, says(refusal.New("instrument_unstable", "the balance does not rest")), refusal.New("instrument_unstable", "")},
			{"a device with a code of its choice", packs[0], nil, says(refusal.New("unauthorised", "log in")), supply.ErrInstrument},
			{"a device that says it was verified", packs[0], nil, says(ledger.ErrVerified), supply.ErrInstrument},
			{"a device that is away", packs[0], nil, func() { l.dd.device = func() (canon.Digest, error) { return id, errDown } }, supply.ErrInstrument},
			{"an address that is not in the settings", packs[0], func(m *api.Measurement) { m.Device = "http://127.0.0.1:10" }, nil, supply.ErrUnlisted},
			{"no address", packs[0], func(m *api.Measurement) { m.Device = "" }, nil, supply.ErrUnlisted},
			{"a place that is none", packs[0], func(m *api.Measurement) { m.Place = "here" }, nil, supply.ErrRequest},
			{"a code of the other registration's pack", packs[2], func(m *api.Measurement) { m.Registration = id }, nil, supply.ErrThing},
			{"a registration that did not come", packs[2], func(m *api.Measurement) { m.Registration = other }, nil, supply.ErrUnknown},
			{"a pack that nobody registered", packs[3], nil, nil, ledger.ErrUnknownRegistration},
			{"a registration of nobody's", packs[0], func(m *api.Measurement) { m.Registration = canon.Sum(nil) }, nil, ledger.ErrUnknownRegistration},
			{"a forged serial number", gs1.Identifier{GTIN: packs[0].GTIN, Serial: "FORGED"}, nil, nil, ledger.ErrLeaf},
			{"a better date on the label", gs1.Identifier{GTIN: packs[0].GTIN, Serial: packs[0].Serial, Expiry: "2031-03-31"}, nil, nil, pedigree.ErrLabel},
			{"a lot of nobody's", gs1.Identifier{GTIN: l.Lot.GTIN, Lot: "NONE"}, nil, nil, ledger.ErrUnknownRegistration},
			{"a case without its registration", gs1.Identifier{SSCC: gs1.SSCC(ledgertest.WithCheckDigit("39524000000000001"))}, nil, nil, supply.ErrRequest},
		} {
			l.place(l.dd, l.drug, l.carriers)
			l.reads = ledgertest.Good()
			if tt.device != nil {
				tt.device()
			}
			booked, leaves := len(l.dd.booked()), len(l.State.Leaves)
			done, err := l.measured(l.dd, tt.code, tt.change)
			if done != nil || !errors.Is(err, tt.want) {
				t.Errorf("%s: Measure = %+v, %v, want %v", tt.name, done, err, tt.want)
			}
			if len(l.dd.booked()) != booked+1 || len(l.State.Leaves) != leaves {
				t.Errorf("%s: %d entries, %d leaves", tt.name, len(l.dd.booked())-booked, len(l.State.Leaves)-leaves)
			}
		}
	})
}

// stale has the distributor's device answer with what it measured for another pack.
func (l *lab) stale(code gs1.Identifier) func() {
	return func() {
		honest := l.dd.measure
		u, err := l.dd.at().Transaction(context.Background(), l.only(), 1, code)
		if err != nil {
			l.t.Fatal(err)
		}
		c := &genuine.Challenge{Registration: l.only(), Consignee: l.DD.GLN, Place: l.DD.GLN, Nonce: ledgertest.NewID(), Transaction: *u}
		sealed, err := c.Seal(&l.carriers.Device)
		if err != nil {
			l.t.Fatal(err)
		}
		l.dd.measure = func(ctx context.Context, _ []byte) (*genuine.Answer, error) { return honest(ctx, sealed) }
	}
}

// only returns the registration that the distributor has a consignment of.
func (l *lab) only() canon.Digest {
	l.t.Helper()
	r, err := l.dd.at().ListRegistrations(context.Background(), supply.Incoming, supply.Page{Limit: 9})
	if err != nil {
		l.t.Fatal(err)
	}
	i := slices.IndexFunc(r.Items, func(r api.Registration) bool { return !r.Message.IsZero() })
	return r.Items[i].ID
}

// A proven measurement at another place than the goods were sent to, or after the maker
// registered them anew, is an alert (001-14).
func TestMeasuredElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, id, _ := arrived(t)
		code := l.scanned(l.batch, 2)[0]
		done, err := l.measured(l.dd, code, func(m *api.Measurement) { m.Place = l.Pharmacy.GLN })
		if !errors.Is(err, ledger.ErrPlace) || done == nil || done.Alert == "" {
			t.Errorf("elsewhere: %+v, %v", done, err)
		}
		again := l.toDistributor(0, 10)
		again.change = func(t *chain.Terms) { packsOf(0, 10)(t); t.Counter = 2 }
		if _, err := l.dm.at().Register(t.Context(), ledgertest.NewID(), l.registering(again)); err != nil {
			t.Fatal(err)
		}
		done, err = l.measured(l.dd, code, func(m *api.Measurement) { m.Registration = id })
		if !errors.Is(err, ledger.ErrSuperseded) || done == nil || done.Alert == "" {
			t.Errorf("superseded: %+v, %v", done, err)
		}
		alerts, err := l.dm.at().ListAlerts(supply.Page{Limit: 9})
		if err != nil || len(alerts.Items) != 2 || alerts.Items[0].Code != "superseded" || alerts.Items[1].Code != "wrong_place" || alerts.Items[1].Text == "" {
			t.Errorf("the maker sees %+v, %v", alerts, err)
		}
	})
}

// Hop by hop: who identified a thing may register it for the next one, on a device of
// the line, and its maker sees every hop and whether it was verified.
func TestHopsAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, id, bc := arrived(t)
		for _, code := range l.scanned(l.batch, 0, 1) {
			if _, err := l.measured(l.dd, code, nil); err != nil {
				t.Fatal(err)
			}
		}
		hop := goods{line: l.drug, from: l.dd, to: l.pharmacy, device: l.carriers, change: func(t *chain.Terms) { packsOf(0, 2)(t); t.Counter = 2 }}
		early := hop
		early.change = func(t *chain.Terms) { packsOf(0, 3)(t); t.Counter = 2 }
		if _, err := l.dd.at().Register(t.Context(), ledgertest.NewID(), l.registering(early)); !errors.Is(err, ledger.ErrUnverified) {
			t.Errorf("a hop of what was not identified: %v", err)
		}
		next := l.register(hop)
		parcel, err := l.dd.at().Parcel(l.batch, []chain.Range{{From: 0, To: 5}})
		if err != nil {
			t.Fatal(err)
		}
		l.delivered(l.dd, l.pharmacy, bc, &pedigree.Dispatch{Parcels: []pedigree.Parcel{parcel}, Registrations: []canon.Digest{next}})
		if _, err := l.measured(l.pharmacy, l.scanned(l.batch, 1)[0], nil); err != nil {
			t.Fatal(err)
		}
		// The material has a line of its own, which the supplier sees.
		for _, tt := range []struct {
			o         *office
			direction string
			want      []canon.Digest
		}{
			{l.dm, supply.OfLines, []canon.Digest{next, id}},
			{l.dm, supply.Outgoing, []canon.Digest{id}},
			{l.dm, supply.Incoming, nil},
			{l.dd, supply.OfLines, nil},
			{l.dd, supply.Outgoing, []canon.Digest{next}},
			{l.dd, supply.Incoming, []canon.Digest{id}},
			{l.pharmacy, supply.Incoming, []canon.Digest{next}},
			{l.ms, supply.OfLines, nil},
		} {
			var got []canon.Digest
			for _, limit := range []int{1, 9} {
				got = nil
				for _, r := range all(t, limit, func(p supply.Page) ([]api.Registration, string, error) {
					r, err := tt.o.at().ListRegistrations(t.Context(), tt.direction, p)
					return r.Items, r.Next, err
				}) {
					got = append(got, r.ID)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("%s, %s by %d: %v, want %v", tt.o.org.Name, tt.direction, limit, got, tt.want)
				}
			}
		}
		seen, err := l.dm.at().Registration(t.Context(), next)
		if err != nil || seen.Verified != 1 || seen.More || !slices.Equal(seen.Before, []canon.Digest{id}) || seen.From != l.DD.GLN {
			t.Errorf("the maker sees of the hop: %+v, %v", seen, err)
		}
	})
}

// A case has one mark, a lot of material another; their codes are their own.
func TestMeasureWholeAndMaterial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		sscc := gs1.Identifier{SSCC: gs1.SSCC(ledgertest.WithCheckDigit("39524000000000001"))}
		item, err := genuine.Item(sscc)
		if err != nil {
			t.Fatal(err)
		}
		whole := l.toDistributor(0, 10)
		whole.item, whole.change = item, func(t *chain.Terms) { packsOf(0, 10)(t); t.Whole = true }
		id := l.register(whole)
		l.shipped(0, 10, id)
		named := func(m *api.Measurement) { m.Registration = id }
		if _, err := l.measured(l.dd, l.scanned(l.batch, 3)[0], nil); !errors.Is(err, supply.ErrThing) {
			t.Errorf("a pack of the case: %v", err)
		}
		if _, err := l.measured(l.dd, gs1.Identifier{SSCC: gs1.SSCC(ledgertest.WithCheckDigit("39524000000000002"))}, named); !errors.Is(err, supply.ErrThing) {
			t.Errorf("another case: %v", err)
		}
		if _, err := l.measured(l.dd, sscc, named); err != nil {
			t.Errorf("the case: %v", err)
		}

		lot := gs1.Identifier{GTIN: l.Lot.GTIN, Lot: l.Lot.Lot}
		if item, err = genuine.Item(lot); err != nil {
			t.Fatal(err)
		}
		material := l.register(goods{line: l.material, from: l.ms, to: l.dm, device: l.suppliers, item: item, change: func(t *chain.Terms) {
			t.Batch, t.Material = canon.Digest{}, &l.Lot
		}})
		l.delivered(l.ms, l.dm, l.Request.Envelope.Digest(), &pedigree.MaterialSupply{
			Lots:     []pedigree.SuppliedLot{{Analysis: canon.Sum(nil), GTIN: l.Lot.GTIN, Lot: l.Lot.Lot, Produced: "2026-10-01"}},
			Material: "acetylsalicylic acid", Registrations: []canon.Digest{material},
		})
		if _, err := l.measured(l.dm, lot, nil); err != nil {
			t.Errorf("the lot of material: %v", err)
		}
		done, err := l.measured(l.dm, lot, nil)
		if !errors.Is(err, ledger.ErrVerified) || done == nil {
			t.Errorf("the lot again: %+v, %v", done, err)
		}
		alerts, err := l.ms.at().ListAlerts(supply.Page{Limit: 9})
		if err != nil || len(alerts.Items) != 1 || alerts.Items[0].GTIN != l.Lot.GTIN || alerts.Items[0].Lot != l.Lot.Lot ||
			alerts.Items[0].Maker != l.MS.GLN || alerts.Items[0].Registration != material || !alerts.Items[0].Batch.IsZero() {
			t.Errorf("the supplier sees %+v, %v", alerts, err)
		}
	})
}
