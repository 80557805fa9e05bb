package envelope

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/veraison/go-cose"

	"theriac/canon"
)

func newSigner(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func joseThumbprint(t *testing.T, s crypto.Signer) []byte {
	t.Helper()
	jwk := jose.JSONWebKey{Key: s.Public()}
	tp, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

func someClaims(t testing.TB, body Body) Claims {
	t.Helper()
	return Claims{
		Audience: "4012345000009", BodyDigest: body.Digest(), Case: "case-1", Expires: 1_800_000_300,
		IssuedAt: 1_800_000_000, Issuer: "4098765000003", ID: canon.ID{1, 2, 3}, Type: "dmms/1",
		Prev: []canon.Digest{canon.Sum([]byte("before"))},
	}
}

// salter returns salts that differ, which is all that the tests here need.
func salter() func() canon.ID {
	var n byte
	return func() canon.ID { n++; return canon.ID{n} }
}

func someBody(t testing.TB) Body {
	t.Helper()
	b, err := BodyOf(map[string]any{"material": "acetylsalicylic acid", "price": 12, "quantity": "25 kg"}, salter())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// An independent JOSE library verifies what we sign and reads the same claims.
func TestJWSAgainstGoJOSE(t *testing.T) {
	s, c := newSigner(t), someClaims(t, someBody(t))
	raw, err := SignJWS(s, c)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSignedCompact(string(raw), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify(&s.PublicKey)
	if err != nil {
		t.Fatalf("go-jose: %v", err)
	}
	var got map[string]any
	if err := json.Unmarshal(payload, &got); err != nil {
		t.Fatal(err)
	}
	if got["iss"] != c.Issuer || got["aud"] != c.Audience || got["type"] != c.Type || got["jti"] != c.ID.String() {
		t.Errorf("go-jose reads %v", got)
	}
}

// An independent COSE library verifies what we sign.
func TestCOSEAgainstGoCOSE(t *testing.T) {
	s, c := newSigner(t), someClaims(t, someBody(t))
	raw, err := SignCOSE(s, c)
	if err != nil {
		t.Fatal(err)
	}
	var m cose.UntaggedSign1Message
	if err := m.UnmarshalCBOR(raw); err != nil {
		t.Fatal(err)
	}
	v, err := cose.NewVerifier(cose.AlgorithmES256, &s.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := (*cose.Sign1Message)(&m).Verify(nil, v); err != nil {
		t.Errorf("go-cose: %v", err)
	}
}

func TestBothFormsRoundTrip(t *testing.T) {
	s, c := newSigner(t), someClaims(t, someBody(t))
	key, _ := KeyOf(s)
	for name, sign := range map[string]func(crypto.Signer, Claims) ([]byte, error){"JWS": SignJWS, "COSE": SignCOSE} {
		t.Run(name, func(t *testing.T) {
			for _, prev := range [][]canon.Digest{c.Prev, nil} {
				c.Prev = prev
				raw, err := sign(s, c)
				if err != nil {
					t.Fatal(err)
				}
				e, err := Parse(raw)
				if err != nil {
					t.Fatal(err)
				}
				if prev == nil {
					c.Prev = []canon.Digest{}
				}
				if d := cmp.Diff(e.Claims, c); d != "" {
					t.Errorf("claims (-got +want):\n%s", d)
				}
				if err := key.Verify(e.Signature()); err != nil {
					t.Error(err)
				}
				if e.Digest() != canon.Sum(raw) || e.PaperDigest() != canon.Sum(e.sig.Bytes[:]) {
					t.Error("anchors are not those of the bytes")
				}
			}
		})
	}
}

// Attack 000-01..06: no byte of a signed message can change.
func TestEveryFlippedByteIsRefused(t *testing.T) {
	s, c := newSigner(t), someClaims(t, someBody(t))
	key, _ := KeyOf(s)
	for name, sign := range map[string]func(crypto.Signer, Claims) ([]byte, error){"JWS": SignJWS, "COSE": SignCOSE} {
		raw, err := sign(s, c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			for bit := range 8 {
				bent := bytes.Clone(raw)
				bent[i] ^= 1 << bit
				if e, err := Parse(bent); err == nil && key.Verify(e.Signature()) == nil {
					t.Errorf("%s: bit %d of byte %d changed, still verifies", name, bit, i)
				}
			}
		}
	}
}

// Attack 000-16: the mirrored twin (r, n−s) verifies in most libraries.
func TestHighSIsRefused(t *testing.T) {
	s := newSigner(t)
	key, _ := KeyOf(s)
	digest := canon.Sum([]byte("message"))
	sig, err := SignDigest(s, digest)
	if err != nil {
		t.Fatal(err)
	}
	twin := bytes.Clone(sig)
	new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(sig[32:])).FillBytes(twin[32:])
	if !ecdsa.Verify(&s.PublicKey, digest[:], new(big.Int).SetBytes(twin[:32]), new(big.Int).SetBytes(twin[32:])) {
		t.Fatal("the twin does not verify in the standard library: the test tests nothing")
	}
	if err := key.VerifyDigest(digest, twin); !errors.Is(err, ErrHighS) {
		t.Errorf("twin: %v, want %v", err, ErrHighS)
	}
}

// algorithm confusion and keys brought in headers.
func TestForeignHeadersAreRefused(t *testing.T) {
	s, c := newSigner(t), someClaims(t, someBody(t))
	key, _ := KeyOf(s)
	payload, err := canon.JSON(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]string{
		"none":        `{"alg":"none"}`,
		"HS256":       `{"alg":"HS256","kid":"` + key.ID().String() + `","typ":"theriac+jws"}`,
		"jwk":         `{"alg":"ES256","jwk":{},"kid":"` + key.ID().String() + `","typ":"theriac+jws"}`,
		"kid path":    `{"alg":"ES256","kid":"../../../../etc/passwd","typ":"theriac+jws"}`,
		"crit":        `{"alg":"ES256","crit":["x"],"kid":"` + key.ID().String() + `","typ":"theriac+jws"}`,
		"other order": `{"kid":"` + key.ID().String() + `","alg":"ES256","typ":"theriac+jws"}`,
		"other typ":   string(jwsHeader("vc+jwt", key.ID())),
		"space":       `{"alg":"ES256", "kid":"` + key.ID().String() + `","typ":"theriac+jws"}`,
	} {
		signed := canon.Text([]byte(header)) + "." + canon.Text(payload)
		sig, err := SignDigest(s, sha256.Sum256([]byte(signed)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseJWS([]byte(signed + "." + canon.Text(sig))); !errors.Is(err, canon.ErrNotCanonical) {
			t.Errorf("%s: %v, want %v", name, err, canon.ErrNotCanonical)
		}
	}
}

func FuzzDecodeMessage(f *testing.F) {
	body := someBody(f)
	jws, err := SignJWS(newSigner(f), someClaims(f, body))
	if err != nil {
		f.Fatal(err)
	}
	raw, _ := (&Message{body.Disclose("price"), &Envelope{raw: jws}}).Encode()
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := DecodeMessage(raw)
		if err != nil {
			return
		}
		if again, err := m.Encode(); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("accepted %q, writes %q, %v", raw, again, err)
		}
	})
}

func FuzzParseCOSE(f *testing.F) {
	raw, err := SignCOSE(newSigner(f), someClaims(f, someBody(f)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ParseCOSE(raw)
		if err != nil {
			return
		}
		payload, err := canon.CBOR(e.Claims)
		if err != nil {
			t.Fatal(err)
		}
		if again := encodeSign1(t, claimsType, e.sig, payload); !bytes.Equal(again, raw) {
			t.Fatalf("accepted %x, writes %x", raw, again)
		}
	})
}
