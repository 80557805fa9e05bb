package theriac_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger/ledgertest"
)

var alertOnes = []golden{
	{"dispensed-alert", "the pack was dispensed, and a copy of its code came to a hospital", after(func(s *scene) {
		s.units(s.Pharmacy, chain.UnitDispensed)
		s.late(s.Hospital, 0)
	}), packNo("pack_dispensed")},
	{"dispensed-alerts", "copies came to two counters, one time after the other", after(func(s *scene) {
		s.units(s.Pharmacy, chain.UnitDispensed)
		s.late(s.Hospital, 0)
		s.late(s.Pharmacy, 0)
		s.late(s.Hospital, 0)
	}), packNo("pack_dispensed")},
	{"genuine-alert", "the dispense was taken back after a copy had raised an alert, which decides nothing", after(func(s *scene) {
		r := s.Admit(s.Pharmacy.Tx(s.Now, chain.KindUnits, s.Show(chain.UnitActive, chain.UnitDispensed, 0)))
		undo := chain.Undo{Operation: r.Operation, At: chain.Millis(s.Now), Units: chain.Ranges([]uint64{0})}
		s.late(s.Hospital, 0)
		s.Admit(s.Pharmacy.Tx(s.Now, chain.KindUndo, undo))
	}), good},
	{"alert-of-another-pack", "an alert about the neighbour", func(s *scene) shown {
		s.Admit(s.Pharmacy.Tx(s.Now, chain.KindUnits, s.Show(chain.UnitActive, chain.UnitDispensed, 1)))
		return s.beside(chain.AlertKey(s.late(s.Hospital, 1)))
	}, ledgerNo},
	{"alert-of-another-batch", "an alert about the pack at the same place of another batch", func(s *scene) shown {
		s.Make("L43", 8)
		s.units(s.Pharmacy, chain.UnitDispensed)
		key := chain.AlertKey(s.late(s.Hospital, 0))
		s.Pack("L42", 8)
		return s.beside(key)
	}, ledgerNo},
	{"alert-not-raised", "the proof that an alert was not raised", func(s *scene) shown {
		return s.beside(chain.AlertKey(canon.Sum([]byte("none"))))
	}, ledgerNo},
	{"alert-unreadable", "a ledger whose alert cannot be read", alerted(func(r *theriac.Record) { r.Value = r.Value[:len(r.Value)-1] }), ledgerNo},
	{"alert-of-no-pack", "a ledger whose alert ends before the pack", alerted(func(r *theriac.Record) {
		var a chain.Alert
		if err := canon.DecodeCBOR(r.Value, &a); err != nil {
			panic(err)
		}
		a.Units = []chain.Range{{From: 0, To: 0}, {From: 1, To: 1 << 63}}
		r.Value, _ = canon.CBOR(a)
	}), ledgerNo},
}

// alerted is evidence with an alert, of a ledger that lies about it.
func alerted(do func(*theriac.Record)) func(*scene) shown {
	return func(s *scene) shown {
		s.units(s.Pharmacy, chain.UnitDispensed)
		id := s.late(s.Hospital, 0)
		out := s.honest()
		do(record(s.t, out.bundle, chain.AlertKey(id)))
		s.reseal(out.bundle)
		return out
	}
}

// late has somebody dispense a pack that was dispensed, and returns the alert.
func (s *scene) late(by *ledgertest.Org, index uint64) canon.Digest {
	s.t.Helper()
	return s.alert(by.Tx(s.Now, chain.KindUnits, s.Show(chain.UnitActive, chain.UnitDispensed, index)))
}

// alert has a transaction raise an alert, which it returns.
func (s *scene) alert(tx []byte) canon.Digest {
	s.t.Helper()
	r := s.Block(tx)[0]
	if r.Outcome != chain.Alerted {
		s.t.Fatalf("no alert: %+v", r)
	}
	return r.Alert
}

// beside is honest evidence with records of the ledger that are not of the pack.
func (s *scene) beside(keys ...[]byte) shown {
	s.t.Helper()
	out := s.honest()
	view := s.State.View(s.t)
	for _, key := range keys {
		value, proof, err := view.Record(key)
		if err != nil {
			s.t.Fatal(err)
		}
		out.bundle.State = append(out.bundle.State, theriac.NewRecord(key, value, proof))
	}
	slices.SortFunc(out.bundle.State, func(a, b theriac.Record) int { return bytes.Compare(a.Key, b.Key) })
	return out
}

