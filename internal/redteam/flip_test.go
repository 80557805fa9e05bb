package redteam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/envelope"
	paper "theriac/internal/paper/pedigree"
)

// Attack 000-01..06: somebody on the line changes each byte of the envelope, each
// claim, and each field of the body of each of the six messages.
func TestAttack000_01(t *testing.T) { tamper(t, 1) }

// Attack 000-02 is 000-01 for the material supply.
func TestAttack000_02(t *testing.T) { tamper(t, 2) }

// Attack 000-03 is 000-01 for the dossier.
func TestAttack000_03(t *testing.T) { tamper(t, 3) }

// Attack 000-04 is 000-01 for the decision with Cert_D.
func TestAttack000_04(t *testing.T) { tamper(t, 4) }

// Attack 000-05 is 000-01 for the distribution.
func TestAttack000_05(t *testing.T) { tamper(t, 5) }

// Attack 000-06 is 000-01 for the sales status.
func TestAttack000_06(t *testing.T) { tamper(t, 6) }

func tamper(t *testing.T, number int) {
	t.Parallel()
	w := stage(t)
	(&walk{w: w, last: number, before: func(f *flight, _ *api.Receipt) {
		if f.number == number {
			w.flipBytes(t, f)
			w.changeClaims(t, f)
			w.changeFields(t, f)
		}
	}}).run(t)
	// The print withstands this one: a changed field is refused there too.
	p, x := newPrint(), paper.Exchange(number-1)
	m := p.trade(t, "case")[x]
	m.Fields[paper.Detail] += "0"
	if _, err := p.by[x.To()].Receive(x, m, p.now, random()); err == nil {
		t.Errorf("the print takes a changed %v", x)
	}
}

// named are the reasons that a flipped byte may come to, by the part of the JWS
// that it is in, with their statuses.
var named = [3]map[string]int{
	{"non_canonical": 400, "unknown_key": 422},
	{"non_canonical": 400, "wrong_type": 422, "wrong_audience": 422, "key_mismatch": 422, "bad_signature": 422},
	{"non_canonical": 400, "bad_signature": 422, "high_s": 422},
}

// flipBytes flips one bit of every byte of the envelope.
func (w *world) flipBytes(t *testing.T, f *flight) {
	t.Helper()
	before := w.traces(t, f.to)
	e := f.envelope(t).Raw()
	start := bytes.Index(f.raw, e)
	got := w.postAll(t, f.to, len(e), func(i int) []byte {
		raw := bytes.Clone(f.raw)
		raw[start+i] ^= 1 << (i % 8)
		return raw
	})
	part, codes := 0, map[string]int{}
	for i, a := range got {
		want, ok := named[part][a.code]
		if !ok || want != a.status {
			t.Errorf("%v, byte %d of %d of the envelope: %d %q (%s)", f, i, len(e), a.status, a.code, a.detail)
		}
		codes[a.code]++
		if e[i] == '.' {
			part++
		}
	}
	for _, c := range []string{"non_canonical", "unknown_key", "key_mismatch", "wrong_audience", "bad_signature"} {
		if codes[c] == 0 {
			t.Errorf("%v: no flipped byte came to %q: %v", f, c, codes)
		}
	}
	after := w.traces(t, f.to)
	if before.leaves != after.leaves || before.mail != after.mail {
		t.Errorf("%v: flipped bytes left something: %+v, before %+v", f, after, before)
	}
	if got := booked(t, f.to, len(e)); !maps.Equal(got, codes) {
		t.Errorf("%v: booked %v, want %v", f, got, codes)
	}
}

