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
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/veraison/go-cose"
	"pgregory.net/rapid"

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
	jws, err := jose.ParseSigned(string(raw), []jose.SignatureAlgorithm{jose.ES256})
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

// Withholding fields does not change the digest; changing anything does.
func TestBodyDisclosure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z_]{1,8}`), 1, 10, rapid.ID).Draw(t, "names")
		values := rapid.SliceOfN(rapid.String(), len(names), len(names)).Draw(t, "values")
		body := buildBody(t, names, values)
		shown := body.Disclose(rapid.SliceOf(rapid.SampledFrom(names)).Draw(t, "shown")...)
		if shown.Digest() != body.Digest() {
			t.Fatal("withholding changes the digest")
		}
		if err := shown.check(); err != nil {
			t.Fatal(err)
		}
		bent := append(Body(nil), body...)
		i := rapid.IntRange(0, len(bent)-1).Draw(t, "bent")
		bent[i].Salt[0] ^= 1
		if bent.Digest() == body.Digest() {
			t.Fatal("another salt, the same digest")
		}
	})
}

func buildBody(t *rapid.T, names, values []string) Body {
	byName := map[string]any{}
	for i, n := range names {
		byName[n] = values[i]
	}
	b, err := BodyOf(byName, salter())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBodyInto(t *testing.T) {
	type order struct {
		Material string `json:"material,omitzero"`
		Price    int    `json:"price,omitzero"`
		Quantity string `json:"quantity,omitzero"`
	}
	var got order
	if err := someBody(t).Disclose("material", "price").Into(&got); err != nil {
		t.Fatal(err)
	}
	if want := (order{Material: "acetylsalicylic acid", Price: 12}); got != want {
		t.Errorf("Into = %+v, want %+v", got, want)
	}
	var less struct {
		Material string `json:"material,omitzero"`
	}
	if err := someBody(t).Into(&less); !errors.Is(err, ErrField) {
		t.Errorf("unknown field: %v, want %v", err, ErrField)
	}
	var other struct {
		Material string `json:"material,omitzero"`
		Price    string `json:"price,omitzero"`
		Quantity string `json:"quantity,omitzero"`
	}
	if err := someBody(t).Into(&other); !errors.Is(err, ErrField) {
		t.Errorf("another type: %v, want %v", err, ErrField)
	}
}

func TestReceiveChecksInOrder(t *testing.T) {
	s := newSigner(t)
	key, _ := KeyOf(s)
	now := time.Unix(1_800_000_010, 0)
	base := func() Policy {
		return Policy{
			Audience: "4012345000009", Now: now, Window: 5 * time.Minute, MaxSize: 1 << 16,
			Expects: func(string) error { return nil },
			Holder:  func(canon.Digest) (Holder, error) { return Holder{Key: key, Member: "4098765000003"}, nil },
			Seen:    func(string, canon.ID, canon.Digest) error { return nil },
			Prev:    func(*Claims) error { return nil },
		}
	}
	otherKey, _ := KeyOf(newSigner(t))
	for _, tt := range []struct {
		name   string
		policy func(*Policy)
		claims func(*Claims)
		raw    func([]byte) []byte
		want   error
	}{
		{name: "good"},
		{name: "oversized", policy: func(p *Policy) { p.MaxSize = 100 }, want: ErrOversized},
		{name: "white space", raw: func(b []byte) []byte { return append(b, '\n') }, want: ErrNonCanonical},
		{name: "doubled member", raw: func(b []byte) []byte {
			return bytes.Replace(b, []byte(`{"body":`), []byte(`{"body":[],"body":`), 1)
		}, want: ErrNonCanonical},
		{name: "unicode variant", raw: func(b []byte) []byte {
			return bytes.Replace(b, []byte("acetyl"), []byte(`\u0061cetyl`), 1)
		}, want: ErrNonCanonical},
		{name: "overflowing number", raw: func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"value":12`), []byte(`"value":1e400`), 1)
		}, want: ErrNonCanonical},
		{name: "unexpected type", policy: func(p *Policy) { p.Expects = func(string) error { return ErrType } }, want: ErrType},
		{name: "misdirected", claims: func(c *Claims) { c.Audience = "4000000000006" }, want: ErrAudience},
		{name: "unknown key", policy: func(p *Policy) {
			p.Holder = func(canon.Digest) (Holder, error) { return Holder{}, ErrUnknownKey }
		}, want: ErrUnknownKey},
		{name: "key of another member", policy: func(p *Policy) {
			p.Holder = func(canon.Digest) (Holder, error) { return Holder{Key: key, Member: "4000000000006"}, nil }
		}, want: ErrKeyID},
		{name: "another key under the kid", policy: func(p *Policy) {
			p.Holder = func(canon.Digest) (Holder, error) { return Holder{Key: otherKey, Member: "4098765000003"}, nil }
		}, want: ErrKeyID},
		{name: "revoked key", policy: func(p *Policy) {
			p.Holder = func(canon.Digest) (Holder, error) {
				return Holder{Key: key, Member: "4098765000003", Revoked: now}, nil
			}
		}, want: ErrKeyInvalid},
		{name: "bent signature", raw: func(b []byte) []byte {
			at := bytes.LastIndexByte(b, '.') + 5
			b[at] ^= 1
			return b
		}, want: ErrSignature},
		{name: "at the edge of the window", policy: func(p *Policy) { p.Now = time.Unix(1_800_000_300, 999) }},
		{name: "stale", policy: func(p *Policy) { p.Now = time.Unix(1_800_000_301, 0) }, want: ErrStale},
		{name: "a year ahead", policy: func(p *Policy) { p.Now = now.AddDate(-1, 0, 0) }, want: ErrFuture},
		{name: "expired", claims: func(c *Claims) { c.Expires = c.IssuedAt + 5 }, want: ErrExpired},
		{name: "replayed", policy: func(p *Policy) {
			p.Seen = func(string, canon.ID, canon.Digest) error { return ErrReplayed }
		}, want: ErrReplayed},
		{name: "unknown predecessor", policy: func(p *Policy) { p.Prev = func(*Claims) error { return ErrPrev } }, want: ErrPrev},
		{name: "another body", raw: func(b []byte) []byte {
			return bytes.Replace(b, []byte("25 kg"), []byte("26 kg"), 1)
		}, want: ErrBody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, body := base(), someBody(t)
			c := someClaims(t, body)
			if tt.policy != nil {
				tt.policy(&p)
			}
			if tt.claims != nil {
				tt.claims(&c)
			}
			jws, err := SignJWS(s, c)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := (&Message{body, &Envelope{raw: jws}}).Encode()
			if err != nil {
				t.Fatal(err)
			}
			if tt.raw != nil {
				raw = tt.raw(raw)
			}
			if _, err := Receive(raw, p); !errors.Is(err, tt.want) {
				t.Errorf("Receive = %v, want %v", err, tt.want)
			}
		})
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
		header, _ := sign1Header(claimsType, e.sig.KeyID)
		again, _ := canon.CBOR(sign1{Protected: header, Payload: payload, Signature: e.sig.Bytes[:]})
		if !bytes.Equal(again, raw) {
			t.Fatalf("accepted %x, writes %x", raw, again)
		}
	})
}
