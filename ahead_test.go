package theriac

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"sync/atomic"
	"testing"

	"theriac/canon"
	"theriac/envelope"
)

// A helper's word counts only for the signature that it verified, and a bad one is
// never good, whoever comes to it first.
func TestAhead(t *testing.T) {
	s, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := envelope.KeyOf(s)
	if err != nil {
		t.Fatal(err)
	}
	digest := canon.Sum([]byte("message"))
	raw, err := envelope.SignDigest(s, digest)
	if err != nil {
		t.Fatal(err)
	}
	good := envelope.Signature{KeyID: key.ID(), Digest: digest, Bytes: [envelope.SignatureSize]byte(raw)}
	bad, other, own := good, good, good
	bad.Digest, other.Digest, own.Digest = canon.Sum([]byte("bad")), canon.Sum([]byte("other")), canon.Sum([]byte("own"))
	a := ahead{jobs: map[envelope.Signature]*job{}, stopped: new(atomic.Bool)}
	for _, sig := range []envelope.Signature{good, bad, own} {
		a.jobs[sig] = &job{key: key, sig: sig}
	}
	if a.verified(own) {
		t.Error("a signature that nobody verified counts as good")
	}
	help([]*job{a.jobs[good], a.jobs[bad], a.jobs[own]}, a.stopped)
	for _, tt := range []struct {
		name string
		sig  envelope.Signature
		want bool
	}{{"good", good, true}, {"good again", good, true}, {"bad", bad, false}, {"taken by its caller", own, false}, {"unknown", other, false}} {
		if got := a.verified(tt.sig); got != tt.want {
			t.Errorf("%s: verified = %t, want %t", tt.name, got, tt.want)
		}
		if trusting := key.Trusting(a.verified).Verify(tt.sig) == nil; trusting != (tt.sig == good) {
			t.Errorf("%s: a key that trusts the helpers says %t", tt.name, trusting)
		}
	}
	var none ahead
	none.stop()
	if none.verified(good) {
		t.Error("the zero value has verified something")
	}
}
