package envelope

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"theriac/internal/wycheprooftest"
)

// Wycheproof's P1363 vectors for P-256 and SHA-256. We accept what it calls
// valid or acceptable, unless s is high, and nothing else.
func TestWycheproof(t *testing.T) {
	var valid, high, invalid int
	for _, v := range wycheprooftest.P256(t) {
		key, err := ParseKey(v.Point)
		if err != nil {
			t.Fatalf("ParseKey(%x) = %v", v.Point, err)
		}
		got := key.VerifyDigest(sha256.Sum256(v.Message), v.Signature)
		switch {
		case !v.Valid:
			invalid++
			if got == nil {
				t.Errorf("%d %s: accepted", v.ID, v.Comment)
			}
		case errors.Is(got, ErrHighS):
			high++
			if LowS(v.Signature) == nil {
				t.Errorf("%d %s: called high", v.ID, v.Comment)
			}
		default:
			valid++
			if got != nil {
				t.Errorf("%d %s: %v", v.ID, v.Comment, got)
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
