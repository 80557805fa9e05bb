package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"theriac/internal/memstore"
	"theriac/internal/registry"
	"theriac/internal/supply"
)

// leaflet is a site of one page and one asset.
type leaflet struct{}

func (leaflet) Has(path string) bool {
	return path == "/" || path == "/assets/a.js" || path == "/v1/status"
}

func (leaflet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "page")
	fmt.Fprint(w, r.Method+" "+r.URL.Path)
}

func withPages(t *testing.T, now func() time.Time) http.Handler {
	t.Helper()
	h, err := New(Config{
		GLN: "4000000000006", Supply: &supply.Desk{Audit: memstore.New(), Now: now}, Registry: &registry.Desk{}, Node: idle{},
		Token: []byte("token"), Now: now, Log: slog.New(slog.DiscardHandler), Pages: leaflet{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Pages have their own headers, and take GET and HEAD; beside them the API is as it was.
func TestPagesBesideTheAPI(t *testing.T) {
	h := withPages(t, time.Now)
	for _, method := range []string{"GET", "HEAD"} {
		w := ask(h, method, "/", "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Security-Policy") != "page" || w.Body.String() != method+" /" {
			t.Errorf("%s /: %d %v %q", method, w.Code, w.Header(), w.Body)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "BREW"} {
		w := ask(h, method, "/", "")
		if p := problemIn(t, w); p.Code != "method_not_allowed" || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s /: %s, allow %q", method, p.Code, w.Header().Get("Allow"))
		}
	}
	if w := ask(h, "OPTIONS", "/", ""); w.Code != http.StatusNoContent || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("OPTIONS /: %d, allow %q", w.Code, w.Header().Get("Allow"))
	}
	// A site cannot take the API's place.
	w := ask(h, "GET", "/v1/status", "")
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("status: %d %v %q", w.Code, w.Header(), w.Body)
	}
	for _, path := range []string{"/v1/x", "/x", "/assets/b.js"} {
		if p := problemIn(t, ask(h, "GET", path, "")); p.Code != "not_found" {
			t.Errorf("GET %s: %s", path, p.Code)
		}
	}
}

// One address may look at many pages, but not at any number; assets are not counted.
func TestPagesAreCounted(t *testing.T) {
	begin := time.Now()
	h := withPages(t, func() time.Time { return begin })
	allowed := pagesLimit*burst + guess
	for i := range allowed {
		if w := ask(h, "GET", "/", ""); w.Code != http.StatusOK {
			t.Fatalf("page %d: %d", i, w.Code)
		}
	}
	if p := problemIn(t, ask(h, "GET", "/", "")); p.Code != "too_many_requests" {
		t.Errorf("page %d: %s", allowed, p.Code)
	}
	if w := ask(h, "GET", "/assets/a.js", ""); w.Code != http.StatusOK {
		t.Errorf("asset: %d", w.Code)
	}
	if w := ask(h, "GET", "/v1/status", ""); w.Code != http.StatusOK {
		t.Errorf("API: %d", w.Code)
	}
}
