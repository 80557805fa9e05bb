package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"theriac/internal/organisation"
)

const noBatch = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// What is asked of concealed codes amiss has its name, is kept by no cache, and costs
// the ledger nothing.
func TestCodesAreRefused(t *testing.T) {
	o := open(t, organisation.Options{Limit: 1e9})
	const redemption = `{"batch":"` + noBatch + `","index":0,"path":"","key":"","proof":"","browser":""}`
	for _, tt := range []struct {
		name, method, target, body string
		code                       string
	}{
		{"path of no batch", "GET", "/v1/codes/" + noBatch + "/0", "", "not_found"},
		{"path of what is no batch", "GET", "/v1/codes/x/0", "", "bad_request"},
		{"path of no place", "GET", "/v1/codes/" + noBatch + "/-1", "", "bad_request"},
		{"a pack that nobody made", "GET", "/v1/redeemable?code=" + url.QueryEscape("(01)09521141000014(21)A1"), "", "not_found"},
		{"a product", "GET", "/v1/redeemable?code=" + url.QueryEscape("(01)09521141000014"), "", "bad_request"},
		{"a code that is none", "GET", "/v1/redeemable?code=x", "", "bad_identifier"},
		// A label's second symbol, sent whole: the server does not even read it.
		{"the concealed code with it", "GET", "/v1/redeemable?code=" + url.QueryEscape("https://a.example/01/09521141000014/21/A1#c=00000000000000000000000000"), "", "bad_identifier"},
		{"no code", "GET", "/v1/redeemable", "", "bad_request"},
		{"redemption of no batch", "POST", "/v1/redemptions", redemption, "not_found"},
		{"redemption of nothing", "POST", "/v1/redemptions", "{}", "bad_request"},
		{"a concealed code handed in", "POST", "/v1/redemptions", strings.Replace(redemption, "{", `{"code":"00000000000000000000000000",`, 1), "bad_request"},
		{"a book", "POST", "/v1/redemptions", strings.Replace(redemption, `"path":""`, `"path":"`+strings.Repeat("A", 20_000)+`"`, 1), "oversized"},
		{"labels of no batch", "POST", "/v1/batches/" + noBatch + "/labels", `{"count":1}`, "not_found"},
		{"labels on no sheet", "POST", "/v1/batches/" + noBatch + "/labels", `{"count":1,"sheet":"4x4"}`, "unknown_sheet"},
		{"labels without number", "POST", "/v1/batches/" + noBatch + "/labels", `{}`, "bad_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+o.token)
			w := o.ask(r)
			if p := problem(t, w); p.Code != tt.code {
				t.Errorf("%d %s %s, want %s", w.Code, p.Code, p.Detail, tt.code)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control %q", got)
			}
		})
	}
}

// One address redeems ten codes at once and then has to wait; another does not.
func TestRedemptionsAreCounted(t *testing.T) {
	o := open(t, organisation.Options{})
	ask := func(address string) string {
		r := httptest.NewRequest(http.MethodPost, "/v1/redemptions", strings.NewReader(`{"batch":"`+noBatch+`","index":0,"path":"","key":"","proof":"","browser":""}`))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = address
		return problem(t, o.ask(r)).Code
	}
	for i := range 10 {
		if got := ask("192.0.2.1:1"); got != "not_found" {
			t.Fatalf("attempt %d: %s", i, got)
		}
	}
	if got := ask("192.0.2.1:9"); got != "too_many_requests" {
		t.Errorf("the eleventh: %s", got)
	}
	if got := ask("192.0.2.2:1"); got != "not_found" {
		t.Errorf("another address: %s", got)
	}
}
