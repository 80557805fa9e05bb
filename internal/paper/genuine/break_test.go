package genuine

import (
	"errors"
	"fmt"
	"iter"
	"testing"
)

// Attack 001-03: a counterfeit, an honest device, and whoever enters U2 enters U ⊕ J_ok
// ⊕ J_bad.
func TestShiftedU2Passes(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	key2 := w.deliverer.Verify(counterfeit, u.ID, Shift(u.Value(), w.deliverer.J))
	passes(t, "counterfeit with U2 shifted", w.user.Identify(u.ID, key2))
}

// What 001-03 depends on: the shifted value is entered as it is. If the device makes the
// 128 bits itself, fields are wanted that hash to it.
func TestShiftNeedsAPreimageWhereFieldsAreEntered(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	want := Shift(u.Value(), w.deliverer.J)
	for range 100_000 {
		u.Random = randomText(w.random)
		if u.Value() == want {
			t.Fatalf("U %+v hashes to the shifted value", u)
		}
	}
}

// Attack 001-02, 001-12: a forged device, with a counterfeit on it, hands what the user
// enters to an honest one, on which another good piece lies. It needs no J.
func TestForgedDeviceMeasuresARetainedSample(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	forged := func(_ Signal, id ID, u2 Value) Key { return w.deliverer.Verify(alsoGood, id, u2) }
	passes(t, "counterfeit on the forged device", w.user.Identify(u.ID, forged(counterfeit, u.ID, u.Value())))
}

// Attack 001-04: the two values are fixed. J_ok from one opened device makes Key2 for
// other products, other suppliers and every transaction.
func TestOneOpenedDeviceOpensAll(t *testing.T) {
	w := newWorld()
	opened := w.deliverer.J.OK
	diamonds := &Registration{Device{Ranges: []Range{{9.9, 10}}, J: w.supplier.J}, w.chain}
	for i := range 100 {
		u := Info{ID{"another maker", fmt.Sprint("SN", i)}, "20", 0, randomText(w.random)}
		diamonds.Register(Signal{10}, u)
		passes(t, "no product, no device", w.user.Identify(u.ID, KeyOf(opened, u.Value())))
	}
}

// Attack 001-08: anybody writes the mark, before the consignee comes or before the thing
// is shipped.
func TestMarkIsBurnt(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	w.chain.Mark(u.ID)
	if err := w.delivered(good, u); !errors.Is(err, ErrVerified) {
		t.Errorf("the consignee, after a stranger's mark = %v, want %v", err, ErrVerified)
	}
}

// Attack 001-08: Key2 is public while it goes to the identification device. A stranger
// has his counterfeit identified by it first.
func TestObservedKey2IsUsedFirst(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	key2 := w.deliverer.Verify(good, u.ID, u.Value())
	copied, ok := w.chain.Observe(u.ID)
	if !ok {
		t.Fatal("nothing to observe")
	}
	strangers := &Identification{Chain: w.chain}
	passes(t, "the stranger's buyer", strangers.Identify(u.ID, copied))
	if err := w.user.Identify(u.ID, key2); !errors.Is(err, ErrVerified) {
		t.Errorf("the consignee = %v, want %v", err, ErrVerified)
	}
}

// Attack 001-09: the deliverer, into whose device U was entered, registers the number of
// verifications plus one with a piece of an unknown brand, and sells it.
func TestCounterByAnybody(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	if err := w.delivered(good, u); err != nil {
		t.Fatal(err)
	}
	unknownBrand := &Registration{w.deliverer.Device, w.chain}
	again := unknownBrand.Reverify(alsoGood, u)
	passes(t, "the unknown brand's piece", w.delivered(alsoGood, again))
}

