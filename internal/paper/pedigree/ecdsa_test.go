package pedigree

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"theriac/internal/wycheprooftest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 6979, A.2.5: P-256 with SHA-256 has key, nonce, r and s in print.
func TestSignRFC6979(t *testing.T) {
	d := number(unhex(t, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"))
	q := new(Ops).times(d, base())
	if got, want := q.X.Text(16), "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"; got != want {
		t.Errorf("Q.x = %s, want %s", got, want)
	}
	if got, want := q.Y.Text(16), "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"; got != want {
		t.Errorf("Q.y = %s, want %s", got, want)
	}
	for _, tt := range []struct{ message, k, want string }{
		{
			"sample", "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60",
			"EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
		},
		{
			"test", "D16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0",
			"F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
		},
	} {
		z := new(Ops).hash(tt.message)
		g, err := new(Ops).Sign(d, number(unhex(t, tt.k)), z)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(g.Bytes(), unhex(t, tt.want)) {
			t.Errorf("Sign(%q) = %X, want %s", tt.message, g.Bytes(), tt.want)
		}
		if err := new(Ops).Verify(q, z, g); err != nil {
			t.Errorf("Verify(%q): %v", tt.message, err)
		}
	}
}

// Project Wycheproof: equations 8–11 take every good signature, and of the bad
// ones only those with r or s out of 1 … n−1, for which no equation asks.
func TestVerifyWycheproof(t *testing.T) {
	good, bad, outside := 0, 0, 0
	for _, v := range wycheprooftest.P256(t) {
		q, sig := Point{number(v.Point[1:33]), number(v.Point[33:])}, v.Signature
		r, s := number(sig[:len(sig)/2]), number(sig[len(sig)/2:])
		err := new(Ops).Verify(q, new(Ops).hash(string(v.Message)), Signature{r, s})
		inside := r.Sign() > 0 && s.Sign() > 0 && r.Cmp(curve.N) < 0 && s.Cmp(curve.N) < 0
		switch {
		case v.Valid && err != nil:
			t.Errorf("case %d: %v, want nil", v.ID, err)
		case v.Valid:
			good++
		case err != nil:
			bad++
		case inside && len(sig) == 2*size:
			t.Errorf("case %d: accepted, want %v", v.ID, ErrSignature)
		default:
			outside++
		}
	}
	if good < 100 || bad < 50 || outside < 3 {
		t.Errorf("ran %d good, %d bad, %d accepted out of range: too few", good, bad, outside)
	}
}

// The arithmetic written out here and crypto/ecdsa agree on keys and take each
// other's signatures.
func TestAgreesWithStandardLibrary(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d, k := drawScalar(rt, "d"), drawScalar(rt, "k")
		z := sha256.Sum256(rapid.SliceOf(rapid.Byte()).Draw(rt, "message"))
		key, err := privateKey(d)
		if err != nil {
			rt.Fatal(err)
		}
		q := new(Ops).times(d, base())
		if !key.PublicKey.Equal(standard(t, q)) {
			rt.Fatalf("d = %x: other public key than crypto/ecdsa", d)
		}
		g, err := new(Ops).Sign(d, k, z[:])
		if err != nil {
			rt.Fatal(err)
		}
		if !ecdsa.Verify(&key.PublicKey, z[:], g.R, g.S) {
			rt.Fatalf("crypto/ecdsa refuses %x", g.Bytes())
		}
		r, s, err := ecdsa.Sign(rand.Reader, key, z[:])
		if err != nil {
			rt.Fatal(err)
		}
		if err := new(Ops).Verify(q, z[:], Signature{r, s}); err != nil {
			rt.Fatalf("Verify(%x, %x): %v", r, s, err)
		}
	})
}

// drawScalar draws from 1 … n−1, small and large ones too.
func drawScalar(t *rapid.T, label string) *big.Int {
	v := number(rapid.SliceOfN(rapid.Byte(), 1, size).Draw(t, label))
	return v.Add(v.Mod(v, new(big.Int).Sub(curve.N, big.NewInt(1))), big.NewInt(1))
}

func TestVerifyRefusesWhatHasNoInverse(t *testing.T) {
	q, z := new(Ops).times(scalar("d"), base()), new(Ops).hash("m")
	zero, one := new(big.Int), big.NewInt(1)
	for _, g := range []Signature{{}, {one, zero}, {one, curve.N}, {nil, one}, {zero, zero}} {
		if err := new(Ops).Verify(q, z, g); !errors.Is(err, ErrSignature) {
			t.Errorf("Verify(%v) = %v, want %v", g, err, ErrSignature)
		}
	}
	for _, k := range []*big.Int{zero, curve.N} {
		if _, err := new(Ops).Sign(one, k, z); !errors.Is(err, errInverse) {
			t.Errorf("Sign with nonce %v = %v, want %v", k, err, errInverse)
		}
	}
	// z·s⁻¹·G + r·s⁻¹·Q is the point at infinity for Q = −(z/r)G.
	inv := new(big.Int).ModInverse(number(z), curve.N)
	minus := new(Ops).times(new(big.Int).Sub(curve.N, one), base())
	if err := new(Ops).Verify(minus, z, Signature{number(z), inv}); !errors.Is(err, ErrSignature) {
		t.Errorf("Verify at infinity = %v, want %v", err, ErrSignature)
	}
}

func FuzzParseSignature(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Add(slices.Repeat([]byte{0xff}, 64))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := ParseSignature(b)
		if err != nil {
			return
		}
		if !bytes.Equal(g.Bytes(), b) {
			t.Fatalf("ParseSignature(%x).Bytes() = %x", b, g.Bytes())
		}
	})
}

// Whatever is in range and passes equations 8–11 passes crypto/ecdsa, and the
// other way round.
func FuzzVerify(f *testing.F) {
	key, err := privateKey(scalar("fuzz"))
	if err != nil {
		f.Fatal(err)
	}
	q, z := point(f, &key.PublicKey), new(Ops).hash("m")
	g, err := new(Ops).Sign(scalar("fuzz"), scalar("k"), z)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(z, g.Bytes())
	f.Add(z, Twin(g).Bytes())
	f.Add(make([]byte, 32), g.Bytes())
	f.Fuzz(func(t *testing.T, z, raw []byte) {
		g, err := ParseSignature(raw)
		if err != nil || len(z) != sha256.Size || g.R.Cmp(curve.N) >= 0 || g.S.Cmp(curve.N) >= 0 {
			return
		}
		ours := new(Ops).Verify(q, z, g) == nil
		if theirs := ecdsa.Verify(&key.PublicKey, z, g.R, g.S); ours != theirs {
			t.Fatalf("z %x, (r, s) %x: %t here, %t by crypto/ecdsa", z, raw, ours, theirs)
		}
	})
}
