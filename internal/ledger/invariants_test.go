package ledger_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
)

// CheckInvariants holds the other tests of this package, so it is tested itself: a
// state in which one thing is missing or wrong is found out.
func TestInvariantsAreChecked(t *testing.T) {
	base := newTown(t)
	for range 2 {
		base.Block(base.note(), base.Pharmacy.Tx(base.Now, chain.KindUnits, base.Show(chain.UnitActive, chain.UnitDispensed, 3)))
	}
	check := func(w *town) error { return ledger.CheckInvariants(w.State.All(), uint64(len(w.State.Leaves))) }
	if err := check(base); err != nil {
		t.Fatal(err)
	}
	// What nothing else speaks of can be gone.
	alone := []string{"message", "units", "undo", "alert", "evidence", "proposal"}
	for k := range base.State.Records {
		word, _, _ := strings.Cut(k, "/")
		w := base.fork(t)
		delete(w.State.Records, k)
		if found, want := errors.Is(check(w), ledger.ErrInvariant), !slices.Contains(alone, word); found != want {
			t.Errorf("without %q: found %t, want %t", k, found, want)
		}
		w.State.Records[k] = append(slices.Clone(base.State.Records[k]), 0)
		if !errors.Is(check(w), ledger.ErrInvariant) {
			t.Errorf("a trailing byte in %q is not found", k)
		}
	}
	for name, corrupt := range corruptions {
		w := base.fork(t)
		corrupt(w)
		if err := check(w); !errors.Is(err, ledger.ErrInvariant) {
			t.Errorf("%s: CheckInvariants = %v, want %v", name, err, ledger.ErrInvariant)
		}
	}
}

// edit changes a record behind the ledger's back.
func edit[T any](w *town, key []byte, change func(*T)) {
	w.T.Helper()
	var v T
	w.Read(key, &v)
	change(&v)
	raw, err := canon.CBOR(v)
	if err != nil {
		w.T.Fatal(err)
	}
	w.State.Records[string(key)] = raw
}

// some returns a key of the state that starts so.
func (w *town) some(prefix string) []byte {
	key, _, _ := w.State.First([]byte(prefix), []byte(prefix))
	return key
}