// Attack 001-11: anybody registers first, or afterwards, V of a key of his own. A device
// that outputs it makes anything legitimate, and the supplier's goods do not pass.
func TestRegistrationByAnybody(t *testing.T) {
	own := Key([]byte("a stranger's key of 32 bytes ....")[:32])
	t.Run("before", func(t *testing.T) {
		w := newWorld()
		id := w.info("SN1").ID
		w.chain.Register(id, DigestOf(own))
		passes(t, "the stranger's piece", w.user.Identify(id, own))
	})
	t.Run("after", func(t *testing.T) {
		w := newWorld()
		u := w.shipped("SN1")
		w.chain.Register(u.ID, DigestOf(own))
		if err := w.delivered(good, u); !errors.Is(err, ErrMismatch) {
			t.Errorf("the supplier's goods = %v, want %v", err, ErrMismatch)
		}
		passes(t, "the stranger's piece", w.user.Identify(u.ID, own))
	})
	t.Run("after the mark", func(t *testing.T) {
		w := newWorld()
		u := w.shipped("SN1")
		if err := w.delivered(good, u); err != nil {
			t.Fatal(err)
		}
		w.chain.Register(u.ID, DigestOf(own))
		passes(t, "the stranger's piece", w.user.Identify(u.ID, own))
	})
}

// Attack 001-07: all acquire before any registers.
func TestInterleavedDoubleUse(t *testing.T) {
	const users = 1000
	w := newWorld()
	u := w.shipped("SN1")
	key2 := w.deliverer.Verify(good, u.ID, u.Value())
	var acquired []Acquired
	for i := range users {
		a, err := w.user.Acquire(u.ID, key2)
		if err != nil {
			t.Fatalf("user %d: %v", i, err)
		}
		acquired = append(acquired, a)
	}
	succeeded := 0
	for _, a := range acquired {
		if w.user.Verify(a) == nil {
			w.user.Register(a)
			succeeded++
		}
	}
	if succeeded != users {
		t.Errorf("%d of %d succeeded, want all: the print does not resist it", succeeded, users)
	}
}

// 3.2 registers what its judgment section refused, and 3.4 compares hashes.
func TestIllegitimateAtBothEnds(t *testing.T) {
	w := newWorld()
	u := w.info("SN1")
	w.supplier.Register(counterfeit, u)
	passes(t, "counterfeit at both ends", w.delivered(counterfeit, u))
	u = w.info("SN2")
	w.supplier.Register(counterfeit, u)
	if err := w.delivered(good, u); !errors.Is(err, ErrMismatch) {
		t.Errorf("and a good piece = %v, want %v", err, ErrMismatch)
	}
}

// Attack 001-14: U names neither consignee nor place.
func TestAnotherConsignee(t *testing.T) {
	w := newWorld()
	u := w.shipped("SN1")
	elsewhere := &Identification{Chain: w.chain}
	passes(t, "identified elsewhere", elsewhere.Identify(u.ID, w.deliverer.Verify(good, u.ID, u.Value())))
}

// Attack 001-10: with J_ok of one opened device, U without random bits falls to whoever
// reads the chain, and with it Key2.
func TestLowEntropyIsGuessed(t *testing.T) {
	w := newWorld()
	u := Info{ID{"7612345", "SN00000001"}, "17.3", 4, ""}
	w.supplier.Register(good, u)
	e, _ := w.chain.Entry(u.ID)
	found, tried, err := Guess(e, w.deliverer.J.OK, labels(u.ID))
	if err != nil || found != u {
		t.Fatalf("Guess = %+v after %d, %v, want %+v", found, tried, err, u)
	}
	passes(t, "no product, no device", w.user.Identify(u.ID, KeyOf(w.deliverer.J.OK, found.Value())))
	if _, tried, err := Guess(e, Value{}, labels(u.ID)); !errors.Is(err, ErrMismatch) || tried != 10_000 {
		t.Errorf("Guess without J = %d tried, %v, want 10000, %v", tried, err, ErrMismatch)
	}
}

// labels yields the temperatures and numbers of verifications that there are.
func labels(id ID) iter.Seq[Info] {
	return func(yield func(Info) bool) {
		for tenths := range 1000 {
			for n := range 10 {
				if !yield(Info{id, fmt.Sprintf("%d.%d", tenths/10, tenths%10), n, ""}) {
					return
				}
			}
		}
	}
}
