// Package wycheprooftest reads Project Wycheproof's vectors of P-256 signatures
// for the tests of all who verify them.
package wycheprooftest

import (
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
)

// A Vector is a signature, r ‖ s if it is well formed, of a message hashed with
// SHA-256.
type Vector struct {
	ID                        int
	Point, Message, Signature []byte // Point: 65 bytes, uncompressed
	Comment                   string
	Valid                     bool
}

// P256 returns the vectors. It fails the test if they are fewer than there were
// when it was written.
func P256(t testing.TB) []Vector {
	t.Helper()
	raw, err := fs.ReadFile(wycheproof.TestVectors, "ecdsa_secp256r1_sha256_p1363_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			PublicKey struct{ Uncompressed string }
			Tests     []struct {
				TcID                      int
				Comment, Msg, Sig, Result string
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	plain := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var out []Vector
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			if v.Result != "valid" && v.Result != "invalid" {
				t.Fatalf("vector %d is %q", v.TcID, v.Result)
			}
			out = append(out, Vector{v.TcID, plain(g.PublicKey.Uncompressed), plain(v.Msg), plain(v.Sig), v.Comment, v.Result == "valid"})
		}
	}
	if len(out) < 200 {
		t.Fatalf("%d vectors", len(out))
	}
	return out
}
