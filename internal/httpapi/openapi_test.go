package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
	"time"

	"theriac/api"
	"theriac/internal/memstore"
	"theriac/internal/registry"
	"theriac/internal/supply"
)

type document struct {
	OpenAPI string                                `json:"openapi"`
	Paths   map[string]map[string]json.RawMessage `json:"paths"`
}

type operationDoc struct {
	ID         string                `json:"operationId"`
	Summary    string                `json:"summary"`
	Security   []map[string][]string `json:"security"`
	Parameters []struct {
		Name string `json:"name"`
		In   string `json:"in"`
	} `json:"parameters"`
}

// idle is a node that has nothing; no handler that these tests call asks more.
type idle struct{ Node }

func (idle) Status() api.Status { return api.Status{} }

func handler(t *testing.T) http.Handler {
	t.Helper()
	h, err := New(Config{
		GLN: "4000000000006", Version: "test", Supply: &supply.Desk{Audit: memstore.New(), Now: time.Now}, Registry: &registry.Desk{}, Node: idle{},
		Token: []byte("token"), Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func operations(t *testing.T, h http.Handler) map[string]map[string]operationDoc {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var doc document
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI < "3.1" || len(doc.Paths) < 20 {
		t.Fatalf("OpenAPI %q with %d paths", doc.OpenAPI, len(doc.Paths))
	}
	out := map[string]map[string]operationDoc{}
	for path, methods := range doc.Paths {
		out[path] = map[string]operationDoc{}
		for method, raw := range methods {
			var op operationDoc
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			out[path][method] = op
		}
	}
	return out
}

var inBraces = regexp.MustCompile(`\{([a-z_]+)\}`)

// What stands in a path is read by its handler: huma leaves a parameter out, with
// no word, that is in an embedded type which is not exported.
func TestParametersAreRead(t *testing.T) {
	for path, methods := range operations(t, handler(t)) {
		for method, op := range methods {
			var names []string
			for _, p := range op.Parameters {
				names = append(names, p.In+" "+p.Name)
			}
			for _, m := range inBraces.FindAllStringSubmatch(path, -1) {
				if !slices.Contains(names, "path "+m[1]) {
					t.Errorf("%s %s does not read %s", method, path, m[1])
				}
			}
			if op.ID == "" || op.Summary == "" {
				t.Errorf("%s %s has no name or summary", method, path)
			}
		}
	}
}

// public are the operations that anybody may ask.
var public = []string{
	"anchored", "begin-login", "begin-registration", "bundle", "block", "case", "checkpoint", "code-path", "deliver", "line", "line-keys", "login", "logout", "mark",
	"members", "opening", "redeem", "redeemable", "register", "registration", "report", "report-status", "session", "status", "symbol", "trace", "trust",
}

// Everything but what is public asks for the token, and refuses without it and
// with another, before it looks at the request.
func TestOperatorsOperations(t *testing.T) {
	h := handler(t)
	seen := []string{}
	for path, methods := range operations(t, h) {
		for method, op := range methods {
			if op.Security == nil {
				seen = append(seen, op.ID)
				continue
			}
			for _, token := range []string{"", "Bearer ", "Bearer tokem", "Bearer token2", "bearer", "Basic token"} {
				r := httptest.NewRequest(methodOf(method), inBraces.ReplaceAllString(path, "x"), nil)
				if token != "" {
					r.Header.Set("Authorization", token)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				var p api.Problem
				if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusUnauthorized || p.Code != "unauthorised" {
					t.Errorf("%s %s with %q: %d %s", method, path, token, w.Code, w.Body)
				}
			}
		}
	}
	slices.Sort(seen)
	want := slices.Sorted(slices.Values(public))
	if !slices.Equal(seen, want) {
		t.Errorf("public are %q, want %q", seen, want)
	}
}

func methodOf(lower string) string {
	return map[string]string{"get": "GET", "post": "POST", "put": "PUT", "delete": "DELETE"}[lower]
}
