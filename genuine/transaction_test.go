package genuine_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

// Paper 001, 3.2: each transaction has random numbers of its own. Who is told one of a
// consignment cannot come by another.
func TestTransactionsAreUnrelated(t *testing.T) {
	s := newScene(t)
	seen := map[canon.ID]uint64{}
	for i := range uint64(10_000) {
		r := s.transaction(i).Random
		if j, ok := seen[r]; ok {
			t.Fatalf("marks %d and %d have one random number", i, j)
		}
		seen[r] = i
	}
	// Half of the bits differ: by 64 of 128 on average, by 26 to 102 for all but one pair in 10^11.
	for i := range uint64(1000) {
		a, b := s.transaction(i).Random, s.transaction(i+1).Random
		n := 0
		for j := range a {
			for x := a[j] ^ b[j]; x != 0; x &= x - 1 {
				n++
			}
		}
		if n < 26 || n > 102 {
			t.Errorf("the random numbers of %d and %d differ by %d bits", i, i+1, n)
		}
	}
	other := s.plan
	other.Secret[31] ^= 1
	if got := other.Transaction(0, "x").Random; got == s.transaction(0).Random {
		t.Error("two secrets, one random number")
	}
}

// A consignment of one thing has its name for it, of packs each its own.
func TestTransactionOfItem(t *testing.T) {
	s := newScene(t)
	if got := s.plan.Transaction(3, "(01)x"); got.Item != "(01)x" || got.Index != 3 {
		t.Errorf("of a pack: %q, mark %d", got.Item, got.Index)
	}
	s.plan.Item = "(00)340123450000000000"
	if got := s.plan.Transaction(0, "(01)x"); got.Item != s.plan.Item {
		t.Errorf("of a case: %q", got.Item)
	}
	u := s.transaction(0)
	if u.Chain != s.plan.Chain || u.Counter != s.plan.Counter || u.Epoch != s.plan.Epoch || u.From != s.plan.From || u.Line != s.plan.Line ||
		u.Place != s.plan.Place || u.To != s.plan.To || !maps.Equal(u.Fields, s.plan.Fields) {
		t.Errorf("%#v is not of its consignment", u)
	}
}

func TestTransactionCheck(t *testing.T) {
	many := map[string]string{}
	for i := range 17 {
		many[fmt.Sprint(i)] = ""
	}
	s := newScene(t)
	for name, change := range map[string]func(u *genuine.Transaction){
		"no item":        func(u *genuine.Transaction) { u.Item = "" },
		"long item":      func(u *genuine.Transaction) { u.Item = strings.Repeat("1", 129) },
		"no counter":     func(u *genuine.Transaction) { u.Counter = 0 },
		"no random":      func(u *genuine.Transaction) { u.Random = canon.ID{} },
		"large counter":  func(u *genuine.Transaction) { u.Counter = 1 << 53 },
		"large epoch":    func(u *genuine.Transaction) { u.Epoch = 1 << 53 },
		"large index":    func(u *genuine.Transaction) { u.Index = 1 << 53 },
		"many fields":    func(u *genuine.Transaction) { u.Fields = many },
		"nameless field": func(u *genuine.Transaction) { u.Fields = map[string]string{"": "x"} },
		"long name":      func(u *genuine.Transaction) { u.Fields = map[string]string{strings.Repeat("x", 41): "x"} },
		"long value":     func(u *genuine.Transaction) { u.Fields = map[string]string{"x": strings.Repeat("x", 201)} },
		"not UTF-8":      func(u *genuine.Transaction) { u.Fields = map[string]string{"x": "\xff"} },
		"name not UTF-8": func(u *genuine.Transaction) { u.Fields = map[string]string{"\xff": "x"} },
	} {
		u := s.transaction(0)
		s.must(u.Check())
		change(u)
		if err := u.Check(); !errors.Is(err, genuine.ErrTransaction) {
			t.Errorf("%s: %v, want ErrTransaction", name, err)
		}
		s.key.Epoch = u.Epoch
		if v, err := s.key.Verification(good(), u); !errors.Is(err, genuine.ErrTransaction) || !v.IsZero() {
			t.Errorf("%s: a device registers it: %v", name, err)
		}
		s.key.Epoch = s.plan.Epoch
	}
}

// No fields are no fields, whether a map is missing or empty: the consignee, who reads
// them from CBOR, must come to the registrar's key.
func TestEmptyFields(t *testing.T) {
	s := newScene(t)
	var keys []canon.Digest
	for _, fields := range []map[string]string{nil, {}} {
		s.plan.Fields = fields
		v, err := s.key.Verification(good(), s.transaction(0))
		s.must(err)
		raw, err := genuine.SealConsignment(s.makers.Seal, &s.plan)
		s.must(err)
		got, err := genuine.OpenConsignment(s.makers.Open, chainID, &s.registration, raw)
		s.must(err)
		again, err := s.key.Verification(good(), got.Transaction(0, s.transaction(0).Item))
		s.must(err)
		keys = append(keys, v, again)
	}
	if n := len(slices.Compact(keys)); n != 1 {
		t.Errorf("%d keys, want one", n)
	}
}

