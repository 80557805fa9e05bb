package pedigree_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

func reporter(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// reportClaims are those of a report that says all it may.
func reportClaims() pedigree.ReportClaims {
	return pedigree.ReportClaims{
		Chain: ledgertest.ChainID, Code: "(01)04000003000010(21)S000002", Contact: "+49 30 1234567", IssuedAt: 1_790_000_000,
		ID: canon.ID{1, 2, 3}, Kind: pedigree.AdverseReaction, Page: canon.Sum([]byte("page")),
		Reaction: &pedigree.Reaction{AgeGroup: "adult", Onset: "2026-11-20", Outcome: "recovering", Sex: "female"},
		Text:     "Ausschlag am Arm,\nzwei Stunden nach der Einnahme", Verdict: &pedigree.ReportVerdict{Outcome: "refused", Code: "expired"},
	}
}

// jws signs any payload under any header.
func jws(t testing.TB, key crypto.Signer, header, payload string) string {
	t.Helper()
	signed := canon.Text([]byte(header)) + "." + canon.Text([]byte(payload))
	sig, err := envelope.SignDigest(key, canon.Sum([]byte(signed)))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + canon.Text(sig)
}

// header is the reporter's, as docs/formats.md has it.
func header(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	k, err := envelope.KeyOf(key)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":"%s","y":"%s"},"typ":"theriac-report"}`,
		canon.Text(k.Point()[1:33]), canon.Text(k.Point()[33:]))
}

func TestReport(t *testing.T) {
	key, c := reporter(t), reportClaims()
	signed, err := pedigree.SignReport(key, c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pedigree.ParseReport(signed.Raw())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got.Claims); diff != "" {
		t.Error(diff)
	}
	if got.Digest() != canon.Sum(signed.Raw()) || got.ID() != signed.ID() {
		t.Errorf("digest %s, id %s; signed %s, %s", got.Digest(), got.ID(), signed.Digest(), signed.ID())
	}
	// One report has one name, however often it is signed; another jti or key is another.
	again, err := pedigree.SignReport(key, c)
	if err != nil || again.ID() != signed.ID() || again.Digest() == signed.Digest() {
		t.Errorf("signed again: %v", err)
	}
	if other, err := pedigree.SignReport(reporter(t), c); err != nil || other.ID() == signed.ID() {
		t.Errorf("another key: id %s, %v", other.ID(), err)
	}
	c.ID = canon.ID{9}
	if other, err := pedigree.SignReport(key, c); err != nil || other.ID() == signed.ID() {
		t.Errorf("another jti: id %s, %v", other.ID(), err)
	}
}

