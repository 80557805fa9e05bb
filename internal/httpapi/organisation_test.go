package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"theriac/api"
	"theriac/chain"
	"theriac/internal/organisation"
	"theriac/internal/supply"
)

// An office is an organisation with all roles that go together and a chain of its own.
type office struct {
	http.Handler
	gln, token string
}

func open(t testing.TB, o organisation.Options) *office {
	t.Helper()
	address := func() string {
		a, err := organisation.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	listen, gln, dir := address(), organisation.ExampleGLN(1), filepath.Join(t.TempDir(), "office")
	_, _, err := organisation.Found("httpapi-test", time.Now(), []organisation.Plan{{
		Dir: dir, Founder: true, Validator: true, Settings: organisation.Settings{
			GLN: gln, Name: "Office", Roles: []chain.Role{chain.Distributor, chain.Governor, chain.Manufacturer, chain.Pharmacy, chain.Supplier},
			Prefixes: []string{"9521141"}, Listen: listen, Endpoint: "http://" + listen, Node: organisation.NodeSettings{Listen: address()},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	x, err := organisation.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	token, err := organisation.Token(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &office{x.Handler(), gln, string(token)}
}

func (o *office) ask(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	return w
}

func problem(t testing.TB, w *httptest.ResponseRecorder) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" || p.Code == "" || p.Status != w.Code {
		t.Errorf("%d %q %.300q is no problem document", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return p
}

// Strangers' look-ups are counted by the address that the connection comes from;
// no header is believed. A serial number that does not exist costs ten more.
func TestPublicLimit(t *testing.T) {
	begin := time.Now()
	o := open(t, organisation.Options{Limit: 1, Now: func() time.Time { return begin }})
	look := func(path, code, address string, i int) (int, string) {
		r := httptest.NewRequest(http.MethodGet, path+"?id="+url.QueryEscape(code), nil)
		r.RemoteAddr = fmt.Sprintf("%s:%d", address, 1000+i)
		for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip"} {
			r.Header.Set(name, fmt.Sprintf("198.51.100.%d", i))
		}
		w := o.ask(r)
		if w.Code == http.StatusOK {
			return w.Code, ""
		}
		return w.Code, problem(t, w).Code
	}
	const code = "(01)09521141000014(21)A1"
	count := func(path, address string) int {
		for i := range 100 {
			if status, code := look(path, code, address, i); status == http.StatusTooManyRequests {
				if code != "too_many_requests" {
					t.Errorf("code %s", code)
				}
				return i
			}
		}
		return 100
	}
	// A second's worth five times over, and one guess: 15.
	if got := count("/v1/trace", "192.0.2.1"); got != 15 {
		t.Errorf("%d look-ups, want 15", got)
	}
	if got := count("/v1/openings", "192.0.2.2"); got != 2 {
		t.Errorf("%d guesses, want 2", got)
	}
	if got := count("/v1/trace", "192.0.2.2"); got != 0 {
		t.Errorf("%d look-ups after guessing, want none", got)
	}
	const digest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for i, path := range []string{"/v1/lines/" + digest, "/v1/lines/" + digest + "/keys/" + digest, "/v1/registrations/" + digest, "/v1/registrations/" + digest + "/marks/0"} {
		if got := count(path, fmt.Sprintf("192.0.2.%d", 10+i)); got != 15 {
			t.Errorf("%d look-ups at %s, want 15", got, path)
		}
	}
	if status, _ := look("/v1/trace", code, "192.0.2.3", 0); status != http.StatusOK {
		t.Errorf("another address: %d", status)
	}
}

// held is a body of a size that comes when it is let.
type held struct{ begun, let chan struct{} }

func (h held) Read([]byte) (int, error) {
	h.begun <- struct{}{}
	<-h.let
	return 0, io.ErrUnexpectedEOF
}

// Attack: strangers fill the memory with large messages. One address has so many
// places, and small messages others than large ones.
func TestInboxIsGated(t *testing.T) {
	o := open(t, organisation.Options{})
	h := held{make(chan struct{}), make(chan struct{})}
	var group sync.WaitGroup
	send := func(address string, size int64, body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/inbox", body)
		r.RemoteAddr, r.ContentLength = address, size
		return o.ask(r)
	}
	for range 4 {
		group.Go(func() { problem(t, send("192.0.2.1:1", supply.MaxMessage-1, h)) })
		<-h.begun
	}
	for _, size := range []int64{-1, 2 << 20} {
		w := send("192.0.2.1:2", size, strings.NewReader("{}"))
		if p := problem(t, w); p.Code != "busy" || w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("the fifth of %d bytes: %d %s", size, w.Code, p.Code)
		}
	}
	for _, w := range []*httptest.ResponseRecorder{send("192.0.2.1:2", 2, strings.NewReader("{}")), send("192.0.2.2:2", -1, strings.NewReader("{}"))} {
		if p := problem(t, w); p.Code == "busy" {
			t.Errorf("%d %s", w.Code, p.Code)
		}
	}
	close(h.let)
	group.Wait()
	if p := problem(t, send("192.0.2.1:2", -1, strings.NewReader("{}"))); p.Code == "busy" {
		t.Error("the places are not given back")
	}
}

var inBraces = regexp.MustCompile(`\{[a-z_]+\}`)

// seeds are a request to each operation, with things that are nearly right.
func (o *office) seeds(f *testing.F) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	w := o.ask(httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		f.Fatal(err)
	}
	const digest, id = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA"
	for path, methods := range doc.Paths {
		for method := range methods {
			for _, part := range []string{digest, id, "x", "%2e%2e%2f", "0", "9223372036854775807"} {
				target := inBraces.ReplaceAllString(path, part)
				f.Add(strings.ToUpper(method), target, "application/json", "", []byte("{}"), true)
			}
			target := inBraces.ReplaceAllString(path, digest)
			f.Add(strings.ToUpper(method), target+"?id=(01)09521141000014(21)A1(10)L1&case=c&cursor=x&limit=5&older=1&from=18446744073709551615", "", "", []byte("null"), true)
			f.Add(strings.ToUpper(method), target, "application/json", "", []byte("[]"), false)
		}
	}
	for _, s := range []struct{ target, body string }{
		{"/v1/moves", `{"packs":["(01)09521141000014(21)A1"],"from":"active","to":"dispensed"}`},
		{"/v1/moves", `{"batch":"` + digest + `","ranges":[{"from":0,"to":18446744073709551615}],"from":"active","to":"locked"}`},
		{"/v1/moves", `{"ranges":[{"from":5,"to":1}],"from":"active","to":"active"}`},
		{"/v1/recalls", `{"batch":"` + digest + `","status":"recalled","reason":"x"}`},
		{"/v1/recalls", `{"gtin":"09521141000014","status":"withdrawn","reason":""}`},
		{"/v1/undos", `{"operation":"` + digest + `","time":-1,"units":[{"from":0,"to":1}]}`},
		{"/v1/certificates/status", `{"number":"EU/1/26/001","status":"revoked","reason":"x"}`},
		{"/v1/material-requests", `{"to":"` + o.gln + `","case":"c","content":{"material":"m","product":"p"}}`},
		{"/v1/material-supplies", `{"to":"` + o.gln + `","prev":["` + digest + `"],"content":{"material":"m","lots":[]}}`},
		{"/v1/distributions", `{"to":"` + o.gln + `","case":"c","content":{"certificate":"x","parcels":[{"batch":"` + digest + `","ranges":[]}],"sales_method":"prescription"}}`},
		{"/v1/sales-status", `{"to":"` + o.gln + `","case":"c","content":{"counts":[{"batch":"` + digest + `","received":1,"remaining":0,"returned":0,"sold":18446744073709551615}]}}`},
		{"/v1/dispatches", `{"to":"` + o.gln + `","case":"c","content":{"parcels":[]}}`},
		{"/v1/receipts", `{"content":{"differences":"none","received":[]}}`},
		{"/v1/batches", `{"certificate":"x","expiry":"2029-03-31","gtin":"09521141000014","inputs":[],"lot":"L","materials":[],"site":"` + o.gln + `","size":18446744073709551615}`},
		{"/v1/dossiers", `{"to":"` + o.gln + `","case":"c","content":{"documents":[{"name":"a","media":"b","bytes":"AA=="}],"gtins":[],"materials":[],"product":"p"}}`},
		{"/v1/dossiers/" + digest + "/answer", `{"decision":"refused","reasons":"r"}`},
		{"/v1/standings", `{"member":"1","roles":["wizard"],"status":"suspended"}`},
		{"/v1/proposals/" + digest + "/votes", `{"accept":true}`},
		{"/epcis/capture", `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-01-01T00:00:00Z","epcisBody":{"eventList":[]}}`},
		{"/epcis/capture", `<epcis:EPCISDocument/>`},
		{"/inbox", `{"body":[],"jws":"a.b.c"}`},
		{"/v1/registrations", `{"terms":{"line":"` + digest + `","epoch":1,"counter":1,"to":"` + o.gln + `","place":"` + o.gln + `","root":"` + digest + `","batch":"` + digest + `","ranges":[{"from":1,"to":0}]},"device":"` + digest + `","signature":"AA","marks":"` + digest + `","consignment":"AA"}`},
		{"/v1/registrations", `{"terms":{"line":"` + digest + `","epoch":1,"counter":1,"to":"","place":"","root":"` + digest + `","material":{"gtin":"09521141000014","lot":"L"}},"device":"` + digest + `","signature":"","marks":"AA","consignment":"AA"}`},
		{"/v1/identifications", `{"registration":"` + digest + `","index":18446744073709551615,"place":"` + o.gln + `","nonce":"` + id + `","answer":{"key":"AA","proof":"AA","device":"` + digest + `","signature":"AA"}}`},
		{"/v1/measurements", `{"code":"(01)09521141000014(21)A1","device":"http://169.254.169.254","place":"` + o.gln + `"}`},
		{"/v1/measurements", `{"code":"(01)09521141000014(10)L","registration":"` + digest + `","device":"x","place":"` + o.gln + `"}`},
	} {
		f.Add("POST", s.target, "application/json", "key "+s.target, []byte(s.body), true)
		f.Add("POST", s.target, "application/json", "", []byte(s.body+"}"), true)
	}
	f.Add("PUT", "/v1/lines", "application/json", "", []byte(`{"gtin":"09521141000014","criteria":"`+digest+`","epoch":1,"devices":[{"point":"BA","seal":"BA","operator":"x"}],"keys":[{"device":"`+digest+`","epoch":1,"sealed":"AA"}]}`), true)
	f.Add("PUT", "/v1/profile", "application/json", "", []byte(`{"name":"Office","endpoint":"http://x"}`), true)
}

// Whatever is asked, the server is not at fault, and what it refuses is a problem
// document.
func FuzzRequests(f *testing.F) {
	o := open(f, organisation.Options{Limit: 1e9})
	o.seeds(f)
	f.Fuzz(func(t *testing.T, method, target, media, key string, body []byte, operator bool) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" || !slices.Contains([]string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}, method) {
			t.Skip("the server's own parser refuses it")
		}
		if strings.ContainsFunc(media+key, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			t.Skip("no header has this")
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(string(body)))
		r.URL, r.RequestURI = u, target
		if media != "" {
			r.Header.Set("Content-Type", media)
		}
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		if operator {
			r.Header.Set("Authorization", "Bearer "+o.token)
		}
		w := o.ask(r)
		switch {
		case u.Path == "/readyz" && w.Code == http.StatusServiceUnavailable:
		case w.Code >= 500:
			t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
		case w.Code >= 400:
			problem(t, w)
		case w.Code >= 300:
			t.Errorf("%s %s: %d to %q", method, target, w.Code, w.Header().Get("Location"))
		}
	})
}
