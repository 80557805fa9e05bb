package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"theriac/api"
	"theriac/internal/audit"
	"theriac/internal/memstore"
	"theriac/internal/registry"
	"theriac/internal/supply"
	"theriac/refusal"
)

// ask sends a request, as the operator if it is to.
func ask(h http.Handler, method, target, body string, header ...string) recorded {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = split(target)
	r.RequestURI = target
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := recorded{httptest.NewRecorder()}
	h.ServeHTTP(w, r)
	return w
}

// split takes a target as the request line has it: http.NewRequest would refuse
// some that a server takes.
func split(target string) (path, raw, query string) {
	path, query, _ = strings.Cut(target, "?")
	if u, err := url.ParseRequestURI(path); err == nil && u.Host == "" {
		return u.Path, u.RawPath, query
	}
	return path, "", query
}

var asOperator = []string{"Authorization", "Bearer token"}

// problemIn returns the problem document that an answer is.
func problemIn(t testing.TB, w recorded) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %q %q is no problem document", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if p.Status != w.Code || p.Code == "" || p.Title == "" || p.Type != "urn:theriac:problem:"+p.Code {
		t.Errorf("%d: problem %+v", w.Code, p)
	}
	return p
}

// What nobody serves is not found, in the API's language, and never elsewhere.
func TestUnknownPaths(t *testing.T) {
	h := handler(t)
	for _, target := range []string{
		"/", "/v2/bundles", "/v1", "/v1/", "/v1/bundles/", "//v1/bundles", "/v1//bundles", "/v1/../v1/status", "/./v1/status", "/v1/status/..",
		"/v1/%2e%2e/status", "/%2e%2e/%2e%2e/etc/passwd", "/../../etc/passwd", "//evil.example/x", "/\\evil.example", "/v1/status\n", "/schemas/Job.json", "/docs", "*", "",
		"/.well-known/x", "/V1/status", "/livez/", "/metrics/x",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "HEAD", "OPTIONS", "BREW"} {
			w := ask(h, method, target, "")
			if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
				t.Errorf("%s %q: %d, to %q", method, target, w.Code, w.Header().Get("Location"))
				continue
			}
			if p := problemIn(t, w); p.Code != "not_found" {
				t.Errorf("%s %q: %s", method, target, p.Code)
			}
		}
	}
	if w := ask(h, "CONNECT", "/v1/status", ""); w.Code != http.StatusNotFound {
		t.Errorf("CONNECT: %d", w.Code)
	}
}

// A path says which methods it takes.
func TestMethods(t *testing.T) {
	h := handler(t)
	for path, want := range map[string]string{
		"/v1/status": "GET, HEAD, OPTIONS", "/inbox": "OPTIONS, POST", "/v1/profile": "OPTIONS, PUT", "/v1/keys": "OPTIONS, POST",
		"/v1/keys/x": "DELETE, OPTIONS", "/livez": "GET, HEAD, OPTIONS", "/openapi.json": "GET, HEAD, OPTIONS",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"} {
			if slices.Contains(strings.Split(want, ", "), method) {
				continue
			}
			w := ask(h, method, path, "")
			if p := problemIn(t, w); p.Code != "method_not_allowed" || w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != want {
				t.Errorf("%s %s: %d %s, allow %q", method, path, w.Code, p.Code, w.Header().Get("Allow"))
			}
		}
		w := ask(h, http.MethodOptions, path, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
		if w.Code != http.StatusNoContent || w.Header().Get("Allow") != want || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("OPTIONS %s: %d %v", path, w.Code, w.Header())
		}
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	for _, path := range []string{"/v1/status", "/openapi.json", "/metrics"} {
		res, err := http.Head(server.URL + path)
		if err != nil || res.StatusCode != http.StatusOK || res.Body.Close() != nil {
			t.Errorf("HEAD %s: %v, %v", path, res, err)
		}
	}
}

