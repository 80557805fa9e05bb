package genuine

import (
	"encoding/hex"
	"errors"
	"math"
	"testing"
)

// 3.2, the flow (1) to (4), with a value that Python's hashlib computed.
func TestRegistrationDevice(t *testing.T) {
	chain := NewChain()
	var j Judgment
	for i := range j.OK {
		j.OK[i], j.Bad[i] = byte(i), byte(0xf0+i)
	}
	d := &Registration{Device{Ranges: syrup, J: j}, chain}
	u := Info{ID{"7612345", "SN1"}, "5.0", 2, "r"}
	for _, tt := range []struct {
		name string
		p1   Signal
		want string
	}{
		{"legitimate", good, "afb0e3b8ba176f5a51df9d8251fa53d650cf92284b60f3588dba626284312370"},
		{"illegitimate", counterfeit, "15f59efa1294afb66f6219145be2f1e311af09b8c9035da5d984e561a8e9db35"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.Register(tt.p1, u)
			e, ok := chain.Entry(u.ID)
			if got := hex.EncodeToString(e.V[:]); !ok || e.Verified || got != tt.want {
				t.Errorf("Register: V = %s, verified %t, want %s, false", got, e.Verified, tt.want)
			}
		})
	}
	if d.Hashes != 4 {
		t.Errorf("two registrations took %d hashes, want 4", d.Hashes)
	}
}

// 3.2, judgment: "legitimate if within the range", both ends (001-13).
func TestJudgmentAtTheLimits(t *testing.T) {
	d := Device{Ranges: syrup, J: newWorld().supplier.J}
	low, high := syrup[0].Low, syrup[0].High
	for _, tt := range []struct {
		p    Signal
		want Value
	}{
		{Signal{low, 1.445}, d.J.OK},
		{Signal{high, 1.445}, d.J.OK},
		{Signal{math.Nextafter(low, 0), 1.445}, d.J.Bad},
		{Signal{math.Nextafter(high, 99), 1.445}, d.J.Bad},
		{Signal{13, 1.4499}, d.J.OK},
		{Signal{13, 1.4501}, d.J.Bad},
		{Signal{math.NaN(), 1.445}, d.J.Bad},
		{Signal{13}, d.J.Bad},
		{Signal{13, 1.445, 1}, d.J.Bad},
	} {
		if got := d.Judge(d.Measure(tt.p)); got != tt.want {
			t.Errorf("Judge(%v) = %x, want %x", tt.p, got, tt.want)
		}
	}
}

// 3.3: "Key2 without noise is always equal to Key1", over a million readings of pieces
// in range, and never for one out of range (001-13).
func TestVerificationDevice(t *testing.T) {
	w := newWorld()
	u := w.info("SN1").Value()
	key1 := w.supplier.Generate(w.supplier.J.OK, u)
	in, out := 0, 0
	for range 1_000_000 {
		p2 := Signal{13 + 0.08*w.random.NormFloat64(), 1.445 + 0.002*w.random.NormFloat64()}
		within := math.Abs(p2[0]-13) <= 0.1999 && math.Abs(p2[1]-1.445) <= 0.00499
		beyond := math.Abs(p2[0]-13) > 0.2001 || math.Abs(p2[1]-1.445) > 0.00501
		same := w.deliverer.Verify(p2, ID{}, u) == key1
		if within && !same || beyond && same {
			t.Fatalf("Verify(%v) = Key1: %t", p2, same)
		}
		if within {
			in++
		} else if beyond {
			out++
		}
	}
	if in < 900_000 || out < 10_000 {
		t.Errorf("%d readings in range and %d beyond try nothing", in, out)
	}
}

// 3.4, the flow (1) to (3).
func TestIdentificationDevice(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	if err := w.delivered(good, w.info("SN2")); !errors.Is(err, ErrUnknown) {
		t.Errorf("unregistered: %v, want %v", err, ErrUnknown)
	}
	if err := w.delivered(counterfeit, u); !errors.Is(err, ErrMismatch) {
		t.Errorf("counterfeit: %v, want %v", err, ErrMismatch)
	}
	if e, _ := w.chain.Entry(u.ID); e.Verified {
		t.Error("a mismatch set the mark")
	}
	if err := w.delivered(alsoGood, u); err != nil {
		t.Errorf("good: %v, want nil", err)
	}
	if e, _ := w.chain.Entry(u.ID); !e.Verified {
		t.Error("a match did not set the mark")
	}
	if err := w.delivered(good, u); !errors.Is(err, ErrVerified) {
		t.Errorf("again: %v, want %v", err, ErrVerified)
	}
	if w.user.Hashes != 2 {
		t.Errorf("%d hashes, want 2", w.user.Hashes)
	}
}

// 4.1.1: verified once, a thing can be verified again when the number of verifications
// is added by one and registered.
func TestReverification(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	if err := w.delivered(good, u); err != nil {
		t.Fatal(err)
	}
	again := w.supplier.Reverify(good, u)
	if again.Verifications != 1 || again.ID != u.ID {
		t.Errorf("Reverify = %+v", again)
	}
	if err := w.delivered(good, u); !errors.Is(err, ErrMismatch) {
		t.Errorf("by the former number: %v, want %v", err, ErrMismatch)
	}
	if err := w.delivered(good, again); err != nil {
		t.Errorf("by the new number: %v, want nil", err)
	}
}

// 4.2: "from user A to user B and from user B to user C", each with a key of its own.
// The chain keeps the last hop alone.
func TestHops(t *testing.T) {
	w := newWorld()
	ab := w.shipped("SN1")
	first, _ := w.chain.Entry(ab.ID)
	if err := w.delivered(good, ab); err != nil {
		t.Fatal(err)
	}
	bc := w.info("SN1")
	(&Registration{w.supplier.Device, w.chain}).Register(good, bc) // B's own device
	second, _ := w.chain.Entry(bc.ID)
	if first.V == second.V || second.Verified {
		t.Errorf("B→C: V %x after %x, verified %t", second.V, first.V, second.Verified)
	}
	if err := w.delivered(good, bc); err != nil {
		t.Errorf("B→C: %v, want nil", err)
	}
}
