package p256

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"testing"

	"filippo.io/nistec"
	"pgregory.net/rapid"

	"theriac/internal/wycheprooftest"
)

type pair struct{ R, S *big.Int }

func key(t testing.TB) (*ecdsa.PrivateKey, *Table) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	table, err := NewTable(point)
	if err != nil {
		t.Fatal(err)
	}
	return k, table
}

func sign(t testing.TB, k *ecdsa.PrivateKey, digest [32]byte) (sig [64]byte) {
	t.Helper()
	der, err := k.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	var p pair
	if _, err := asn1.Unmarshal(der, &p); err != nil {
		t.Fatal(err)
	}
	p.R.FillBytes(sig[:32])
	p.S.FillBytes(sig[32:])
	return sig
}

// standard is what crypto/ecdsa says.
func standard(k *ecdsa.PublicKey, digest [32]byte, sig [64]byte) bool {
	return ecdsa.Verify(k, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}

// Whatever is changed, the table says what the standard library says.
func TestVerifyAsStandard(t *testing.T) {
	k, table := key(t)
	edge := []*big.Int{big.NewInt(0), big.NewInt(1), order, new(big.Int).Sub(order, big.NewInt(1)), new(big.Int).Lsh(big.NewInt(1), 255)}
	rapid.Check(t, func(t *rapid.T) {
		digest := sha256.Sum256(rapid.SliceOf(rapid.Byte()).Draw(t, "message"))
		der, err := k.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		var p pair
		if _, err := asn1.Unmarshal(der, &p); err != nil {
			t.Fatal(err)
		}
		var sig [64]byte
		p.R.FillBytes(sig[:32])
		p.S.FillBytes(sig[32:])
		if !table.Verify(digest, sig) {
			t.Fatal("a good signature is refused")
		}
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			digest[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case 1:
			sig[rapid.IntRange(0, 63).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case 2:
			edge[rapid.IntRange(0, len(edge)-1).Draw(t, "r")].FillBytes(sig[:32])
		case 3:
			edge[rapid.IntRange(0, len(edge)-1).Draw(t, "s")].FillBytes(sig[32:])
		case 4: // the twin with n − s is a signature too; who wants one form asks for it
			p.S.Sub(order, p.S).FillBytes(sig[32:])
		}
		if got, want := table.Verify(digest, sig), standard(&k.PublicKey, digest, sig); got != want {
			t.Fatalf("Verify(%x, %x) = %v, crypto/ecdsa says %v", digest, sig, got, want)
		}
	})
}

// Multiples of the key in every place, as the library multiplies.
func TestEveryMultiple(t *testing.T) {
	_, table := key(t)
	q := table.multiples[0][0]
	for i := range windows {
		for _, d := range []int{1, 2, 31, 32, 63} {
			n := new(big.Int).Lsh(big.NewInt(int64(d)), uint(window*i))
			n.Mod(n, order)
			want, err := nistec.NewP256Point().ScalarMult(&q, n.FillBytes(make([]byte, 32)))
			if err != nil {
				t.Fatal(err)
			}
			if got := table.multiples[i][d-1].Bytes(); string(got) != string(want.Bytes()) {
				t.Fatalf("%d·2^%d·Q is wrong", d, window*i)
			}
		}
	}
}

func TestWycheproof(t *testing.T) {
	tables := map[string]*Table{}
	for _, v := range wycheprooftest.P256(t) {
		table := tables[string(v.Point)]
		if table == nil {
			var err error
			if table, err = NewTable(v.Point); err != nil {
				t.Fatal(err)
			}
			tables[string(v.Point)] = table
		}
		got := len(v.Signature) == 64 && table.Verify(sha256.Sum256(v.Message), [64]byte(v.Signature))
		if got != v.Valid {
			t.Errorf("vector %d (%s): Verify = %v", v.ID, v.Comment, got)
		}
	}
}

func TestNewTableRefuses(t *testing.T) {
	k, _ := key(t)
	point, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	off := bytes.Clone(point)
	off[64] ^= 1
	compressed := append([]byte{2 + point[64]&1}, point[1:33]...)
	for _, bad := range [][]byte{nil, {0}, off, compressed, point[:64]} {
		if _, err := NewTable(bad); err == nil {
			t.Errorf("NewTable(%x) takes it", bad)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	k, table := key(b)
	digest := sha256.Sum256([]byte("x"))
	sig := sign(b, k, digest)
	for b.Loop() {
		if !table.Verify(digest, sig) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkStandard(b *testing.B) {
	k, _ := key(b)
	digest := sha256.Sum256([]byte("x"))
	sig := sign(b, k, digest)
	for b.Loop() {
		if !standard(&k.PublicKey, digest, sig) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkNewTable(b *testing.B) {
	k, _ := key(b)
	point, _ := k.PublicKey.Bytes()
	for b.Loop() {
		if _, err := NewTable(point); err != nil {
			b.Fatal(err)
		}
	}
}