// Attack: a page in the operator's browser changes something here. Also when its
// name was made to lead here (DNS rebinding) it does not have the token.
func TestOtherOrigins(t *testing.T) {
	h := handler(t)
	for name, header := range map[string][]string{
		"origin":       {"Origin", "https://evil.example"},
		"null":         {"Origin", "null"},
		"cross-site":   {"Sec-Fetch-Site", "cross-site"},
		"another port": {"Origin", "http://example.com:81"},
	} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			w := ask(h, method, "/v1/moves", "{}", append(header, asOperator...)...)
			if p := problemIn(t, w); p.Code != "cross_origin" || w.Code != http.StatusForbidden {
				t.Errorf("%s, %s: %d %s", name, method, w.Code, p.Code)
			}
		}
	}
	if w := ask(h, "POST", "/v1/moves", "{}", "Origin", "http://example.com"); w.Code != http.StatusUnauthorized {
		t.Errorf("the own origin, or one that looks so: %d", w.Code)
	}
	if w := ask(h, "GET", "/v1/status", "", "Origin", "https://evil.example"); w.Code != http.StatusOK || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("reading: %d %v", w.Code, w.Header())
	}
}

func TestHeaders(t *testing.T) {
	h := handler(t)
	for _, path := range []string{"/v1/status", "/nothing", "/v1/messages", "/metrics", "/openapi.json"} {
		w := ask(h, "GET", path, "")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s %q", path, name, got)
			}
		}
	}
}

// node is a node that can be out of order.
type node struct {
	idle
	err error
}

func (n *node) Ready(context.Context) error { return n.err }

