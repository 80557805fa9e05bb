package pedigree

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"math/big"
	"testing"
	"time"
)

// Attack 000-16: one registered key, one (r, s), one BC, two messages.
func TestDuplicateSignature(t *testing.T) {
	w := newWorld()
	order := thyme.fields(DMMS)
	order[ID], order[TS] = "ID-dup", "1604880000"
	denial := order
	denial[Detail] = "1 kg chalk"
	key, g, err := DuplicateSignatureKey(DMMS.Digest(order), DMMS.Digest(denial), scalar("k"))
	if err != nil {
		t.Fatal(err)
	}
	// Eq. 1 has the centre choose d: it, or a signer whom it lets choose.
	w.c.Register("ID-dup", secret(t, key))
	var bcs []string
	for _, f := range []Fields{order, denial} {
		if !ecdsa.Verify(&key.PublicKey, DMMS.Digest(f), g.R, g.S) {
			t.Errorf("crypto/ecdsa refuses %q", f[Detail])
		}
		bc, err := w.by[MS].Receive(DMMS, Message{f, g}, noon, w.k())
		if err != nil {
			t.Fatalf("Receive(%q) = %v, want nil", f[Detail], err)
		}
		bcs = append(bcs, bc)
	}
	if bcs[0] != bcs[1] {
		t.Errorf("two BCs, %x and %x, want one", bcs[0], bcs[1])
	}
	if g.S.Cmp(new(big.Int).Rsh(curve.N, 1)) > 0 {
		t.Error("high-s: a low-s rule would stop it")
	}
	if _, _, err := DuplicateSignatureKey(DMMS.Digest(order), DMMS.Digest(denial), new(big.Int)); !errors.Is(err, errInverse) {
		t.Errorf("DuplicateSignatureKey with nonce 0 = %v, want %v", err, errInverse)
	}
}

// Attack 000-16: somebody else's (r, s), and so its BC, verifies my message under
// my key Q'. It needs nothing but the signature.
func TestKeySubstitution(t *testing.T) {
	w := newWorld()
	m := w.trade(t, thyme)[DMDD]
	mine := m.Fields
	mine[Detail] = "mine, not DM's"
	z := DMDD.Digest(mine)
	key, err := SubstitutionKey(m.Sig, z)
	if err != nil {
		t.Fatal(err)
	}
	if err := new(Ops).Verify(point(t, key), z, m.Sig); err != nil {
		t.Errorf("equations 8–11 under Q': %v, want nil", err)
	}
	if !ecdsa.Verify(key, z, m.Sig.R, m.Sig.S) {
		t.Error("crypto/ecdsa refuses it under Q'")
	}
	if key.Equal(standard(t, w.by[DM].Q)) {
		t.Error("Q' is the victim's key")
	}
	if _, err := SubstitutionKey(Signature{new(big.Int), m.Sig.S}, z); err == nil {
		t.Error("SubstitutionKey with r = 0 = nil, want an error")
	}
}

// Attack 000-16 with proof of possession: who knows k (the signer, or the centre,
// which knows d) also gets the private key of Q', and can register it.
func TestKeySubstitutionWithPossession(t *testing.T) {
	w := newWorld()
	m := w.trade(t, thyme)[DMDD]
	k, err := Nonce(w.c.Operator(m.Fields[ID]).D, DMDD.Digest(m.Fields), m.Sig)
	if err != nil {
		t.Fatal(err)
	}
	mine := m
	mine.Fields[ID], mine.Fields[Detail] = "ID-thief", "mine, not DM's"
	key, err := SubstitutionPrivateKey(m.Sig, k, DMDD.Digest(mine.Fields))
	if err != nil {
		t.Fatal(err)
	}
	w.c.Register("ID-thief", secret(t, key))
	bc, err := w.by[DD].Receive(DMDD, mine, noon, w.k())
	if err != nil {
		t.Fatalf("Receive = %v, want nil", err)
	}
	if bc != BC(m.Sig) {
		t.Errorf("BC = %x, want the victim's %x", bc, BC(m.Sig))
	}
	if err := w.legal(thyme.IDBC); err != nil {
		t.Errorf("third party: %v, want nil", err)
	}
}