func TestConsignment(t *testing.T) {
	s := newScene(t)
	raw, err := genuine.SealConsignment(s.makers.Seal, &s.plan)
	s.must(err)
	got, err := genuine.OpenConsignment(s.makers.Open, chainID, &s.registration, raw)
	s.must(err)
	if d := cmp.Diff(*got, s.plan); d != "" {
		t.Errorf("opened (-got +want):\n%s", d)
	}
	if _, err := genuine.OpenConsignment(s.theirs.Open, chainID, &s.registration, raw); !errors.Is(err, genuine.ErrSealed) {
		t.Errorf("with another key: %v", err)
	}
	// Who carries it cannot pass it off as another's, to another, or on another chain.
	for name, change := range map[string]func(r *chain.Registration){
		"from": func(r *chain.Registration) { r.From = deliverer }, "to": func(r *chain.Registration) { r.Terms.To = deliverer },
	} {
		r := s.registration
		change(&r)
		if _, err := genuine.OpenConsignment(s.makers.Open, chainID, &r, raw); !errors.Is(err, genuine.ErrSealed) {
			t.Errorf("%s another: %v, want ErrSealed", name, err)
		}
	}
	if _, err := genuine.OpenConsignment(s.makers.Open, "other", &s.registration, raw); !errors.Is(err, genuine.ErrSealed) {
		t.Errorf("on another chain: %v", err)
	}
	for i := range raw {
		bent := bytes.Clone(raw)
		bent[i] ^= 1 << (i % 8)
		if _, err := genuine.OpenConsignment(s.makers.Open, chainID, &s.registration, bent); !errors.Is(err, genuine.ErrSealed) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}

// A consignment is of one registration: each term that it repeats is the ledger's.
func TestConsignmentAgrees(t *testing.T) {
	s := newScene(t)
	s.must(s.plan.Agrees(chainID, &s.registration))
	bent := map[string]func(c *genuine.Consignment){
		"Chain": func(c *genuine.Consignment) { c.Chain += "x" }, "Counter": func(c *genuine.Consignment) { c.Counter++ },
		"Epoch": func(c *genuine.Consignment) { c.Epoch++ }, "From": func(c *genuine.Consignment) { c.From = deliverer },
		"Line": func(c *genuine.Consignment) { c.Line[0] ^= 1 }, "Place": func(c *genuine.Consignment) { c.Place = deliverer },
		"To": func(c *genuine.Consignment) { c.To = deliverer }, "Item": func(c *genuine.Consignment) { c.Item = "x" },
		"Secret": func(c *genuine.Consignment) { c.Secret = [32]byte{} },
		"Fields": func(c *genuine.Consignment) { c.Fields = map[string]string{"": ""} },
	}
	of := reflect.TypeFor[genuine.Consignment]()
	for i := range of.NumField() {
		name := of.Field(i).Name
		if bent[name] == nil {
			t.Errorf("no test bends %s", name)
			continue
		}
		c := s.plan
		bent[name](&c)
		if err := c.Agrees(chainID, &s.registration); !errors.Is(err, genuine.ErrTransaction) {
			t.Errorf("other %s: %v, want ErrTransaction", name, err)
		}
	}
	// One thing has a name, many have their own.
	for name, change := range map[string]func(r *chain.Registration){
		"a case":     func(r *chain.Registration) { r.Terms.Whole = true },
		"a material": func(r *chain.Registration) { r.Terms.Material = &gs1.LGTIN{GTIN: product, Lot: "A"} },
	} {
		r, c := s.registration, s.plan
		change(&r)
		if err := c.Agrees(chainID, &r); !errors.Is(err, genuine.ErrTransaction) {
			t.Errorf("%s without a name: %v, want ErrTransaction", name, err)
		}
		c.Item = "x"
		s.must(c.Agrees(chainID, &r))
	}
}

func TestItem(t *testing.T) {
	for _, tt := range []struct {
		id   gs1.Identifier
		want string
	}{
		{gs1.Identifier{GTIN: product, Serial: "S1", Lot: "L1", Expiry: "260101"}, "010400000300001021S1"},
		{gs1.Identifier{GTIN: product, Serial: "S1"}, "010400000300001021S1"},
		{gs1.Identifier{GTIN: product, Lot: "L1", Expiry: "260101"}, "010400000300001010L1"},
		{gs1.Identifier{SSCC: gs1.SSCC(ledgertest.WithCheckDigit("34000003000000001")), GTIN: product, Lot: "L1"}, "00340000030000000011"},
	} {
		if got, err := genuine.Item(tt.id); got != tt.want || err != nil {
			t.Errorf("Item(%+v) = %q, %v, want %q", tt.id, got, err, tt.want)
		}
	}
	for _, id := range []gs1.Identifier{{}, {Serial: "S1"}, {Lot: "L1"}, {GTIN: "1", Serial: "S1"}, {GTIN: product}} {
		if got, err := genuine.Item(id); err == nil {
			t.Errorf("Item(%+v) = %q, want an error", id, got)
		}
	}
}