var corruptions = map[string]func(*town){
	"unknown word":   func(w *town) { w.State.Records["coin/1"] = []byte{1} },
	"wild params":    func(w *town) { edit(w, chain.ParamsKey(), func(p *chain.Params) { p.Window = 0 }) },
	"no validator":   func(w *town) { edit(w, chain.ValidatorsKey(), func(v *chain.Validators) { *v = (*v)[:0] }) },
	"no power":       func(w *town) { edit(w, chain.ValidatorsKey(), func(v *chain.Validators) { (*v)[0].Power = 0 }) },
	"other governor": func(w *town) { edit(w, chain.GovernorsKey(), func(g *chain.Governors) { (*g)[0] = w.DM.GLN }) },
	"member's name":  func(w *town) { member(w, w.DM, func(m *chain.Member) { m.GLN = w.DD.GLN }) },
	"no keys":        func(w *town) { member(w, w.DM, func(m *chain.Member) { m.Keys = nil }) },
	"key off curve":  func(w *town) { member(w, w.DM, func(m *chain.Member) { m.Keys[0].Point[64] ^= 1 }) },
	"another's key":  func(w *town) { w.State.Records[string(chain.KeyKey(kid(w.DM)))] = []byte(w.DD.GLN) },
	"wild role":      func(w *town) { member(w, w.DM, func(m *chain.Member) { m.Roles = []chain.Role{"wizard"} }) },
	"unlisted prefix": func(w *town) {
		member(w, w.DM, func(m *chain.Member) { m.Prefixes = append(m.Prefixes, "999999") })
	},
	"prefix without owner": func(w *town) {
		edit(w, chain.PrefixesKey(), func(p *chain.Prefixes) { *p = append(*p, chain.Prefix{Digits: "9999", Member: w.DM.GLN}) })
	},
	"prefix of a stranger": func(w *town) {
		edit(w, chain.PrefixesKey(), func(p *chain.Prefixes) { *p = append(*p, chain.Prefix{Digits: "9999", Member: "x"}) })
	},
	"overlapping prefixes": func(w *town) {
		edit(w, chain.PrefixesKey(), func(p *chain.Prefixes) { *p = append(*p, chain.Prefix{Digits: "400000209", Member: w.DM.GLN}) })
		member(w, w.DM, func(m *chain.Member) { m.Prefixes = append(m.Prefixes, "400000209") })
	},
	"message without exchange": func(w *town) {
		edit(w, w.some("message/"), func(d *canon.Digest) { d[0] ^= 1 })
	},
	"unknown type":            func(w *town) { anchor(w, w.Supply.Envelope.Digest(), func(a *chain.Anchor) { a.Type = "x" }) },
	"leaf beyond the log":     func(w *town) { anchor(w, w.Received.Envelope.Digest(), func(a *chain.Anchor) { a.Index = 1 << 40 }) },
	"before its predecessor":  func(w *town) { anchor(w, w.Supply.Envelope.Digest(), func(a *chain.Anchor) { a.Index = 0 }) },
	"after nothing":           func(w *town) { anchor(w, w.Supply.Envelope.Digest(), func(a *chain.Anchor) { a.Prev = nil }) },
	"under another case":      func(w *town) { anchor(w, w.Supply.Envelope.Digest(), func(a *chain.Anchor) { a.Case = "x" }) },
	"material of another":     func(w *town) { anchor(w, w.Supply.Envelope.Digest(), func(a *chain.Anchor) { a.Audience = w.DM2.GLN }) },
	"batch from nowhere":      func(w *town) { anchor(w, w.Dispatch.Envelope.Digest(), func(a *chain.Anchor) { a.Batches[0][0] ^= 1 }) },
	"decision of another":     func(w *town) { anchor(w, w.Decision.Envelope.Digest(), func(a *chain.Anchor) { a.Certificate = "x" }) },
	"certificate's number":    func(w *town) { certificate(w, func(c *chain.Certificate) { c.Number = "x" }) },
	"certificate never valid": func(w *town) { certificate(w, func(c *chain.Certificate) { c.Until = c.From }) },
	"certificate's holder":    func(w *town) { certificate(w, func(c *chain.Certificate) { c.Holder = w.DM2.GLN }) },
	"product's code": func(w *town) {
		edit(w, chain.ProductKey(w.Product), func(p *chain.Product) { p.GTIN = gtin("40000030", "0002") })
	},
	"product's holder": func(w *town) {
		edit(w, chain.ProductKey(w.Product), func(p *chain.Product) { p.Holder = w.DM2.GLN })
	},
	"batch of another":  func(w *town) { batch(w, func(b *chain.Batch) { b.Holder = w.DM2.GLN }) },
	"batch of nothing":  func(w *town) { batch(w, func(b *chain.Batch) { b.Release.Size = 0 }) },
	"uncertified batch": func(w *town) { batch(w, func(b *chain.Batch) { b.Release.Certificate = "x" }) },
	"batch of request": func(w *town) {
		batch(w, func(b *chain.Batch) { b.Release.Materials[0] = w.Request.Envelope.Digest() })
	},
	"captured from nothing": func(w *town) { batch(w, func(b *chain.Batch) { b.Release.Certificate = "" }) },
	"page beyond the batch": func(w *town) {
		w.State.Records[string(chain.UnitsKey(w.Batch, 1))] = w.State.Records[string(chain.UnitsKey(w.Batch, 0))]
	},
	"unknown state": func(w *town) { page(w, func(p *chain.Page) { p.States[0] = 0xff }) },
	"state of no pack": func(w *town) {
		page(w, func(p *chain.Page) { p.Set(101, chain.UnitStolen, chain.UnitActive) })
	},
	"short page":       func(w *town) { page(w, func(p *chain.Page) { p.States = p.States[1:] }) },
	"runs that touch":  func(w *town) { page(w, func(p *chain.Page) { p.Custody[1].Holder = p.Custody[0].Holder }) },
	"runs that end":    func(w *town) { page(w, func(p *chain.Page) { p.Custody = p.Custody[:2] }) },
	"stranger's packs": func(w *town) { page(w, func(p *chain.Page) { p.Custody[1].Holder = "x" }) },
	"freed by a leaf to come": func(w *town) {
		page(w, func(p *chain.Page) { p.Freed = uint64(len(w.State.Leaves)) + 1 })
	},
	"freed of no state": func(w *town) { page(w, func(p *chain.Page) { p.Freed, p.States = 1, nil }) },
	"undo of a leaf to come": func(w *town) {
		edit(w, w.some("undo/"), func(u *chain.Undoable) { u.Index = uint64(len(w.State.Leaves)) })
	},
	"theft undone":     func(w *town) { edit(w, w.some("undo/"), func(u *chain.Undoable) { u.To = chain.UnitStolen }) },
	"undo of no batch": func(w *town) { edit(w, w.some("undo/"), func(u *chain.Undoable) { u.Batch[0] ^= 1 }) },
	"alert of nothing": func(w *town) { edit(w, w.some("alert/"), func(a *chain.Alert) { a.Units = nil }) },
	"alert of no batch": func(w *town) {
		edit(w, w.some("alert/"), func(a *chain.Alert) { a.Batch[0] ^= 1 })
	},
	"evidence to come": func(w *town) { edit(w, w.some("evidence/"), func(e *chain.EvidenceAnchor) { e.Index = 1 << 40 }) },
}

func member(w *town, o *ledgertest.Org, change func(*chain.Member)) {
	edit(w, chain.MemberKey(o.GLN), change)
}

func anchor(w *town, bc canon.Digest, change func(*chain.Anchor)) {
	edit(w, chain.ExchangeKey(bc), change)
}

func certificate(w *town, change func(*chain.Certificate)) {
	edit(w, chain.CertificateKey(ledgertest.Number), change)
}

func batch(w *town, change func(*chain.Batch)) { edit(w, chain.BatchKey(w.Batch), change) }

func page(w *town, change func(*chain.Page)) { edit(w, chain.UnitsKey(w.Batch, 0), change) }
