package theriac_test

import (
	"bytes"
	"slices"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

// measure has the pharmacy, which has the first packs, and the manufacturer measure in
// some of the ways there are.
func (m *mutator) measure(s *scene, delivered uint64) {
	w := s.newWorks()
	to := min(delivered, 1+m.Uint64N(20))
	for n := range m.Uint64N(4) {
		terms := []func(*chain.Terms){packs(0, to), counter(n + 1)}
		if m.IntN(3) == 0 {
			terms = append(terms, whole)
		}
		m.some(w)(s.DM, s.Pharmacy, terms...)
	}
	for n := range m.Uint64N(3) {
		m.some(w)(s.MS, s.DM, material(s.Lot), counter(n+1))
	}
}

// some measures, or registers only.
func (m *mutator) some(w *works) func(from, to *ledgertest.Org, terms ...func(*chain.Terms)) (*ledgertest.Shipment, canon.Digest) {
	if m.IntN(3) == 0 {
		return w.registered
	}
	return w.measured
}

// paper001 are the words of the records that changeMeasured changes.
var paper001 = []string{"mark/", "material/", "redeemed/", "registration/"}

// changeMeasured has the ledger say something of paper 001: what the page and the batch
// name comes or does not, of this pack, of material and of others.
func (m *mutator) changeMeasured(p *specimen, q *question) {
	b := m.copied(p)
	for range 1 + m.IntN(3) {
		switch m.IntN(16) {
		case 0:
			m.rewritePage(b)
		case 1:
			m.rewriteBatch(b)
		case 2:
			if i := slices.IndexFunc(b.State, isPaper001); i >= 0 {
				b.State = slices.Delete(b.State, i, i+1)
			}
		case 3:
			m.put(b, chain.MaterialKey(m.lot(p.scene)), m.id(b))
		case 4:
			redeemed := chain.Redemption{Browser: m.id(b), By: pick(m, texts), At: m.moment(p), Index: m.Uint64()}
			m.put(b, chain.RedeemedKey(batchOf(b), b.Pack.Index+pick(m, []uint64{0, 0, 0, 1})), redeemed)
		case 5:
			m.put(b, pick(m, [][]byte{[]byte("mark/"), []byte("registration/"), []byte("redeemed/x"), []byte("material/x"), []byte("marks/x"), []byte("mark")}), nil)
		default:
			m.register(p, b)
		}
	}
	p.scene.reseal(b)
	q.Bundle = encode(m.t, b)
}

func isPaper001(r theriac.Record) bool {
	return slices.ContainsFunc(paper001, func(word string) bool { return bytes.HasPrefix(r.Key, []byte(word)) })
}

// put has the ledger hold a record; a nil value is none.
func (m *mutator) put(b *theriac.Bundle, key []byte, value any) {
	r := theriac.Record{Key: key}
	if value != nil {
		raw, err := canon.CBOR(value)
		if err != nil {
			return // a text that is none
		}
		r.Value = raw
	}
	b.State = slices.DeleteFunc(b.State, func(r theriac.Record) bool { return bytes.Equal(r.Key, key) })
	b.State = append(b.State, r)
	slices.SortFunc(b.State, func(x, y theriac.Record) int { return bytes.Compare(x.Key, y.Key) })
}

// id returns the name of a registration that the evidence has, or of one of a few others.
func (m *mutator) id(b *theriac.Bundle) canon.Digest {
	ids := []canon.Digest{{1}, {2}, {}}
	for i := range b.State {
		if name, ok := bytes.CutPrefix(b.State[i].Key, []byte("registration/")); ok && len(name) == 32 {
			ids = append(ids, canon.Digest(name), canon.Digest(name))
		}
	}
	return pick(m, ids)
}

func (m *mutator) lot(s *scene) gs1.LGTIN {
	return pick(m, []gs1.LGTIN{s.Lot, s.Lot, s.Lot, {GTIN: s.Lot.GTIN, Lot: "ASA-8"}, {}, {GTIN: s.Product, Lot: "é"}})
}

func (m *mutator) moment(p *specimen) int64 {
	return pick(m, []int64{0, 1, -1, 1 << 53, -1 << 63, 1<<63 - 1, -62135596800000, p.now.UnixMilli(), p.now.UnixMilli()})
}

// register has the ledger hold a registration, and mostly its mark, and mostly name it.
func (m *mutator) register(p *specimen, b *theriac.Bundle) {
	at, batch := b.Pack.Index, batchOf(b)
	ranges := [][]chain.Range{
		{{From: at, To: at + 1}},
		{{From: at, To: at + 1}},
		{{From: at, To: at + 1}},
		{{From: 0, To: at + 1}},
		{{From: at + 1, To: at + 9}, {From: at, To: at + 1}},
		{{From: 1 << 63, To: 0}, {From: at, To: 1 << 62}},
		{{From: at + 1, To: at + 2}},
		nil,
	}
	r := chain.Registration{From: pick(m, texts), At: m.moment(p), Index: m.Uint64(), Terms: chain.Terms{
		Line: canon.Digest{7}, Epoch: 1, Counter: pick(m, []uint64{0, 1, 2, 1<<64 - 1}), To: pick(m, texts), Place: pick(m, texts),
		Batch: batch, Ranges: pick(m, ranges), Whole: m.IntN(3) == 0,
	}}
	if m.IntN(4) == 0 {
		lot := m.lot(p.scene)
		r.Terms.Material = &lot
	}
	if r.Terms.Material != nil && m.IntN(4) > 0 || m.IntN(20) == 0 {
		r.Terms.Batch, r.Terms.Ranges = canon.Digest{}, nil
	}
	for range m.IntN(3) {
		r.Before = append(r.Before, m.id(b))
	}
	id := m.id(b)
	m.put(b, chain.RegistrationKey(id), &r)
	if m.IntN(12) > 0 {
		index, _ := r.Terms.Mark(at)
		var mark any
		if m.IntN(3) > 0 {
			mark = chain.Mark{At: m.moment(p), Index: m.Uint64()}
		}
		m.put(b, chain.MarkKey(id, index+pick(m, []uint64{0, 0, 0, 0, 0, 0, 0, 0, 0, 1})), mark)
	}
	switch {
	case m.IntN(8) == 0:
	case r.Terms.Material != nil:
		m.put(b, chain.MaterialKey(*r.Terms.Material), id)
	default:
		m.name(b, id)
	}
}

// name has the page name a registration for the pack.
func (m *mutator) name(b *theriac.Bundle, id canon.Digest) {
	at := b.Pack.Index % chain.PageUnits
	m.page(b, func(p *chain.Page) { p.Register(at, at+1, id) })
}

// rewritePage has the page say something that no ledger would.
func (m *mutator) rewritePage(b *theriac.Bundle) {
	at := uint16(b.Pack.Index % chain.PageUnits)
	m.page(b, func(p *chain.Page) {
		p.Marks = nil
		for range m.IntN(4) {
			p.Marks = append(p.Marks, chain.MarkRun{End: pick(m, []uint16{at, at + 1, 0, 2048, 65535}), Registration: m.id(b)})
		}
	})
}

func (m *mutator) page(b *theriac.Bundle, do func(*chain.Page)) {
	key := chain.UnitsKey(batchOf(b), uint32(b.Pack.Index/chain.PageUnits))
	i := slices.IndexFunc(b.State, func(r theriac.Record) bool { return bytes.Equal(r.Key, key) })
	var page chain.Page
	if i < 0 || b.State[i].Value != nil && canon.DecodeCBOR(b.State[i].Value, &page) != nil {
		return
	}
	do(&page)
	m.put(b, key, &page)
}

// rewriteBatch gives the packs of the batch concealed codes, or takes them away.
func (m *mutator) rewriteBatch(b *theriac.Bundle) {
	id := batchOf(b)
	i := slices.IndexFunc(b.State, func(r theriac.Record) bool { return bytes.Equal(r.Key, chain.BatchKey(id)) })
	var batch chain.Batch
	if i < 0 || canon.DecodeCBOR(b.State[i].Value, &batch) != nil {
		return
	}
	batch.Release.Codes[0] ^= 1
	m.put(b, chain.BatchKey(id), &batch)
}
