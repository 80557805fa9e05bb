package chain

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/merkle"
)

func TestLeafStoredForm(t *testing.T) {
	l := Leaf{Tx: canon.Sum([]byte("tx")), Operation: canon.Sum([]byte("op")), Outcome: Alerted, Height: 7, Time: 1_800_000_000_123}
	got, err := UnpackLeaf(l.Pack())
	if err != nil || got != l {
		t.Errorf("UnpackLeaf = %+v, %v, want %+v", got, err, l)
	}
	if _, err := UnpackLeaf(l.Pack()[1:]); err == nil {
		t.Error("a short leaf is read")
	}
	other := l
	other.Outcome = Applied
	if other.Hash() == l.Hash() {
		t.Error("the leaf's hash does not cover the outcome")
	}
}

// Every part of the root moves the app hash.
func TestAppHashCoversAllParts(t *testing.T) {
	base := Root{LogRoot: canon.Sum([]byte("l")), LogSize: 5, StateRoot: canon.Sum([]byte("s")), Version: Version}
	seen := map[canon.Digest]string{base.AppHash(): "base"}
	for name, change := range map[string]func(*Root){
		"log root": func(r *Root) { r.LogRoot[0]++ }, "size": func(r *Root) { r.LogSize++ },
		"state root": func(r *Root) { r.StateRoot[0]++ }, "version": func(r *Root) { r.Version++ },
		"swapped": func(r *Root) { r.LogRoot, r.StateRoot = r.StateRoot, r.LogRoot },
	} {
		r := base
		change(&r)
		if before, ok := seen[r.AppHash()]; ok {
			t.Errorf("%s: same app hash as %s", name, before)
		}
		seen[r.AppHash()] = name
	}
}

func TestRecordsHaveOneEncoding(t *testing.T) {
	u := Units{Batch: canon.Sum([]byte("b")), From: UnitActive, To: UnitDispensed, Indexes: []uint64{4}, Packs: Hashes{{1}}, Proof: Hashes{{2}, {3}}}
	raw, err := canon.CBOR(u)
	if err != nil {
		t.Fatal(err)
	}
	var back Units
	if err := canon.DecodeCBOR(raw, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(back, u); d != "" {
		t.Errorf("units (-got +want):\n%s", d)
	}
	if len(raw) > 180 {
		t.Errorf("%d bytes for one pack", len(raw))
	}
	action := Action{Standing: &Standing{Member: "4012345000009", Roles: []Role{Supplier}, Prefixes: []string{}, Status: Suspended}}
	raw, err = canon.CBOR(action)
	if err != nil {
		t.Fatal(err)
	}
	var again Action
	if err := canon.DecodeCBOR(raw, &again); err != nil || !cmp.Equal(again, action) {
		t.Errorf("action %+v, %v", again, err)
	}
}

func FuzzDecodeTx(f *testing.F) {
	raw, _ := canon.CBOR(Tx{Chain: "c", Kind: KindUnits, Sender: "4012345000009", Body: []byte{0xa0}})
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var tx Tx
		if canon.DecodeCBOR(raw, &tx) != nil {
			return
		}
		if again, err := canon.CBOR(tx); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("accepted %x, writes %x, %v", raw, again, err)
		}
	})
}

func FuzzDecodeUnits(f *testing.F) {
	raw, _ := canon.CBOR(Units{From: UnitActive, To: UnitDispensed, Indexes: []uint64{4}, Packs: Hashes{{1}}, Proof: Hashes{{2}}})
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var u Units
		if canon.DecodeCBOR(raw, &u) != nil {
			return
		}
		if again, err := canon.CBOR(u); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("accepted %x, writes %x, %v", raw, again, err)
		}
	})
}

// A page behaves like an array of states and custodians.
func TestPageAgainstArray(t *testing.T) {
	const holder = "maker"
	rapid.Check(t, func(t *rapid.T) {
		var p Page
		var states [PageUnits]UnitState
		var who [PageUnits]string
		for i := range states {
			states[i], who[i] = UnitActive, holder
		}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			a := rapid.Uint64Range(0, PageUnits-1).Draw(t, "from")
			b := rapid.Uint64Range(a+1, PageUnits).Draw(t, "to")
			if rapid.Bool().Draw(t, "hand") {
				to := rapid.SampledFrom([]string{holder, "x", "y"}).Draw(t, "custodian")
				p.Hand(a, b, to, holder)
				for i := a; i < b; i++ {
					who[i] = to
				}
				continue
			}
			s := UnitState(rapid.Uint8Range(0, 8).Draw(t, "state"))
			p.Set(a, s, UnitActive)
			states[a] = s
		}
		for i := range states {
			if got := p.At(uint64(i), UnitActive); got != states[i] {
				t.Fatalf("pack %d is %s, want %s", i, got, states[i])
			}
			if got := p.Custodian(uint64(i), holder); got != who[i] {
				t.Fatalf("pack %d is with %s, want %s", i, got, who[i])
			}
		}
		for i := 1; i < len(p.Custody); i++ {
			if p.Custody[i].Holder == p.Custody[i-1].Holder || p.Custody[i].End <= p.Custody[i-1].End {
				t.Fatalf("runs are not maximal: %v", p.Custody)
			}
		}
	})
}

func TestHashesText(t *testing.T) {
	h := Hashes{merkle.LeafHash(nil), merkle.LeafHash([]byte{1})}
	text, _ := h.MarshalText()
	var back Hashes
	if err := back.UnmarshalText(text); err != nil || !cmp.Equal(back, h) {
		t.Errorf("%v, %v", back, err)
	}
	if err := back.UnmarshalText(text[:40]); err == nil {
		t.Error("a length that is no multiple of 32 is read")
	}
}
