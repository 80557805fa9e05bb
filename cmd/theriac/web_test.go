package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"theriac/api"
	"theriac/client"
	"theriac/internal/site"
	"theriac/web"
)

// Attack: a server lists the honest page and sends another, or hides a file, or
// adds one. Its list is not believed.
func TestWebDigestFindsLies(t *testing.T) {
	honest := fstest.MapFS{"index.html": {Data: []byte("page")}, "console.html": {Data: []byte("console")}, "assets/a.js": {Data: []byte("a")}, "robots.txt": {}}
	own, err := web.List(honest)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		lie  func(path string, body []byte) []byte
		want string
	}{
		{"honest", func(_ string, body []byte) []byte { return body }, ""},
		{"another page", bent("/", "page", "evil"), `"index.html"`},
		{"another script", bent("/assets/a.js", "a", "b"), `"assets/a.js"`},
		{"a file more", bent("/page.json", `{"path":"robots.txt"`, `{"path":"r","sha256":"`+strings.Repeat("A", 43)+`"},{"path":"robots.txt"`), `"r"`},
		{"a file less", bent("/page.json", list(t, own, "console.html"), ""), `"console.html"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &compared{Digest: own.Digest, Files: own.Files}
			if err := c.compare(t.Context(), serve(t, honest, tt.lie)); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.Differ, " "); got != tt.want || (c.Server == own.Digest) != (tt.want == "") {
				t.Errorf("differ %s, want %s; digest %s, own %s", got, tt.want, c.Server, own.Digest)
			}
		})
	}
}

// What a server can send for a list ends with an error.
func TestWebDigestRefusesLists(t *testing.T) {
	for _, page := range []string{
		"", "{}", "null", `{"files":[]}`, `{"files":[{"path":"../x"}]}`, `{"files":[{"path":"b"},{"path":"a"}]}`, `{"files":[{"path":"//evil.example/"}]}`, `{"files":"x"}`,
		`{"files":[` + strings.TrimSuffix(strings.Repeat(`{"path":"a"},`, web.MaxFiles+1), ",") + `]}`,
	} {
		asked := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			_, _ = w.Write([]byte(page))
		}))
		t.Cleanup(s.Close)
		c, err := client.New(s.URL, "")
		if err != nil {
			t.Fatal(err)
		}
		if files, err := fetchPage(t.Context(), c); err == nil || asked != 1 {
			t.Errorf("%.60s: %d files, %d requests, %v", page, len(files), asked, err)
		}
	}
}

// bent changes a text of what is sent for a path.
func bent(path, old, new string) func(string, []byte) []byte {
	return func(p string, body []byte) []byte {
		if p != path {
			return body
		}
		return bytes.Replace(body, []byte(old), []byte(new), 1)
	}
}

// list returns how the list of a page names a file, with the comma behind it.
func list(t *testing.T, p *api.Page, path string) string {
	t.Helper()
	for _, f := range p.Files {
		if f.Path == path {
			raw, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			return string(raw) + ","
		}
	}
	t.Fatalf("no %s", path)
	return ""
}

// serve serves pages as lie changes them, and returns the address.
func serve(t *testing.T, pages fstest.MapFS, lie func(string, []byte) []byte) string {
	t.Helper()
	inner, err := site.New(pages)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":"not_found"}`))
			return
		}
		r.Header.Del("Accept-Encoding")
		rec := httptest.NewRecorder()
		path := r.URL.Path
		if path == "/r" {
			return
		}
		inner.ServeHTTP(rec, r)
		w.WriteHeader(rec.Code)
		_, _ = w.Write(lie(path, rec.Body.Bytes()))
	}))
	t.Cleanup(s.Close)
	return s.URL
}
