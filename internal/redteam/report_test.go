package redteam

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/envelope"
	"theriac/internal/journey"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// hearsay is what a reporter writes.
const hearsay = "The seal was glued twice"

// reports returns a report by a new reporter on a product of the manufacturer's.
func (w *world) reports(t *testing.T, change func(*pedigree.ReportClaims)) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := pedigree.ReportClaims{
		Chain: get[api.Status](t, w.office, "/v1/status", nil).Chain, Code: "(01)" + ledgertest.WithCheckDigit("0"+journey.ManufacturerPrefix+"0009") + "(21)X",
		IssuedAt: time.Now().Unix(), ID: ledgertest.NewID(), Kind: pedigree.SuspectedFake, Text: hearsay,
	}
	if change != nil {
		change(&c)
	}
	r, err := pedigree.SignReport(key, c)
	if err != nil {
		t.Fatal(err)
	}
	return r.Raw()
}

func (w *world) handIn(t *testing.T, at *party, report []byte) answer {
	t.Helper()
	raw, err := json.Marshal(map[string]string{"report": string(report)})
	if err != nil {
		t.Fatal(err)
	}
	return w.request(t, http.MethodPost, at, "/v1/reports", "", raw)
}

// Attack web-20: whoever received a report says that it never came; who reads the
// ledger looks for what was reported, and by whom. The reporter has the digest of
// what he signed, and anybody's ledger shows who anchored it.
func TestAttackWeb_20(t *testing.T) {
	t.Parallel()
	w := stage(t)
	raw := w.reports(t, nil)
	digest := canon.Sum(raw).String()
	r, err := client.Post[api.Report](t.Context(), w.pharmacy.API, "/v1/reports", "", map[string]string{"report": string(raw)})
	if err != nil || r.Digest.String() != digest {
		t.Fatalf("%+v, %v", r, err)
	}
	for begin := time.Now(); r.Status == "under_way" && time.Since(begin) < time.Minute; {
		r = get[api.Report](t, w.pharmacy, "/v1/reports/"+r.ID.String(), nil)
	}
	if r.Status != "received" || len(r.Receivers) != 2 {
		t.Fatalf("%+v", r)
	}
	// Not the pharmacy's word: another organisation's ledger, and each receiver's signature.
	shown := *get[[]theriac.Exchange](t, w.hospital, "/v1/cases", url.Values{"case": {digest}})
	by := map[string]bool{}
	for _, x := range shown {
		e, err := envelope.ParseJWS([]byte(x.Envelope))
		if err != nil {
			t.Fatal(err)
		}
		c := &e.Claims
		by[c.Audience] = true
		if x.Type != pedigree.TypeReport || c.Case != digest || c.Issuer != w.pharmacy.GLN || len(x.Body) != 1 || !x.Body[0].Withheld() {
			t.Errorf("anchored %+v with %+v", c, x.Body)
		}
	}
	if len(shown) != 2 || !by[w.dm.GLN] || !by[w.da.GLN] {
		t.Errorf("the ledger shows %v under the digest", by)
	}
	for _, at := range []*party{w.dm, w.da} {
		mail := get[api.Messages](t, at, "/v1/messages", url.Values{"type": {pedigree.TypeReport}, "case": {digest}, "direction": {"in"}})
		if len(mail.Items) != 1 {
			t.Errorf("%s has %d", at.Name, len(mail.Items))
		}
	}
	for _, at := range []*party{w.ms, w.hospital, w.dd} {
		if mail := get[api.Messages](t, at, "/v1/messages", url.Values{"type": {pedigree.TypeReport}}); len(mail.Items) != 0 {
			t.Errorf("%s was told", at.Name)
		}
	}
}

// Attack web-21: reports that nobody signed, or for another ledger, or another
// report under a name that is taken; and one address floods the page.
func TestAttackWeb_21(t *testing.T) {
	t.Parallel()
	w := limited(t, 20) // a stranger's allowance, not a test's
	good := w.reports(t, nil)
	bent := bytes.Clone(good)
	copy(bent[len(bent)-80:], bytes.Repeat([]byte("A"), 70))
	for _, tt := range []struct {
		what   string
		report []byte
		status int
		code   string
	}{
		{"a bent signature", bent, http.StatusUnprocessableEntity, "bad_signature"},
		{"a header of another kind", append([]byte("eyJhbGciOiJub25lIn0"), good[bytes.IndexByte(good, '.'):]...), http.StatusBadRequest, "non_canonical"},
		{"for another ledger", w.reports(t, func(c *pedigree.ReportClaims) { c.Chain = "elsewhere" }), http.StatusUnprocessableEntity, "bad_report"},
		{"of last year", w.reports(t, func(c *pedigree.ReportClaims) { c.IssuedAt -= 366 * 86400 }), http.StatusUnprocessableEntity, "stale"},
	} {
		w.refuses(t, w.pharmacy, tt.what, func() answer { return w.handIn(t, w.pharmacy, tt.report) }, tt.status, tt.code)
	}
	for range 6 {
		w.handIn(t, w.pharmacy, []byte("x"))
	}
	w.refuses(t, w.pharmacy, "the eleventh of one address", func() answer { return w.handIn(t, w.pharmacy, good) }, http.StatusTooManyRequests, "too_many_requests")
}
