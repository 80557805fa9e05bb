package theriac_test

import (
	"bytes"
	"slices"
	"testing"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/merkle"
	"theriac/pedigree"
)

// A works has the product lines of the scene's manufacturer and supplier, and a device
// that measures for both.
type works struct {
	*scene
	drug, stuff *ledgertest.Line
	device      *ledgertest.Device
}

func (s *scene) newWorks() *works {
	s.t.Helper()
	w := &works{scene: s, device: ledgertest.NewDevice(s.DD)}
	w.drug = s.NewLine(s.DM, s.Product, w.device)
	w.stuff = s.NewLine(s.MS, s.Lot.GTIN, w.device)
	s.Admit(w.drug.Tx())
	s.Admit(w.stuff.Tx())
	return w
}

// What a registration says.
func packs(from, to uint64) func(*chain.Terms) {
	return func(t *chain.Terms) { t.Ranges = []chain.Range{{From: from, To: to}} }
}

func material(lot gs1.LGTIN) func(*chain.Terms) {
	return func(t *chain.Terms) { t.Batch, t.Material = canon.Digest{}, &lot }
}

func counter(n uint64) func(*chain.Terms) { return func(t *chain.Terms) { t.Counter = n } }

func whole(t *chain.Terms) { t.Whole = true }

// registered registers things for a consignee.
func (w *works) registered(from, to *ledgertest.Org, terms ...func(*chain.Terms)) (*ledgertest.Shipment, canon.Digest) {
	w.t.Helper()
	all := func(t *chain.Terms) {
		for _, set := range terms {
			set(t)
		}
	}
	line := w.drug
	var want chain.Terms
	if all(&want); want.Material != nil {
		line = w.stuff
	}
	ship := line.Ship(from, to, all)
	return ship, ship.Admit(w.device)
}

// measured registers things, and the consignee measures each.
func (w *works) measured(from, to *ledgertest.Org, terms ...func(*chain.Terms)) (*ledgertest.Shipment, canon.Digest) {
	w.t.Helper()
	ship, id := w.registered(from, to, terms...)
	for i := range ship.Terms.Size() {
		w.Admit(to.Tx(w.Now, chain.KindIdentify, ship.Identify(id, to, w.device, i, nil)))
	}
	return ship, id
}

// hops makes a batch whose packs are measured at the distributor and, from hop to hop,
// at the pharmacy; the messages that move them carry the registrations. It returns the
// first.
func (s *scene) hops() canon.Digest {
	s.t.Helper()
	w := s.newWorks()
	s.Make("L43", 8)
	carried := func(id canon.Digest) ([]canon.Digest, []canon.Bytes) {
		return []canon.Digest{id}, []canon.Bytes{[]byte("sealed")}
	}
	_, first := w.measured(s.DM, s.DD, packs(0, 4))
	d := &pedigree.Distribution{Certificate: ledgertest.Number, Parcels: []pedigree.Parcel{s.Parcel(0, 4)}, SalesMethod: "prescription"}
	d.Registrations, d.Consignments = carried(first)
	s.Distribution = s.tell(s.DM, s.DD, d, s.Decision)
	s.tell(s.DD, s.DM, &pedigree.SalesStatus{Expiries: []pedigree.BatchExpiry{{Batch: s.Batch, Expiry: s.Release.Expiry}}}, s.Distribution)
	_, second := w.measured(s.DD, s.Pharmacy, packs(0, 2), counter(2))
	to := &pedigree.Dispatch{Parcels: []pedigree.Parcel{s.Parcel(0, 2)}}
	to.Registrations, to.Consignments = carried(second)
	s.tell(s.DD, s.Pharmacy, to, s.Distribution)
	return first
}

// A coated is a batch whose packs have concealed codes.
type coated struct {
	codes []genuine.Code
	marks chain.Hashes
}

// concealed makes such a batch, of which packs 0 and 1 are at the pharmacy.
func (s *scene) concealed() *coated {
	s.t.Helper()
	c := s.coat("L44", 8)
	s.Distribute(0, 4)
	s.Deliver(0, 2)
	return c
}

func (s *scene) coat(lot gs1.Lot, size int) *coated {
	s.t.Helper()
	s.Pack(lot, size)
	c := &coated{}
	for i := range s.Packs {
		p := &s.Packs[i]
		c.codes = append(c.codes, genuine.NewCode([]byte("secret"), p.Serial))
		v, err := c.codes[i].Verification(gs1.SGTIN{GTIN: p.GTIN, Serial: p.Serial})
		if err != nil {
			s.t.Fatal(err)
		}
		c.marks = append(c.marks, chain.MarkLeaf(v))
	}
	s.Release.Codes = merkle.Root(c.marks)
	s.Admit(s.DM.Tx(s.Now, chain.KindBatch, s.Release))
	return c
}

// tx redeems a pack's code for the browser of the one who relays it.
func (c *coated) tx(s *scene, by *ledgertest.Org, index uint64) []byte {
	s.t.Helper()
	path, err := genuine.MarkPath(c.marks, index)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &s.Packs[index]
	r := chain.Redeem{Batch: s.Batch, Index: index, Path: path, Browser: point(s.t, by)}
	if err := c.codes[index].Redeem(ledgertest.ChainID, gs1.SGTIN{GTIN: p.GTIN, Serial: p.Serial}, &r); err != nil {
		s.t.Fatal(err)
	}
	return by.Tx(s.Now, chain.KindRedeem, r)
}

func (c *coated) redeem(s *scene, by *ledgertest.Org, index uint64) {
	s.t.Helper()
	s.Admit(c.tx(s, by, index))
}

func point(t testing.TB, o *ledgertest.Org) []byte {
	t.Helper()
	key, err := envelope.KeyOf(o.Key)
	if err != nil {
		t.Fatal(err)
	}
	return key.Point()
}

// but is evidence with something done to it.
func but(of func(*scene) shown, do func(*scene, *theriac.Bundle)) func(*scene) shown {
	return func(s *scene) shown {
		out := of(s)
		do(s, out.bundle)
		return out
	}
}

// measured is evidence of a pack that was measured, with something done to it.
func measured(do func(*scene, *theriac.Bundle)) func(*scene) shown {
	return but(after(func(s *scene) { s.newWorks().measured(s.DM, s.Pharmacy, packs(0, 2)) }), do)
}

// leave leaves records out, by how their keys begin.
func leave(b *theriac.Bundle, words ...string) {
	b.State = slices.DeleteFunc(b.State, func(r theriac.Record) bool {
		return slices.ContainsFunc(words, func(word string) bool { return bytes.HasPrefix(r.Key, []byte(word)) })
	})
}

// only returns the first record whose key begins so.
func only(t testing.TB, b *theriac.Bundle, word string) *theriac.Record {
	t.Helper()
	i := slices.IndexFunc(b.State, func(r theriac.Record) bool { return bytes.HasPrefix(r.Key, []byte(word)) })
	if i < 0 {
		t.Fatalf("no record %s", word)
	}
	return &b.State[i]
}

// cut has the ledger lose the last byte of a record.
func (s *scene) cut(b *theriac.Bundle, word string) {
	s.t.Helper()
	r := only(s.t, b, word)
	r.Value = r.Value[:len(r.Value)-1]
	s.reseal(b)
}
