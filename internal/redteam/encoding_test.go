package redteam

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/envelope"
	paper "theriac/internal/paper/pedigree"
)

// Attack 000-23: the same message in another spelling, on the way, in signed
// claims and in a signed body; bytes that move between neighbouring fields.
func TestAttack000_23(t *testing.T) {
	t.Parallel()
	w := stage(t)
	(&walk{w: w, last: 8, before: func(f *flight, _ *api.Receipt) {
		w.respellMessage(t, f)
		w.respellClaims(t, f)
		w.respellHeader(t, f)
		w.respellValues(t, f)
		w.moveBytes(t, f)
	}}).run(t)

	// In the print a byte moves from one field to the next under one signature.
	p := newPrint()
	m, err := p.by[paper.DM].Send(paper.DMMS, p.order("", "10 kg thyme, price 25"), p.now, random())
	if err != nil {
		t.Fatal(err)
	}
	m.Fields[paper.Detail], m.Fields[paper.TS] = "10 kg thyme, price 2", "5"+m.Fields[paper.TS]
	p.takes(t, "a price of 25 becomes 2", p.by[paper.MS], paper.DMMS, m, p.now)
}

// nonCanonical hands in what must be refused for its spelling.
func (w *world) nonCanonical(t *testing.T, f *flight, what string, raw []byte) {
	t.Helper()
	w.refused(t, f.to, fmt.Sprintf("%v, %s", f, what), raw, http.StatusBadRequest, "non_canonical")
}

// respellMessage spells the JSON around a signed message otherwise.
func (w *world) respellMessage(t *testing.T, f *flight) {
	t.Helper()
	e := fmt.Sprintf("%q", f.envelope(t).Raw())
	body := f.raw[len(`{"body":`):bytes.Index(f.raw, []byte(`,"envelope":`))]
	first := f.body[0].Name
	escaped := fmt.Sprintf(`\u%04x`, first[0]) + first[1:]
	for what, raw := range map[string][]byte{
		"a space":               append([]byte(" "), f.raw...),
		"a line break":          append(bytes.Clone(f.raw), '\n'),
		"a byte order mark":     append([]byte("\xef\xbb\xbf"), f.raw...),
		"a second message":      append(bytes.Clone(f.raw), f.raw...),
		"members turned round":  fmt.Appendf(nil, `{"envelope":%s,"body":%s}`, e, body),
		"an envelope twice":     fmt.Appendf(nil, `{"body":%s,"envelope":%s,"envelope":%s}`, body, e, e),
		"a body twice":          fmt.Appendf(nil, `{"body":[],"body":%s,"envelope":%s}`, body, e),
		"an unknown member":     fmt.Appendf(nil, `{"body":%s,"envelope":%s,"jwk":{}}`, body, e),
		"another case":          fmt.Appendf(nil, `{"Body":%s,"envelope":%s}`, body, e),
		"an escaped letter":     bytes.Replace(f.raw, []byte(`"name":"`+first+`"`), []byte(`"name":"`+escaped+`"`), 1),
		"an escaped slash":      bytes.Replace(f.raw, []byte(`{"body"`), []byte(`{"\/":0,"body"`), 1),
		"invalid UTF-8":         bytes.Replace(f.raw, []byte(`"name":"`), []byte("\"name\":\"\xff"), 1),
		"half a surrogate":      bytes.Replace(f.raw, []byte(`"name":"`), []byte(`"name":"\ud800`), 1),
		"no body":               fmt.Appendf(nil, `{"body":[],"envelope":%s}`, e),
		"null for a body":       fmt.Appendf(nil, `{"body":null,"envelope":%s}`, e),
		"an array":              []byte(`[]`),
		"deep nesting":          []byte(strings.Repeat("[", 20_000)),
		"CBOR":                  {0xa2, 0x01, 0x02, 0x03, 0x04},
		"zero bytes at the end": append(bytes.Clone(f.raw), 0, 0, 0),
	} {
		w.nonCanonical(t, f, what, raw)
	}
}

// signCompact signs any claims as its sender could: valid by every JOSE library.
func (f *flight) signCompact(t testing.TB, payload []byte) []byte {
	t.Helper()
	raw, err := envelope.SignCompact(f.signer, "theriac+jws", payload)
	if err != nil {
		t.Fatal(err)
	}
	return f.withEnvelope(t, string(raw))
}

// respellClaims has the sender sign claims in another spelling.
func (w *world) respellClaims(t *testing.T, f *flight) {
	t.Helper()
	good, err := canon.JSON(f.claims)
	if err != nil {
		t.Fatal(err)
	}
	iat := fmt.Sprintf(`"iat":%d`, f.claims.IssuedAt)
	swap := func(old, new string) []byte { return bytes.Replace(good, []byte(old), []byte(new), 1) }
	for what, payload := range map[string][]byte{
		"a claim twice":             swap(iat, iat+","+iat),
		"aud twice":                 swap(`{"aud"`, `{"aud":"9521141001066","aud"`),
		"1e400":                     swap(iat, `"iat":1e400`),
		"an exponent":               swap(iat, fmt.Sprintf(`"iat":%de0`, f.claims.IssuedAt)),
		"a fraction":                swap(iat, iat+".0"),
		"minus zero":                swap(iat, `"iat":-0`),
		"a number as text":          swap(iat, fmt.Sprintf(`"iat":"%d"`, f.claims.IssuedAt)),
		"beyond 2^53":               swap(fmt.Sprintf(`"exp":%d`, f.claims.Expires), `"exp":9007199254740993`),
		"an unknown claim":          swap(`,"type"`, `,"sub":"x","type"`),
		"a space":                   swap(`,"type"`, `, "type"`),
		"an escaped letter":         swap(`"type"`, `"\u0074ype"`),
		"a letter that looks alike": swap(`"case":"c`, `"case":"с`), // Cyrillic es
		"no claims":                 []byte(`{}`),
		"null":                      []byte(`null`),
		"text in two forms":         swap(`"case":"c`, "\"case\":\"c\u0327"), // a combining cedilla
	} {
		if bytes.Equal(payload, good) {
			t.Fatalf("%s: not another spelling", what)
		}
		w.nonCanonical(t, f, "claims with "+what, f.signCompact(t, payload))
	}
}