// postAll posts n messages, several at a time.
func (w *world) postAll(t *testing.T, at *party, n int, message func(i int) []byte) []answer {
	t.Helper()
	got := make([]answer, n)
	var group sync.WaitGroup
	const workers = 8
	errs := make([]error, workers)
	for k := range workers {
		group.Go(func() {
			for i := k; i < n; i += workers {
				got[i], errs[k] = w.try(t.Context(), http.MethodPost, at, "/inbox", "", message(i))
				if errs[k] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return got
}

// booked counts the codes of the newest n entries of the audit book.
func booked(t *testing.T, at *party, n int) map[string]int {
	t.Helper()
	codes, cursor := map[string]int{}, ""
	for n > 0 {
		page := get[api.Entries](t, at, "/v1/audit", url.Values{"limit": {fmt.Sprint(min(n, 1000))}, "cursor": {cursor}})
		for _, e := range page.Items {
			codes[e.Code]++
		}
		if n -= len(page.Items); page.Next == "" {
			break
		}
		cursor = page.Next
	}
	return codes
}

// changeClaims replaces each claim by another that could stand there, under the
// signature of the genuine ones.
func (w *world) changeClaims(t *testing.T, f *flight) {
	t.Helper()
	other := canon.Sum([]byte("other"))
	for _, c := range []struct {
		field string // the paper's name
		code  string
		bend  func(c *envelope.Claims)
	}{
		{"receiver", "wrong_audience", func(c *envelope.Claims) { c.Audience = w.hospital.GLN }},
		{"M", "bad_signature", func(c *envelope.Claims) { c.BodyDigest = other }},
		{"ID_BC", "bad_signature", func(c *envelope.Claims) { c.Case += "0" }},
		{"expiry of the message", "bad_signature", func(c *envelope.Claims) { c.Expires++ }},
		{"TS", "bad_signature", func(c *envelope.Claims) { c.IssuedAt-- }},
		{"TS, ahead", "bad_signature", func(c *envelope.Claims) { c.IssuedAt++ }},
		{"ID", "key_mismatch", func(c *envelope.Claims) { c.Issuer = w.hospital.GLN }},
		{"number", "bad_signature", func(c *envelope.Claims) { c.ID[0] ^= 1 }},
		{"BC of the exchange before", "bad_signature", func(c *envelope.Claims) { c.Prev = append([]canon.Digest{other}, c.Prev...) }},
		{"kind", "bad_signature", func(c *envelope.Claims) { c.Type = "receipt/1" }},
		{"kind, unknown", "wrong_type", func(c *envelope.Claims) { c.Type = "dmxx/1" }},
	} {
		claims := f.claims
		c.bend(&claims)
		w.refused(t, f.to, f.String()+", "+c.field, f.withClaims(t, claims), http.StatusUnprocessableEntity, c.code)
	}
}

// withClaims returns the message with other claims under the old signature.
func (f *flight) withClaims(t testing.TB, c envelope.Claims) []byte {
	t.Helper()
	payload, err := canon.JSON(c)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(f.envelope(t).Raw()), ".")
	return f.withEnvelope(t, parts[0]+"."+canon.Text(payload)+"."+parts[2])
}

// withEnvelope returns the message with another text where its envelope is.
func (f *flight) withEnvelope(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(string(f.envelope(t).Raw()))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(f.raw, before, raw, 1)
}

// changeFields changes, takes out and withholds each field of the body.
func (w *world) changeFields(t *testing.T, f *flight) {
	t.Helper()
	e := f.envelope(t)
	refuse := func(what string, b envelope.Body) {
		w.refused(t, f.to, fmt.Sprintf("%v, %s", f, what), encode(t, e, b), http.StatusUnprocessableEntity, "body_mismatch")
	}
	for i := range f.body {
		name := f.body[i].Name
		bend := func(bend func(x *envelope.Field)) envelope.Body {
			b := slices.Clone(f.body)
			bend(&b[i])
			return b
		}
		refuse(name+" changed", bend(func(x *envelope.Field) { x.Value = canon.RawJSON(`"other"`) }))
		refuse(name+" salted otherwise", bend(func(x *envelope.Field) { x.Salt[0] ^= 1 }))
		refuse(name+" renamed", bend(func(x *envelope.Field) { x.Name += "x" }))
		refuse(name+" withheld", f.body.Disclose(without(f.body, i)...))
		if len(f.body) > 1 {
			refuse(name+" taken out", slices.Delete(slices.Clone(f.body), i, i+1))
		}
	}
	more := append(slices.Clone(f.body), envelope.Field{Name: "zz", Salt: newID(), Value: canon.RawJSON(`"more"`)})
	refuse("a field more", more)
}

func without(b envelope.Body, i int) []string {
	var names []string
	for j := range b {
		if j != i {
			names = append(names, b[j].Name)
		}
	}
	return names
}
