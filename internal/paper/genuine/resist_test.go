package genuine

import (
	"encoding/binary"
	"errors"
	"iter"
	"testing"
)

// What the print does resist. These attacks must fail here too: the positive controls
// of the others would mean little if everything passed.

// Attack 001-01: a counterfeit on an honest device.
func TestOutOfRangeMismatches(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	for i := range 1000 {
		p2 := Signal{13.2001 + float64(i)/100, 1.445}
		if err := w.delivered(p2, u); !errors.Is(err, ErrMismatch) {
			t.Fatalf("mass %v = %v, want %v", p2[0], err, ErrMismatch)
		}
	}
}

// Attack 001-02: "a logistics provider does not have the advantage of storing the Key2
// value" (4.1.1).
func TestForgedOutputsMismatch(t *testing.T) {
	w := newWorld()
	other, u := w.shipped("SN1"), w.shipped("SN2")
	stored := w.deliverer.Verify(good, other.ID, other.Value())
	without := u
	without.Random = ""
	registered, _ := w.chain.Entry(u.ID)
	outputs := map[string]Key{
		"stored of another transaction":        stored,
		"constant":                             {},
		"honest, good piece, no random number": w.deliverer.Verify(good, u.ID, without.Value()),
		"honest, good piece, U of another":     w.deliverer.Verify(good, u.ID, other.Value()),
		"the public V":                         Key(registered.V),
	}
	for what, key2 := range outputs {
		if err := w.user.Identify(u.ID, key2); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s = %v, want %v", what, err, ErrMismatch)
		}
	}
	for range 10_000 {
		key2 := Key([]byte(randomText(w.random) + randomText(w.random)))
		if err := w.user.Identify(u.ID, key2); !errors.Is(err, ErrMismatch) {
			t.Fatalf("random %x = %v, want %v", key2, err, ErrMismatch)
		}
	}
	passes(t, "after all that, the honest device", w.delivered(good, u))
}

// Attack 001-05: the Key2 of A→B, for B→C.
func TestReplayInTheNextHop(t *testing.T) {
	w := newWorld()
	ab := w.shipped("SN1")
	key2 := w.deliverer.Verify(good, ab.ID, ab.Value())
	if err := w.user.Identify(ab.ID, key2); err != nil {
		t.Fatal(err)
	}
	bc := w.shipped("SN1")
	if err := w.user.Identify(bc.ID, key2); !errors.Is(err, ErrMismatch) {
		t.Errorf("Key2 of A→B = %v, want %v", err, ErrMismatch)
	}
	if err := w.delivered(good, bc); err != nil {
		t.Errorf("Key2 of B→C = %v, want nil", err)
	}
}

// Attack 001-06: an unknown brand uses a transaction that was verified.
func TestSecondUse(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	key2 := w.deliverer.Verify(good, u.ID, u.Value())
	if err := w.user.Identify(u.ID, key2); err != nil {
		t.Fatal(err)
	}
	if err := w.user.Identify(u.ID, key2); !errors.Is(err, ErrVerified) {
		t.Errorf("second use = %v, want %v", err, ErrVerified)
	}
}

// Attack 001-10: 4.1.2, "there is no room for an outsider", if U has 128 random bits:
// ten million guesses by somebody who has all of the chain and even J_ok. That Guess
// finds what is among the candidates, the second call shows.
func TestRandomUIsNotGuessed(t *testing.T) {
	guesses := 10_000_000
	if testing.Short() {
		guesses = 100_000
	}
	w := newWorld()
	u := w.shipped("SN1")
	e, _ := w.chain.Entry(u.ID)
	if found, tried, err := Guess(e, w.supplier.J.OK, numbered(u, guesses)); !errors.Is(err, ErrMismatch) || tried != guesses {
		t.Errorf("Guess = %+v after %d, %v, want %v", found, tried, err, ErrMismatch)
	}
	for c := range numbered(u, 100) {
		u = c
	}
	w.supplier.Register(good, u)
	e, _ = w.chain.Entry(u.ID)
	if found, tried, err := Guess(e, w.supplier.J.OK, numbered(u, guesses)); err != nil || found != u || tried != 100 {
		t.Errorf("Guess, random number among the candidates = %+v after %d, %v, want %+v after 100", found, tried, err, u)
	}
}

// numbered yields u with n random numbers that are none.
func numbered(u Info, n int) iter.Seq[Info] {
	return func(yield func(Info) bool) {
		random := make([]byte, 16)
		for i := range n {
			binary.BigEndian.PutUint64(random[8:], uint64(i))
			u.Random = string(random)
			if !yield(u) {
				return
			}
		}
	}
}