// Everything that is not the one form, or not signed by the key that stands in it.
func TestParseReportRefuses(t *testing.T) {
	key, c := reporter(t), reportClaims()
	raw, err := canon.JSON(c)
	if err != nil {
		t.Fatal(err)
	}
	payload, head := string(raw), header(t, key)
	good := jws(t, key, head, payload)
	parts := strings.Split(good, ".")
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"as it should be", good, nil},
		{"empty", "", envelope.ErrNonCanonical},
		{"two parts", parts[0] + "." + parts[1], envelope.ErrNonCanonical},
		{"four parts", good + ".", envelope.ErrNonCanonical},
		{"padding", parts[0] + "=." + parts[1] + "." + parts[2], envelope.ErrNonCanonical},
		{"line break", good + "\n", envelope.ErrNonCanonical},
		{"alg none", jws(t, key, strings.Replace(head, "ES256", "none0", 1), payload), envelope.ErrNonCanonical},
		{"another typ", jws(t, key, strings.Replace(head, "theriac-report", "theriac-letter", 1), payload), envelope.ErrNonCanonical},
		{"white space in the header", jws(t, key, strings.Replace(head, ":", ": ", 1), payload), envelope.ErrNonCanonical},
		{"members of the header turned round", jws(t, key, `{"typ":"theriac-report",`+head[1:len(head)-len(`,"typ":"theriac-report"}`)]+"}", payload), envelope.ErrNonCanonical},
		{"a private key in the header", jws(t, key, strings.Replace(head, `"},"typ"`, `","d":"AA"},"typ"`, 1), payload), envelope.ErrNonCanonical},
		{"a point off the curve", jws(t, key, strings.Replace(head, head[53:96], canon.Text(make([]byte, 32)), 1), payload), envelope.ErrUnknownKey},
		{"another's key in the header", jws(t, reporter(t), head, payload), envelope.ErrSignature},
		{"another payload", parts[0] + "." + canon.Text([]byte(strings.Replace(payload, "Arm", "Bein", 1))) + "." + parts[2], envelope.ErrSignature},
		{"no signature", parts[0] + "." + parts[1] + ".", envelope.ErrSignature},
		{"the mirrored signature", parts[0] + "." + parts[1] + "." + mirrored(t, parts[2]), envelope.ErrHighS},
		{"white space in the payload", jws(t, key, head, strings.Replace(payload, ":", ": ", 1)), envelope.ErrNonCanonical},
		{"an unknown member", jws(t, key, head, `{"a":1,`+payload[1:]), envelope.ErrNonCanonical},
		{"a member twice", jws(t, key, head, strings.Replace(payload, `"chain"`, `"chain":"x","chain"`, 1)), envelope.ErrNonCanonical},
		{"null for what is left out", jws(t, key, head, strings.Replace(payload, `"+49 30 1234567"`, "null", 1)), envelope.ErrNonCanonical},
		{"an empty object", jws(t, key, head, "{}"), envelope.ErrNonCanonical},
		{"too large", jws(t, key, head, `"`+strings.Repeat("x", pedigree.MaxReport)+`"`), envelope.ErrOversized},
	} {
		got, err := pedigree.ParseReport([]byte(tt.in))
		if !errors.Is(err, tt.want) || tt.want == nil && (err != nil || got == nil) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// mirrored returns the twin (r, n − s) of a signature.
func mirrored(t testing.TB, text string) string {
	t.Helper()
	sig, err := canon.ParseText(text)
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(sig[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(sig[32:])
	return canon.Text(sig)
}

func TestReportClaims(t *testing.T) {
	type claims = pedigree.ReportClaims
	for _, tt := range []struct {
		name   string
		change func(*claims)
		good   bool
	}{
		{"all", func(*claims) {}, true},
		{"the least", func(c *claims) {
			*c = claims{Chain: "c", Code: "x", ID: c.ID, Kind: pedigree.SuspectedFake, Text: "?"}
		}, true},
		{"element string with FNC1", func(c *claims) { c.Code = "\x1d010400000300001021S\x1d10L" }, true},
		{"the longest text", func(c *claims) { c.Text = strings.Repeat("😷", 4000) }, true},
		{"text as keyboards write it", func(c *claims) { c.Text = "20\u00a0mg\u202f!\n👩\u200d⚕️ می\u200cخواهم" }, true},
		{"text with a bell", func(c *claims) { c.Text = "a\ab" }, false},
		{"a text that is too long", func(c *claims) { c.Text = strings.Repeat("x", 4001) }, false},
		{"no text", func(c *claims) { c.Text = "" }, false},
		{"text that turns round", func(c *claims) { c.Text = "a\u202eb" }, false},
		{"text that is no UTF-8", func(c *claims) { c.Text = "a\xff" }, false},
		{"no chain", func(c *claims) { c.Chain = "" }, false},
		{"no code", func(c *claims) { c.Code = "" }, false},
		{"a long code", func(c *claims) { c.Code = strings.Repeat("1", 2001) }, false},
		{"a code with a line break", func(c *claims) { c.Code = "1\n2" }, false},
		{"a long contact", func(c *claims) { c.Contact = strings.Repeat("1", 201) }, false},
		{"no jti", func(c *claims) { c.ID = canon.ID{} }, false},
		{"a time before 1970", func(c *claims) { c.IssuedAt = -1 }, false},
		{"a time that is no JSON number", func(c *claims) { c.IssuedAt = 1 << 53 }, false},
		{"another kind", func(c *claims) { c.Kind = "complaint" }, false},
		{"a fake with a reaction", func(c *claims) { c.Kind = pedigree.SuspectedFake }, false},
		{"a reaction of which nothing is said", func(c *claims) { c.Reaction = &pedigree.Reaction{} }, false},
		{"an onset that is no date", func(c *claims) { c.Reaction.Onset = "yesterday" }, false},
		{"an age group of nobody's", func(c *claims) { c.Reaction.AgeGroup = "adult elderly" }, false},
		{"an outcome of nobody's", func(c *claims) { c.Reaction.Outcome = "fine" }, false},
		{"a sex of nobody's", func(c *claims) { c.Reaction.Sex = "f" }, false},
		{"a verdict without outcome", func(c *claims) { c.Verdict.Outcome = "" }, false},
		{"a verdict in words", func(c *claims) { c.Verdict.Outcome = "Do not use" }, false},
	} {
		c := reportClaims()
		tt.change(&c)
		signed, err := pedigree.SignReport(reporter(t), c)
		if (err == nil) != tt.good || err != nil && !errors.Is(err, pedigree.ErrReport) {
			t.Errorf("%s: %v, good %t", tt.name, err, tt.good)
		}
		if err == nil {
			if _, err := pedigree.ParseReport(signed.Raw()); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
	}
}

// A notice is opened under the case that names its report, on its own chain only.
func TestReportNotice(t *testing.T) {
	r, err := pedigree.SignReport(reporter(t), reportClaims())
	if err != nil {
		t.Fatal(err)
	}
	n := &pedigree.ReportNotice{Report: string(r.Raw())}
	name := r.Digest().String()
	if got, err := n.Open(ledgertest.ChainID, name); err != nil || got.ID() != r.ID() {
		t.Errorf("Open = %v, %v", got, err)
	}
	if _, err := n.Open("another", name); !errors.Is(err, pedigree.ErrReport) {
		t.Errorf("on another chain: %v", err)
	}
	if _, err := n.Open(ledgertest.ChainID, canon.Sum(nil).String()); !errors.Is(err, pedigree.ErrCase) {
		t.Errorf("under another case: %v", err)
	}
	if _, err := (&pedigree.ReportNotice{}).Open(ledgertest.ChainID, name); !errors.Is(err, envelope.ErrNonCanonical) {
		t.Errorf("without report: %v", err)
	}
	// The ledger sees none of it.
	x, err := pedigree.Find(pedigree.TypeReport)
	if err != nil {
		t.Fatal(err)
	}
	body, err := envelope.BodyOf(n, ledgertest.NewID)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.CheckDisclosed(body); !errors.Is(err, envelope.ErrField) {
		t.Errorf("shown to the ledger: %v", err)
	}
	if _, err := pedigree.Read(pedigree.TypeReport, body.Disclose()); err != nil {
		t.Errorf("withheld: %v", err)
	}
	if err := x.CheckParties(&chain.Member{Roles: []chain.Role{chain.Courier}}, &chain.Member{Roles: []chain.Role{chain.Administration}}); err != nil {
		t.Error(err)
	}
}

// A steady signer signs alike each time (RFC 6979): a fuzzer looks for what its
// input changes.
type steady struct{ *ecdsa.PrivateKey }

func (s steady) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return s.PrivateKey.Sign(nil, digest, o)
}

// What the parser accepts it writes again, in the same bytes.
func FuzzParseReport(f *testing.F) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{1}, 32))
	if err != nil {
		f.Fatal(err)
	}
	for _, change := range []func(*pedigree.ReportClaims){
		func(*pedigree.ReportClaims) {},
		func(c *pedigree.ReportClaims) {
			c.Contact, c.Reaction, c.Verdict, c.Kind = "", nil, nil, pedigree.SuspectedFake
		},
	} {
		c := reportClaims()
		change(&c)
		raw, err := canon.JSON(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("{}"))
	head := header(f, key)
	f.Fuzz(func(t *testing.T, payload []byte) {
		// Signed, or no input would come past the signature.
		raw := jws(t, steady{key}, head, string(payload))
		r, err := pedigree.ParseReport([]byte(raw))
		if err != nil {
			return
		}
		again, err := canon.JSON(r.Claims)
		if err != nil || string(again) != string(payload) {
			t.Errorf("%q became %q, %v", payload, again, err)
		}
		if string(r.Raw()) != raw {
			t.Errorf("kept %q of %q", r.Raw(), raw)
		}
	})
}
