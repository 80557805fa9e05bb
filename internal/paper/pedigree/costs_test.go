package pedigree

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Table 2, counted while running. Two of its T_Sig cannot be obtained: no printed
// step has DM or DD verify Cert_D.
func TestTable2(t *testing.T) {
	w := newWorld()
	registered := w.c.Costs.At(Registration, BCC).Count()
	if got, want := registered, (Count{Mul: 8}); got != want {
		t.Errorf("registration of 8 parties = %+v, want %+v", got, want)
	}
	w.trade(t, thyme)
	missing := map[Place]int{{Approval, DM}: 1, {Distribution, DD}: 1}
	for at, want := range Table2 {
		if at.Role == BCC {
			continue
		}
		want.Sig -= missing[at]
		got := w.c.Costs.At(at.Phase, at.Role)
		if got.Count() != want {
			t.Errorf("%v, %v = %+v, want %+v", at.Phase, at.Role, got.Count(), want)
		}
		if got.PointMul != 3 || got.ModMul != 4 || got.Inverse != 2 || got.PointAdd != 1 {
			t.Errorf("%v, %v: 7 T_Mul = %d points + %d modulo n, with %d inversions and %d additions; want 3, 4, 2, 1",
				at.Phase, at.Role, got.PointMul, got.ModMul, got.Inverse, got.PointAdd)
		}
	}
	if got, want := len(w.c.Costs.Ops), len(Table2); got != want {
		t.Errorf("%d places count something, Table 2 has %d", got, want)
	}
}

// IV-I, which is in neither table: six hashes, six comparisons, one signature.
func TestThirdPartyCost(t *testing.T) {
	w := newWorld()
	w.trade(t, thyme)
	if err := w.legal(thyme.IDBC); err != nil {
		t.Fatal(err)
	}
	if got, want := w.c.Costs.At(Verification, TP).Count(), (Count{0, 6, 6, 1}); got != want {
		t.Errorf("third party = %+v, want %+v", got, want)
	}
}

// Table 3, counted while running: all four lengths and all twelve times.
func TestTable3(t *testing.T) {
	c := NewCentre()
	c.Register("ID-DM", scalar("d"))
	w := newWorld()
	w.trade(t, thyme)
	for phase, want := range Table3 {
		costs := w.c.Costs
		if phase == Registration {
			costs = c.Costs
		}
		got := Comm{Bits: costs.Bits[phase], Rounds: costs.Rounds[phase]}
		for i, link := range Links {
			got.Times[i] = link.Time(got.Bits)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", phase, diff)
		}
		if got := Printed.Bits(phase); got != want.Bits {
			t.Errorf("Printed.Bits(%v) = %d, want %d", phase, got, want.Bits)
		}
	}
	for _, phase := range []Phase{Development, Approval, Distribution} {
		if got, want := w.c.Costs.Uploaded[phase], 480; got != want {
			t.Errorf("%v: uploads of %d bits, want %d", phase, got, want)
		}
	}
}

// V-I in words: DM→DD is 3 keys and signatures, 1 hash, 5 others; DD→DM is 2, 1, 4.
func TestTable3Text(t *testing.T) {
	for _, tt := range []struct {
		x                Exchange
		keys, hash, rest int
	}{{DMDD, 3, 1, 5}, {DDDM, 2, 1, 4}} {
		w := Widths{Key: 1_000_000, Cert: 1_000_000, Hash: 1000, Other: 1}
		if got, want := tt.x.bits(w), tt.keys*w.Key+tt.hash*w.Hash+tt.rest; got != want {
			t.Errorf("%v = %d, want %d", tt.x, got, want)
		}
	}
}

// What the package comment says the lengths depend on.
func TestTable3NeedsHalfASignature(t *testing.T) {
	whole := Printed
	whole.Cert = 2 * whole.Key
	if a, d := whole.Bits(Approval), whole.Bits(Distribution); a != 1920 || d != 2000 {
		t.Errorf("with Cert_D as (r, s): %d and %d bits, want 1920 and 2000", a, d)
	}
	slow := Link{"5G as in the text", 20e6, Links[2].Unit}
	if got := slow.Time(1840); got != 92 {
		t.Errorf("1840 bits at 20 Mbps take %v µs, want 92", got)
	}
}

func ExampleTrade() {
	c := NewCentre()
	by := map[Role]*Party{}
	for _, r := range []Role{DA, MS, DM, DD} {
		by[r] = &Party{Role: r, KeyPair: c.Register(r.String(), scalar(r.String())), Centre: c, DeltaT: delta}
	}
	if _, err := Trade(by, thyme, noon, nonces()); err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range []Phase{Development, Approval, Distribution} {
		fmt.Printf("%v: %d bits\n", p, c.Costs.Bits[p])
	}
	fmt.Printf("DA: %+v\n", c.Costs.At(Approval, DA).Count())
	fmt.Println("verdict:", c.Download(thyme.IDBC).Verify(by[DA].Q, new(Ops)))
	// Output:
	// drug development and trial: 1520 bits
	// drug testing and approval: 1760 bits
	// drug production and distribution: 1840 bits
	// DA: {Mul:7 Hash:3 Cmp:2 Sig:3}
	// verdict: <nil>
}
