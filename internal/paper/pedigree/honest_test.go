package pedigree

import (
	"flag"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever the keys, names, contents, nonces and delays within ΔT, an honest run of
// all six exchanges verifies, and so does the third party.
func TestHonestRunVerifies(t *testing.T) {
	fewerChecks(t, 5) // a run takes 48 multiplications of points, in big.Int
	rapid.Check(t, func(rt *rapid.T) {
		c, by := NewCentre(), map[Role]*Party{}
		for _, r := range []Role{DA, MS, DM, DD} {
			id := r.String() + rapid.String().Draw(rt, "id")
			by[r] = &Party{Role: r, KeyPair: c.Register(id, drawScalar(rt, "d")), Centre: c, DeltaT: delta}
		}
		text := func(label string) string { return string(rapid.SliceOf(rapid.Byte()).Draw(rt, label)) }
		d := Drug{
			IDBC: text("ID_BC"), MUI: text("ID_MUI"), UI: text("ID_UI"), Certificate: text("certificate"),
			Produced: text("production date"), Expiry: text("expiry"), Cost: text("cost"),
		}
		for x := range d.Details {
			d.Details[x] = text("M")
		}
		now := time.Unix(rapid.Int64Range(0, 1<<33).Draw(rt, "now"), 0)
		k := nonces()
		sent, err := Trade(by, d, now, k)
		if err != nil {
			rt.Fatal(err)
		}
		if err := c.Download(d.IDBC).Verify(by[DA].Q, new(Ops)); err != nil {
			rt.Fatal(err)
		}
		x := Exchange(rapid.IntRange(0, 5).Draw(rt, "exchange"))
		late := time.Duration(rapid.Int64Range(0, int64(delta)).Draw(rt, "delay"))
		if _, err := by[x.To()].Receive(x, sent[x], now.Add(late), k()); err != nil {
			rt.Fatalf("%v after %v: %v", x, late, err)
		}
	})
}

// fewerChecks divides rapid's number of checks for one test.
func fewerChecks(t *testing.T, by int) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	n, err := strconv.Atoi(before)
	if err != nil {
		t.Fatal(err)
	}
	if err := flag.Set(checks.Name, strconv.Itoa(max(n/by, 1))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flag.Set(checks.Name, before); err != nil {
			t.Error(err)
		}
	})
}

// What VerifyCert accepts is its text and the signature's 64 bytes, and nothing
// else.
func FuzzVerifyCert(f *testing.F) {
	w := newWorld()
	cert, err := w.by[DA].Certify("AUTH 65-1", scalar("k"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(cert)
	f.Add(cert[1:])
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		text, err := VerifyCert(s, w.by[DA].Q)
		if err != nil {
			return
		}
		g, err := ParseSignature([]byte(s[len(text):]))
		if err != nil || text+string(g.Bytes()) != s {
			t.Fatalf("VerifyCert(%q) = %q, signature %v", s, text, err)
		}
	})
}
