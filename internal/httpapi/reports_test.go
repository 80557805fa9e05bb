package httpapi_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/internal/organisation"
	"theriac/pedigree"
)

// signed returns a report by a new reporter on a product of the office's.
func signed(t testing.TB, chain string, change func(*pedigree.ReportClaims)) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := pedigree.ReportClaims{
		Chain: chain, Code: "(01)09521141200018(21)A1", IssuedAt: time.Now().Unix(), ID: newID(),
		Kind: pedigree.AdverseReaction, Reaction: &pedigree.Reaction{Outcome: "recovering"}, Text: "dizzy",
	}
	if change != nil {
		change(&c)
	}
	r, err := pedigree.SignReport(key, c)
	if err != nil {
		t.Fatal(err)
	}
	return string(r.Raw())
}

func newID() canon.ID {
	var id canon.ID
	_, _ = rand.Read(id[:])
	return id
}

// hand hands a report in from an address.
func (o *office) hand(report, address string) *httptest.ResponseRecorder {
	body, _ := json.Marshal(map[string]string{"report": report})
	r := httptest.NewRequest(http.MethodPost, "/v1/reports", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = address
	return o.ask(r)
}

func shown[T any](t testing.TB, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != status {
		t.Fatalf("%d %.500s, want %d", w.Code, w.Body, status)
	}
	return v
}

// get asks as the operator.
func (o *office) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+o.token)
	return o.ask(r)
}

// Anybody can report and see who has received it; the operator reads it among the
// messages that came.
func TestReports(t *testing.T) {
	o := open(t, organisation.Options{Limit: 1e6})
	report := signed(t, "httpapi-test", nil)
	answer := shown[api.Report](t, o.hand(report, "192.0.2.1:1"), http.StatusAccepted)
	if len(answer.SentTo) != 1 || answer.SentTo[0] != o.gln || answer.Digest != canon.Sum([]byte(report)) {
		t.Errorf("answer %+v", answer)
	}
	path := "/v1/reports/" + answer.ID.String()
	for begin := time.Now(); answer.Status == "under_way" && time.Since(begin) < time.Minute; {
		answer = shown[api.Report](t, o.ask(httptest.NewRequest(http.MethodGet, path, nil)), http.StatusOK)
	}
	if answer.Status != "received" || answer.Receivers[0].Height == 0 || answer.Receivers[0].Time == 0 {
		t.Fatalf("%+v", answer)
	}
	type mail struct {
		Items []struct {
			Case    string
			Content api.ReportContent
		}
	}
	came := shown[mail](t, o.get("/v1/messages?type=report/1&direction=in"), http.StatusOK)
	if len(came.Items) != 1 || came.Items[0].Content.Claims.Text != "dizzy" || came.Items[0].Case != answer.Digest.String() || came.Items[0].Content.Report != report {
		t.Errorf("came %+v", came)
	}
	for _, query := range []string{"direction=out", "direction=in&status=sent", "type=report/1&status=queued"} {
		if got := shown[api.Messages](t, o.get("/v1/messages?"+query), http.StatusOK); len(got.Items) != 0 {
			t.Errorf("%s: %d messages", query, len(got.Items))
		}
	}
	if again := shown[api.Report](t, o.hand(report, "192.0.2.1:1"), http.StatusAccepted); again.ID != answer.ID || again.Status != "received" {
		t.Errorf("again %+v", again)
	}
}

func TestReportsRefused(t *testing.T) {
	o := open(t, organisation.Options{})
	good := signed(t, "httpapi-test", nil)
	for i, tt := range []struct {
		name, report, code string
		status             int
	}{
		{"garbage", "x", "non_canonical", http.StatusBadRequest},
		{"another ledger", signed(t, "elsewhere", nil), "bad_report", http.StatusUnprocessableEntity},
		{"bent", good[:len(good)-80] + strings.Repeat("A", 80), "bad_signature", http.StatusUnprocessableEntity},
		{"too long", strings.Repeat("x", pedigree.MaxReport+1), "bad_request", http.StatusBadRequest},
		{"much too long", strings.Repeat("x", pedigree.MaxReport+2000), "oversized", http.StatusRequestEntityTooLarge},
		{"nobody to tell", signed(t, "httpapi-test", func(c *pedigree.ReportClaims) { c.Code = "?" }), "no_receiver", http.StatusUnprocessableEntity},
	} {
		w := o.hand(tt.report, fmt.Sprintf("192.0.2.%d:1", 10+i))
		if p := problem(t, w); w.Code != tt.status || p.Code != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, w.Code, p.Code, tt.status, tt.code)
		}
	}
	for _, id := range []string{"x", "AAAAAAAAAAAAAAAAAAAAAA"} {
		problem(t, o.ask(httptest.NewRequest(http.MethodGet, "/v1/reports/"+id, nil)))
	}
	book := shown[api.Entries](t, o.get("/v1/audit"), http.StatusOK)
	codes := map[string]bool{}
	for _, e := range book.Items {
		codes[e.Action+" "+e.Code] = true
	}
	for _, want := range []string{"report non_canonical", "report bad_report", "report bad_signature", "report no_receiver"} {
		if !codes[want] {
			t.Errorf("the book lacks %q: %v", want, codes)
		}
	}
}

// Attack web-21: one address reports for many.
func TestReportLimit(t *testing.T) {
	begin := time.Now()
	o := open(t, organisation.Options{Now: func() time.Time { return begin }})
	for i := range 10 {
		if w := o.hand("x", "192.0.2.1:1"); w.Code == http.StatusTooManyRequests {
			t.Fatalf("refused after %d", i)
		}
	}
	w := o.hand(signed(t, "httpapi-test", nil), "192.0.2.1:2")
	if p := problem(t, w); p.Code != "too_many_requests" || w.Code != http.StatusTooManyRequests {
		t.Errorf("the eleventh: %d %s", w.Code, p.Code)
	}
	shown[api.Report](t, o.hand(signed(t, "httpapi-test", nil), "192.0.2.2:1"), http.StatusAccepted)
}
