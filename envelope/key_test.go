package envelope

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/c2sp/wycheproof"
)

// Wycheproof's P1363 vectors for P-256 and SHA-256. We accept what it calls
// valid or acceptable, unless s is high, and nothing else.
func TestWycheproof(t *testing.T) {
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
				Flags                     []string
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var valid, high, invalid int
	for _, g := range file.TestGroups {
		point, _ := hex.DecodeString(g.PublicKey.Uncompressed)
		key, err := ParseKey(point)
		if err != nil {
			t.Errorf("ParseKey(%x) = %v", point, err)
			continue
		}
		for _, v := range g.Tests {
			msg, _ := hex.DecodeString(v.Msg)
			sig, _ := hex.DecodeString(v.Sig)
			got := key.VerifyDigest(sha256.Sum256(msg), sig)
			switch {
			case v.Result == "invalid":
				invalid++
				if got == nil {
					t.Errorf("%d %s %v: accepted", v.TcID, v.Comment, v.Flags)
				}
			case errors.Is(got, ErrHighS):
				high++
				if LowS(sig) == nil {
					t.Errorf("%d %s: called high", v.TcID, v.Comment)
				}
			default:
				valid++
				if got != nil {
					t.Errorf("%d %s: %v", v.TcID, v.Comment, got)
				}
			}
		}
	}
	if valid < 50 || invalid < 50 || high < 10 {
		t.Errorf("ran %d valid, %d high, %d invalid vectors: the file is not what it was", valid, high, invalid)
	}
}

// RFC 7638: go-jose computes the same thumbprints.
func TestKeyIDAgainstJOSE(t *testing.T) {
	for range 5 {
		s := newSigner(t)
		k, err := KeyOf(s)
		if err != nil {
			t.Fatal(err)
		}
		want := joseThumbprint(t, s)
		if got := k.ID(); !slices.Equal(got[:], want) {
			t.Errorf("ID = %x, go-jose %x", got, want)
		}
	}
}

func TestParseKeyRefusesPointsOffTheCurve(t *testing.T) {
	k, err := KeyOf(newSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	bent := slices.Clone(k.Point())
	bent[40] ^= 1
	for name, point := range map[string][]byte{
		"off the curve": bent, "short": k.Point()[:64], "empty": nil, "infinity": {0},
		"compressed": append([]byte{2}, k.Point()[1:33]...), "zero": append([]byte{4}, make([]byte, 64)...),
	} {
		if _, err := ParseKey(point); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v, want %v", name, err, ErrKey)
		}
	}
}