func TestHealth(t *testing.T) {
	n := new(node)
	h, err := New(Config{Supply: &supply.Desk{}, Registry: &registry.Desk{}, Node: n, Token: []byte("token"), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if w := ask(h, "GET", path, ""); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	n.err = errors.New("catching up")
	w := ask(h, "GET", "/readyz", "")
	if p := problemIn(t, w); w.Code != http.StatusServiceUnavailable || p.Code != "busy" {
		t.Errorf("/readyz: %d %s", w.Code, p.Code)
	}
	if w := ask(h, "GET", "/livez", ""); w.Code != http.StatusNoContent {
		t.Errorf("/livez of a node that is not ready: %d", w.Code)
	}
}

// Attack: every word that a caller sends as method becomes a figure that stays.
func TestMetrics(t *testing.T) {
	h := handler(t)
	for i := range 100 {
		ask(h, fmt.Sprintf("BREW%d", i), "/v1/status", "")
	}
	ask(h, "GET", "/v1/status", "")
	ask(h, "HEAD", "/v1/status", "")
	text := ask(h, "GET", "/metrics", "").Body.String()
	for _, want := range []string{
		`theriac_http_request_seconds_count{method="other",status="405"} 100`, `theriac_http_request_seconds_count{method="GET",status="200"} 1`,
		`theriac_http_request_seconds_count{method="HEAD",status="200"} 1`,
		"theriac_ledger_height 0", "theriac_ledger_leaves 0", "theriac_ledger_peers 0", "theriac_ledger_waiting 0",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "BREW") {
		t.Error("a caller's word is a figure")
	}
}

// Every operation that takes a body has its limit, and says so with a code. A body
// that breaks off is the caller's fault.
func TestBodyLimits(t *testing.T) {
	h, tried := handler(t), 0
	for path, methods := range operations(t, h) {
		for method := range methods {
			if method == "get" || method == "delete" || !takesBody(t, h, path, method) {
				continue
			}
			tried++
			target := inBraces.ReplaceAllString(path, "x")
			for want, body := range map[string]io.Reader{"oversized": endless{}, "bad_request": cut{}} {
				r := httptest.NewRequest(methodOf(method), target, body)
				r.Header.Set("Authorization", "Bearer token")
				r.Header.Set("Content-Type", "application/json")
				w := recorded{httptest.NewRecorder()}
				h.ServeHTTP(w, r)
				if p := problemIn(t, w); p.Code != want || want == "oversized" && w.Code != http.StatusRequestEntityTooLarge {
					t.Errorf("%s %s: %d %s, want %s", method, path, w.Code, p.Code, want)
				}
			}
		}
	}
	if tried < 15 {
		t.Errorf("tried %d operations", tried)
	}
}

func takesBody(t testing.TB, h http.Handler, path, method string) bool {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Body any `json:"requestBody"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(ask(h, "GET", "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Paths[path][method].Body != nil
}

func TestContentTypes(t *testing.T) {
	h := handler(t)
	for media, want := range map[string]int{
		"text/plain": 415, "application/xml": 415, "application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415, "x": 415,
		"application/json": 400, "application/json; charset=utf-8": 400, "": 400, "application/merge-patch+json": 400,
	} {
		w := ask(h, "POST", "/v1/moves", "{", append([]string{"Content-Type", media}, asOperator...)...)
		if p := problemIn(t, w); w.Code != want || p.Code != "bad_request" {
			t.Errorf("%q: %d %s, want %d", media, w.Code, p.Code, want)
		}
	}
	// Whatever a caller would rather read, a refusal is a problem document.
	for _, accept := range []string{"text/html", "application/cbor", "*/*", "image/png;q=0", "\x00"} {
		problemIn(t, ask(h, "GET", "/v1/jobs/x", "", append([]string{"Accept", accept}, asOperator...)...))
	}
}

// pages is an API over stores in memory.
func pages(t testing.TB) (*memstore.Store, http.Handler) {
	t.Helper()
	m := memstore.New()
	d := &supply.Desk{GLN: "4000000000006", Audit: m, Archive: m, Messages: m, Jobs: m, Now: time.Now}
	d.Open()
	t.Cleanup(d.Close)
	h, err := New(Config{
		Supply: d, Registry: &registry.Desk{}, Node: idle{}, Token: []byte("token"), Now: time.Now, Log: slog.New(slog.DiscardHandler), Responses: m,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, h
}

// Pages follow each other by cursor, each entry once, whatever is written meanwhile.
func TestPages(t *testing.T) {
	m, h := pages(t)
	write := func(i int) {
		if err := m.Record(t.Context(), audit.New(time.Unix(int64(i), 0), "operator", "act", fmt.Sprint(i), nil)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 25 {
		write(i)
	}
	var seen []string
	cursor := ""
	for range 4 {
		w := ask(h, "GET", "/v1/audit?limit=10&cursor="+cursor, "", asOperator...)
		var page api.Entries
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, e := range page.Items {
			seen = append(seen, e.Subject)
		}
		write(100)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 25 || seen[0] != "24" || seen[24] != "0" {
		t.Errorf("%d entries: %q", len(seen), seen)
	}
	for _, query := range []string{"cursor=x", "cursor=AAAAAAAAAAAA", "cursor=%00", "limit=0", "limit=-1", "limit=1001", "limit=x", "limit=99999999999999999999"} {
		for _, path := range []string{"/v1/audit?", "/v1/messages?"} {
			w := ask(h, "GET", path+query, "", asOperator...)
			if p := problemIn(t, w); w.Code != http.StatusBadRequest || p.Code != "bad_request" {
				t.Errorf("%s%s: %d %s", path, query, w.Code, p.Code)
			}
		}
	}
}

// A job's stream tells its state and ends with it; one that is not there is not
// found before a stream begins.
func TestJobEvents(t *testing.T) {
	m, h := pages(t)
	j := supply.Job{ID: operation("4000000000006", "job"), Kind: "release", State: supply.Finished, Done: 9, Total: 9, Result: "batch"}
	if err := m.PutJob(t.Context(), &j); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/jobs/"+j.ID.String()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer token")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	data, found := strings.CutPrefix(string(raw), "event: job\ndata: ")
	var got api.Job
	if err != nil || json.Unmarshal([]byte(data), &got) != nil || !found || res.Header.Get("Content-Type") != "text/event-stream" || got.State != "done" || got.ID != j.ID {
		t.Errorf("%v %q, %v", res.Header, raw, err)
	}
	for id, want := range map[string]string{operation("4000000000006", "none").String(): "not_found", "x": "bad_request", "..": "not_found"} {
		w := ask(h, "GET", "/v1/jobs/"+id+"/events", "", asOperator...)
		if p := problemIn(t, w); p.Code != want {
			t.Errorf("%s: %d %s", id, w.Code, p.Code)
		}
	}
}

// Every code that has a status of its own is spelt as codes are, and what is no
// refusal tells nothing.
func TestProblemOf(t *testing.T) {
	for code, status := range statuses {
		if p := problemOf(fmt.Errorf("context: %w", refusal.New(code, "text"))); p.Status != status || p.Code != code || p.Detail != "context: text" {
			t.Errorf("%s: %+v", code, p)
		}
	}
	if p := problemOf(refusal.New("something_new", "text")); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("%+v", p)
	}
	if p := problemOf(errors.New("pq: password of theriac")); p.Status != http.StatusInternalServerError || strings.Contains(p.Detail, "password") {
		t.Errorf("%+v", p)
	}
}