// A copy's alert stands in the evidence of its pack, with who met it and when, and
// in no other pack's; who looks for it after a thousand tries finds the newest.
func TestAlerts(t *testing.T) {
	s := newScene(t)
	s.units(s.Pharmacy, chain.UnitDispensed)
	var want []theriac.Alert
	for i := range 20 {
		by := []*ledgertest.Org{s.Hospital, s.Pharmacy}[i%2]
		s.late(by, 0)
		want = slices.Insert(want, 0, theriac.Alert{Code: "already_dispensed", By: by.GLN, At: s.Now.UTC().Truncate(time.Millisecond)})
	}
	v := s.show(0).Verify(s.trust(), s.now())
	if got := judge(&v); got != packNo("pack_dispensed") || !slices.Equal(v.Facts.Alerts, want[:16]) {
		t.Errorf("Verify = %+v with %v, want %v", got, v.Facts.Alerts, want[:16])
	}
	if got := v.Facts.Name(s.Hospital.GLN); got != "Hospital ("+s.Hospital.GLN+")" {
		t.Errorf("the hospital is %q", got)
	}
	if v := s.show(1).Verify(s.trust(), s.now()); v.Verdict != theriac.Genuine || v.Facts.Alerts != nil {
		t.Errorf("the neighbour: %+v", v)
	}
}

// Attack: an index of a store that somebody else made names leaves that raised no
// alert, or one about another pack. The evidence is what it would be without them.
func TestAlertIndexLies(t *testing.T) {
	s := newScene(t)
	s.Admit(s.Pharmacy.Tx(s.Now, chain.KindUnits, s.Show(chain.UnitActive, chain.UnitDispensed, 1)))
	s.late(s.Hospital, 1)
	want := encode(t, s.show(0))
	for _, tag := range chain.AlertTags(s.Batch, 0, s.Release.Size) {
		s.State.Tags[tag] = []uint64{0, uint64(len(s.State.Leaves)) - 1}
	}
	if got := encode(t, s.show(0)); !bytes.Equal(got, want) {
		t.Error("the evidence follows an index that lies")
	}
}

// A pack is found in an alert about many.
func TestAlertAboutRanges(t *testing.T) {
	s := newScene(t)
	s.Make("L43", 3000)
	s.Distribute(0, 2999)
	s.Deliver(0, 2999)
	all := chain.Units{Batch: s.Batch, From: chain.UnitActive, To: chain.UnitDispensed, Ranges: []chain.Range{{From: 0, To: 2999}}}
	s.Admit(s.Pharmacy.Tx(s.Now, chain.KindUnits, all))
	if r := s.Block(s.Pharmacy.Tx(s.Now, chain.KindUnits, all))[0]; r.Outcome != chain.Alerted {
		t.Fatalf("no alert: %+v", r)
	}
	for _, i := range []uint64{0, 1, 2047, 2048, 2998, 2999} {
		v := s.show(i).Verify(s.trust(), s.now())
		if want := i < 2999; (len(v.Facts.Alerts) == 1) != want || v.Facts.State == "" {
			t.Errorf("pack %d: %s, alerts %v, want one: %v (%s)", i, v.Facts.State, v.Facts.Alerts, want, v.Reason)
		}
	}
}

// changeAlert has the ledger say that there are alerts, about the pack and others.
func (m *mutator) changeAlert(p *specimen, q *question) {
	b := m.copied(p)
	at := b.Pack.Index
	ranges := [][]chain.Range{
		{{From: at, To: at + 1}},
		{{From: at, To: at + 1}},
		{{From: 0, To: 1 << 63}},
		{{From: at + 1, To: at + 2}, {From: at, To: at + 1}},
		{{From: at + 1, To: at + 2}},
		{{From: at, To: at}},
		{{From: at + 1, To: at}},
		{},
		nil,
	}
	for range 1 + m.IntN(3) {
		a := chain.Alert{Code: pick(m, texts), Batch: batchOf(b), Units: pick(m, ranges[:4]), By: pick(m, texts), Index: m.Uint64()}
		a.At = pick(m, []int64{0, 1, -1, 1 << 53, -1 << 53, -1 << 63, 1<<63 - 1, -62135596800000, p.now.UnixMilli(), m.Int64N(1e15)})
		switch m.IntN(12) {
		case 0:
			a.Batch[m.IntN(32)] ^= 1
		case 1, 2:
			a.Units = pick(m, ranges)
		}
		raw, err := canon.CBOR(a)
		if err != nil {
			continue // a text that is none
		}
		var name canon.Digest
		name[0] = byte(m.IntN(4))
		key := pick(m, [][]byte{chain.AlertKey(name), chain.AlertKey(name), []byte("alert/x"), []byte("alert/"), []byte("alert"), []byte("alerts/x")})
		b.State = append(b.State, theriac.Record{Key: key, Value: raw})
	}
	slices.SortFunc(b.State, func(x, y theriac.Record) int { return bytes.Compare(x.Key, y.Key) })
	p.scene.reseal(b)
	q.Bundle = encode(m.t, b)
}

// batchOf returns the name of the bundle's batch, zero if it has none.
func batchOf(b *theriac.Bundle) (id canon.Digest) {
	for i := range b.State {
		if name, ok := bytes.CutPrefix(b.State[i].Key, []byte("batch/")); ok && len(name) == len(id) {
			id = canon.Digest(name)
		}
	}
	return id
}