// respellHeader changes the header of the JWS: algorithm, key, kind, padding.
func (w *world) respellHeader(t *testing.T, f *flight) {
	t.Helper()
	text := string(f.envelope(t).Raw())
	parts := strings.Split(text, ".")
	kid := keyOf(t, f.signer).ID()
	for what, header := range map[string]string{
		"alg none":       fmt.Sprintf(`{"alg":"none","kid":"%s","typ":"theriac+jws"}`, kid),
		"alg HS256":      fmt.Sprintf(`{"alg":"HS256","kid":"%s","typ":"theriac+jws"}`, kid),
		"its own jwk":    fmt.Sprintf(`{"alg":"ES256","jwk":{"kty":"EC"},"kid":"%s","typ":"theriac+jws"}`, kid),
		"crit":           fmt.Sprintf(`{"alg":"ES256","crit":["b64"],"kid":"%s","typ":"theriac+jws"}`, kid),
		"a path for kid": `{"alg":"ES256","kid":"../../../../../../../../../../dev/null.........","typ":"theriac+jws"}`,
		"another kind":   fmt.Sprintf(`{"alg":"ES256","kid":"%s","typ":"vc+jwt"}`, kid),
		"another order":  fmt.Sprintf(`{"kid":"%s","alg":"ES256","typ":"theriac+jws"}`, kid),
		"no header":      `{}`,
	} {
		w.nonCanonical(t, f, "header with "+what, f.withEnvelope(t, canon.Text([]byte(header))+"."+parts[1]+"."+parts[2]))
	}
	sig, err := canon.ParseText(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"padding":           parts[0] + "." + parts[1] + "." + parts[2] + "==",
		"spare bits":        text[:len(text)-1] + string(text[len(text)-1]+1),
		"the other base64":  parts[0] + "." + parts[1] + "." + base64.StdEncoding.EncodeToString(sig),
		"no signature":      parts[0] + "." + parts[1] + ".",
		"a short signature": parts[0] + "." + parts[1] + "." + canon.Text(sig[:63]),
		"a fourth part":     text + ".",
		"two parts":         parts[0] + "." + parts[1],
		"DER":               parts[0] + "." + parts[1] + "." + canon.Text(append([]byte{0x30, 0x44, 0x02, 0x20}, sig...)),
	} {
		w.nonCanonical(t, f, "signature with "+what, f.withEnvelope(t, text))
	}
}

// respellValues has the sender sign a body whose values are spelled otherwise.
func (w *world) respellValues(t *testing.T, f *flight) {
	t.Helper()
	for what, value := range map[string]string{
		"1e400": `1e400`, "a fraction": `1.0`, "an escaped letter": `"\u0041"`, "a space": `[1, 2]`,
		"members twice": `{"a":1,"a":2}`, "members unsorted": `{"b":1,"a":2}`, "half a surrogate": `"\udfff"`,
	} {
		b := append(envelope.Body{}, f.body...)
		b[0].Value = canon.RawJSON(value)
		c := f.claims
		c.ID, c.BodyDigest = newID(), b.Digest()
		payload, err := canon.JSON(c)
		if err != nil {
			t.Fatal(err)
		}
		signed := f.signCompact(t, payload)
		old := append(append([]byte(`"value":`), f.body[0].Value...), '}')
		raw := bytes.Replace(signed, old, []byte(`"value":`+value+`}`), 1)
		if bytes.Equal(raw, signed) {
			t.Fatalf("%s: not another spelling", what)
		}
		w.nonCanonical(t, f, "a value with "+what, raw)
	}
}

// moveBytes moves the end of a field's text to the start of the next, and between
// claims, so that all of them joined would be the same.
func (w *world) moveBytes(t *testing.T, f *flight) {
	t.Helper()
	e := f.envelope(t)
	for i := 1; i < len(f.body); i++ {
		a, b := &f.body[i-1], &f.body[i]
		if a.Value[0] != '"' || b.Value[0] != '"' || len(a.Value) < 4 {
			continue
		}
		moved := append(envelope.Body{}, f.body...)
		at := len(a.Value) - 2
		moved[i-1].Value = canon.RawJSON(string(a.Value[:at]) + `"`)
		moved[i].Value = canon.RawJSON(`"` + string(a.Value[at]) + string(b.Value[1:]))
		w.refused(t, f.to, fmt.Sprintf("%v, from %s to %s", f, a.Name, b.Name), encode(t, e, moved), unprocessable, "body_mismatch")
	}
	c := f.claims
	c.Case, c.Type = c.Case+c.Type[:1], c.Type[1:]
	w.refused(t, f.to, f.String()+", from type to case", f.withClaims(t, c), unprocessable, "wrong_type")
	c = f.claims
	c.Case, c.Issuer = c.Case+c.Issuer[:1], c.Issuer[1:]
	w.refused(t, f.to, f.String()+", from ID to ID_BC", f.withClaims(t, c), unprocessable, "key_mismatch")
}
