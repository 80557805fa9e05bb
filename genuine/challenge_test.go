package genuine_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/internal/ledger/ledgertest"
	"theriac/merkle"
)

// A challenge travels through the deliverer's hands: he reads nothing of U in it, and
// gives it to no other device.
func TestChallengeIsSealed(t *testing.T) {
	s := newScene(t)
	c := s.challenge(2)
	raw, err := c.Seal(&s.theirs.Device)
	s.must(err)
	if bytes.Contains(raw, c.Transaction.Random[:]) || bytes.Contains(raw, []byte(c.Transaction.Item)) {
		t.Error("the seal shows U")
	}
	got, err := genuine.OpenChallenge(&s.theirs.Device, s.theirs.Open, raw)
	s.must(err)
	if d := cmp.Diff(got, c); d != "" {
		t.Errorf("opened (-got +want):\n%s", d)
	}
	s.must(s.identify(c, s.answer(got)))
	for name, d := range map[string]*ledgertest.Device{
		"another device":           s.makers,
		"another device's key":     {Device: s.theirs.Device, Open: s.makers.Open},
		"under another one's name": {Device: s.makers.Device, Open: s.theirs.Open},
	} {
		if _, err := genuine.OpenChallenge(&d.Device, d.Open, raw); !errors.Is(err, genuine.ErrSealed) {
			t.Errorf("%s: %v, want ErrSealed", name, err)
		}
	}
	for i := range raw {
		bent := bytes.Clone(raw)
		bent[i] ^= 1 << (i % 8)
		if _, err := genuine.OpenChallenge(&s.theirs.Device, s.theirs.Open, bent); !errors.Is(err, genuine.ErrSealed) {
			t.Fatalf("byte %d: %v, want ErrSealed", i, err)
		}
	}
	// What is sealed for one use does not open for another.
	if _, err := genuine.OpenLineKey(chainID, &s.theirs.Device, s.theirs.Open, &s.line, raw); !errors.Is(err, genuine.ErrSealed) {
		t.Errorf("as a line key: %v, want ErrSealed", err)
	}
	c.Transaction.Counter = 0
	raw, err = c.Seal(&s.theirs.Device)
	s.must(err)
	if _, err := genuine.OpenChallenge(&s.theirs.Device, s.theirs.Open, raw); !errors.Is(err, genuine.ErrTransaction) {
		t.Errorf("of what no consignment makes: %v, want ErrTransaction", err)
	}
}

// A path leads from each mark to the root, in trees of all shapes, and from none else.
func TestMarkPath(t *testing.T) {
	var all chain.Hashes
	for n := range 40 {
		tree := genuine.NewMarkTree(all)
		if tree.Root() != merkle.Root(all) {
			t.Errorf("root of %d marks", n)
		}
		for i := range all {
			path, err := tree.Path(uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			if err := merkle.VerifyInclusion(all[i], uint64(i), uint64(n), path, tree.Root()); err != nil {
				t.Errorf("mark %d of %d: %v", i, n, err)
			}
			if again, err := genuine.MarkPath(all, uint64(i)); err != nil || cmp.Diff(again, path) != "" {
				t.Errorf("mark %d of %d: MarkPath %v, %v, want %v", i, n, again, err, path)
			}
		}
		for _, i := range []uint64{uint64(n), uint64(n) + 1, 1 << 63} {
			if _, err := tree.Path(i); !errors.Is(err, genuine.ErrProof) {
				t.Errorf("mark %d of %d: %v, want ErrProof", i, n, err)
			}
		}
		all = append(all, chain.MarkLeaf(canon.Sum([]byte{byte(n)})))
	}
}

// plain seals any bytes, as somebody may who knows a device by its record.
func plain(t testing.TB, d *chain.Device, info, text []byte) []byte {
	t.Helper()
	point, err := ecdh.P256().NewPublicKey(d.Seal)
	if err != nil {
		t.Fatal(err)
	}
	key, err := hpke.NewDHKEMPublicKey(point)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Anybody can seal something to a device. Whatever it is, nothing panics, and what is
// taken has one encoding.
func FuzzSealed(f *testing.F) {
	s := newScene(f)
	name := kid(f, s.theirs)
	for _, v := range []any{&s.key, &s.plan, s.challenge(1)} {
		raw, err := canon.CBOR(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte{})
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, text []byte) {
		same := func(what string, v any, err error) {
			if err != nil {
				return
			}
			if again, err := canon.CBOR(v); err != nil || !bytes.Equal(again, text) {
				t.Errorf("%s %x is encoded as %x, %v", what, text, again, err)
			}
		}
		raw := plain(t, &s.theirs.Device, canon.Encode("theriac/line-key/1", []byte(chainID), name[:]), text)
		k, err := genuine.OpenLineKey(chainID, &s.theirs.Device, s.theirs.Open, &s.line, raw)
		same("line key", k, err)
		raw = plain(t, &s.theirs.Device, canon.Encode("theriac/challenge/1", name[:]), text)
		c, err := genuine.OpenChallenge(&s.theirs.Device, s.theirs.Open, raw)
		same("challenge", c, err)
		if err == nil {
			// The device does not trip over it either.
			_, _ = s.key.Answer(c, good(), s.theirs.Key)
		}
		raw = plain(t, &s.theirs.Device, canon.Encode("theriac/consignment/1", []byte(chainID), []byte(maker), []byte(consignee)), text)
		p, err := genuine.OpenConsignment(s.theirs.Open, chainID, &s.registration, raw)
		same("consignment", p, err)
	})
}
