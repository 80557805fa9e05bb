package p256

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"math/big"
	"testing"

	"filippo.io/nistec"
	"github.com/c2sp/wycheproof"
	"pgregory.net/rapid"
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
	raw, err := fs.ReadFile(wycheproof.TestVectors, "ecdsa_secp256r1_sha256_p1363_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			PublicKey struct{ Uncompressed string }
			Tests     []struct {
				TcID             int
				Msg, Sig, Result string
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, g := range file.TestGroups {
		point, err := hex.DecodeString(g.PublicKey.Uncompressed)
		if err != nil {
			t.Fatal(err)
		}
		table, err := NewTable(point)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range g.Tests {
			msg, err1 := hex.DecodeString(v.Msg)
			sig, err2 := hex.DecodeString(v.Sig)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			seen++
			got := len(sig) == 64 && table.Verify(sha256.Sum256(msg), [64]byte(sig))
			if got != (v.Result == "valid") {
				t.Errorf("vector %d: Verify = %v, want %s", v.TcID, got, v.Result)
			}
		}
	}
	if seen < 200 {
		t.Errorf("%d vectors", seen)
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