// Attack 000-16: (r, n−s), and for want of a range check (r+n, s+n), are further
// BCs of one message, and the third party takes them.
func TestSecondBC(t *testing.T) {
	for name, bend := range map[string]func(Signature) Signature{
		"r, n−s": Twin,
		"r+n, s+n": func(g Signature) Signature {
			return Signature{new(big.Int).Add(g.R, curve.N), new(big.Int).Add(g.S, curve.N)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			m := w.trade(t, thyme)[DDDM]
			twin := Message{m.Fields, bend(m.Sig)}
			bc, err := w.by[DM].Receive(DDDM, twin, noon, w.k())
			if err != nil {
				t.Fatalf("Receive = %v, want nil", err)
			}
			if bc == BC(m.Sig) {
				t.Error("same BC, want a second one")
			}
			if got := w.c.Download(thyme.IDBC).BCs[DDDM]; got != bc {
				t.Errorf("downloaded BC = %x, want the second, %x", got, bc)
			}
			if err := w.legal(thyme.IDBC); err != nil {
				t.Errorf("third party: %v, want nil", err)
			}
		})
	}
	g := Signature{scalar("r"), scalar("s")}
	if !bytes.Equal(Twin(Twin(g)).Bytes(), g.Bytes()) {
		t.Error("Twin is not its own inverse")
	}
}

// Attack 000-22: nothing notices a repeated k; two signatures give d.
func TestRepeatedNonce(t *testing.T) {
	w, k := newWorld(), scalar("again")
	var z, s [2]*big.Int
	var last Message
	for i, kilos := range []string{"1 kg", "2 kg"} {
		f := thyme.fields(DMMS)
		f[Detail] = kilos
		m, err := w.by[DM].Send(DMMS, f, noon, k)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.by[MS].Receive(DMMS, m, noon, w.k()); err != nil {
			t.Fatalf("Receive = %v, want nil", err)
		}
		z[i], s[i], last = number(DMMS.Digest(m.Fields)), m.Sig.S, m
	}
	// k = (z1−z2)/(s1−s2), and d solves equation 5 as d' does in SubstitutionPrivateKey.
	inv := new(big.Int).ModInverse(modN(new(big.Int).Sub(s[0], s[1])), curve.N)
	found := modN(new(big.Int).Mul(new(big.Int).Sub(z[0], z[1]), inv))
	key, err := SubstitutionPrivateKey(last.Sig, found, DMMS.Digest(last.Fields))
	if err != nil {
		t.Fatal(err)
	}
	if got := secret(t, key); got.Cmp(w.by[DM].D) != 0 {
		t.Errorf("d = %x, want DM's", got)
	}
}

// Attack 000-12: a timestamp a year ahead is taken, now and until then.
func TestTimestampAheadIsTaken(t *testing.T) {
	w := newWorld()
	year := noon.AddDate(1, 0, 0)
	for x := DMMS; x <= DDDM; x++ {
		m, err := w.by[x.From()].Send(x, thyme.fields(x), year, w.k())
		if err != nil {
			t.Fatal(err)
		}
		for _, now := range []time.Time{noon, noon.AddDate(0, 6, 0), year.Add(delta)} {
			if _, err := w.by[x.To()].Receive(x, m, now, w.k()); err != nil {
				t.Errorf("%v at %v: %v, want nil", x, now, err)
			}
		}
	}
}

// Attack 000-11: within ΔT a message is taken again, and is a second order.
func TestReplayWithinDeltaT(t *testing.T) {
	w := newWorld()
	for i, m := range w.trade(t, thyme) {
		x := Exchange(i)
		for n, late := range []time.Duration{0, delta / 2, delta} {
			if _, err := w.by[x.To()].Receive(x, m, noon.Add(late), w.k()); err != nil {
				t.Errorf("%v again after %v: %v, want nil", x, late, err)
			}
			if got, want := len(w.c.Rows(x)), n+2; got != want {
				t.Errorf("%v: %d rows, want %d", x, got, want)
			}
		}
		if _, err := w.by[x.To()].Receive(x, m, noon.Add(delta+time.Second), w.k()); !errors.Is(err, ErrStale) {
			t.Errorf("%v after ΔT: %v, want %v", x, err, ErrStale)
		}
	}
}

// Attack 000-13: a message names no receiver: another one takes it.
func TestRedirectedMessage(t *testing.T) {
	w := newWorld()
	for i, m := range w.trade(t, thyme) {
		x := Exchange(i)
		if _, err := w.other[x.To()].Receive(x, m, noon, w.k()); err != nil {
			t.Errorf("%v by a second %v: %v, want nil", x, x.To(), err)
		}
	}
}
