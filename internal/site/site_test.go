package site

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"theriac/api"
	"theriac/canon"
	"theriac/web"
)

var long = strings.Repeat("console.log('verify')\n", 100)

func built() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"index.html": file("<verify>" + strings.Repeat(" ", 500)), "console.html": file("<console>"), "robots.txt": file("User-agent: *"),
		"assets/verify-1a.js": file(long), "assets/reader.wasm": file("\x00asm" + long), "icon.svg": file("<svg>" + long), "icon-192.png": file("\x89PNG" + long),
		"manifest.webmanifest": file("{}"), "worker.js": file(long), "odd.xyz": file("<script>"),
	}
}

func newSite(t testing.TB, pages fstest.MapFS) *Site {
	t.Helper()
	s, err := New(pages)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(s *Site, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	path, query, _ := strings.Cut(target, "?")
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = path, "", query
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestPaths(t *testing.T) {
	s := newSite(t, built())
	for path, want := range map[string]string{
		"/": "<verify>", "/01/09521141200018": "<verify>", "/01/09521141200018/10/T26": "<verify>", "/01/09521141200018/10/T26/21/A1?17=291121": "<verify>",
		"/01/09521141200018/22/V/10/L/21/S": "<verify>", "/01/gibberish": "<verify>", "/01/1/235/X": "<verify>",
		"/console": "<console>", "/console/": "<console>", "/console/batches/1": "<console>",
		"/robots.txt": "User-agent", "/assets/verify-1a.js": "console.log", "/page.json": `{"digest"`,
	} {
		p, _, _ := strings.Cut(path, "?")
		w := ask(s, "GET", path)
		if !s.Has(p) || w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), want) {
			t.Errorf("GET %s = %d %.20q, want %q", path, w.Code, w.Body, want)
		}
		if w := ask(s, "HEAD", path); w.Code != http.StatusOK || w.Body.Len() > 0 {
			t.Errorf("HEAD %s = %d with %d bytes", path, w.Code, w.Body.Len())
		}
	}
	for _, path := range []string{
		"", "//", "/index.html", "/console.html", "/assets", "/assets/", "/assets/../index.html", "/../web.go", "/assets/%2e%2e/robots.txt", "/consolex",
		"/01", "/01/", "/01/1/", "/01//21/1", "/01/1/21", "/01/1/21/", "/01/1/21/2/10/3", "/01/1/01/2", "/01/1/99/2", "/1/2", "/00/1", "//01/1", "/01/1//", "/v1/status", "*",
	} {
		if w := ask(s, "GET", path); s.Has(path) || w.Code != http.StatusNotFound {
			t.Errorf("GET %q = %d, Has = %v", path, w.Code, s.Has(path))
		}
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t, built())
	for path, want := range map[string][2]string{
		"/":                     {"text/html; charset=utf-8", "no-cache"},
		"/01/1":                 {"text/html; charset=utf-8", "no-cache"},
		"/console":              {"text/html; charset=utf-8", "no-cache"},
		"/worker.js":            {"text/javascript; charset=utf-8", "no-cache"},
		"/page.json":            {"application/json", "no-cache"},
		"/manifest.webmanifest": {"application/manifest+json", "no-cache"},
		"/icon.svg":             {"image/svg+xml", "no-cache"},
		"/icon-192.png":         {"image/png", "no-cache"},
		"/odd.xyz":              {"application/octet-stream", "no-cache"},
		"/assets/reader.wasm":   {"application/wasm", "public, max-age=31536000, immutable"},
		"/assets/verify-1a.js":  {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
	} {
		h := ask(s, "GET", path).Header()
		if h.Get("Content-Type") != want[0] || h.Get("Cache-Control") != want[1] {
			t.Errorf("%s: %q, %q, want %q", path, h.Get("Content-Type"), h.Get("Cache-Control"), want)
		}
		for name, value := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Permissions-Policy": permissions, "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if h.Get(name) != value {
				t.Errorf("%s: %s %q", path, name, h.Get(name))
			}
		}
	}
}

func TestGzip(t *testing.T) {
	s := newSite(t, built())
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip;q=0.5": true, "deflate, GZIP": true, "*": true, "gzip;q=0": false, "*;q=0": false, "gzip; q=0.000, *": false, "br": false, "gzip;q=x": false,
	} {
		w := ask(s, "GET", "/assets/verify-1a.js", "Accept-Encoding", accept)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != want || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: gzip %v, want %v; Vary %q", accept, got, want, w.Header().Get("Vary"))
		}
		var body io.Reader = w.Body
		if want {
			var err error
			if body, err = gzip.NewReader(w.Body); err != nil {
				t.Fatal(err)
			}
		}
		if raw, err := io.ReadAll(body); err != nil || string(raw) != long {
			t.Errorf("Accept-Encoding %q: other bytes, %v", accept, err)
		}
	}
	// What gzip makes longer goes as it is.
	if w := ask(s, "GET", "/console", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" || w.Body.String() != "<console>" {
		t.Errorf("short file: %v %q", w.Header(), w.Body)
	}
	if w := ask(s, "GET", "/icon-192.png", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" || w.Header().Get("Vary") != "" {
		t.Errorf("png: %v", w.Header())
	}
}

func TestETag(t *testing.T) {
	s := newSite(t, built())
	plain := ask(s, "GET", "/worker.js").Header().Get("Etag")
	packed := ask(s, "GET", "/worker.js", "Accept-Encoding", "gzip").Header().Get("Etag")
	if plain != `"`+canon.Sum([]byte(long)).String()+`"` || packed == plain || packed == "" {
		t.Errorf("tags %s, %s", plain, packed)
	}
	for tag, want := range map[string]int{plain: 304, "W/" + plain: 304, `"x", ` + plain: 304, "*": 304, packed: 200, `"x"`: 200} {
		if w := ask(s, "GET", "/worker.js", "If-None-Match", tag); w.Code != want || want == 304 && w.Body.Len() > 0 {
			t.Errorf("If-None-Match %s = %d, want %d", tag, w.Code, want)
		}
	}
	bent := built()
	bent["worker.js"].Data = []byte(long + "\n")
	if ask(newSite(t, bent), "GET", "/worker.js", "If-None-Match", plain).Code != 200 {
		t.Error("another file has the same tag")
	}
}

// The list that the site serves is of the bytes that it serves.
func TestManifest(t *testing.T) {
	s := newSite(t, built())
	var p api.Page
	if err := json.Unmarshal(ask(s, "GET", "/page.json").Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Files) != len(built()) || p.Digest != s.Digest() {
		t.Errorf("%d files, digest %s, want %s", len(p.Files), p.Digest, s.Digest())
	}
	for i, f := range p.Files {
		p.Files[i].SHA256 = canon.Sum(ask(s, "GET", web.URL(f.Path)).Body.Bytes())
	}
	if d, err := web.Digest(p.Files); err != nil || d != p.Digest {
		t.Errorf("digest over what is served = %s, %v, want %s", d, err, p.Digest)
	}
}

// A program without pages says how to get them.
func TestNotBuilt(t *testing.T) {
	s := newSite(t, fstest.MapFS{"robots.txt": {}})
	for _, path := range []string{"/", "/01/09521141200018/21/A", "/console", "/console/x"} {
		w := ask(s, "GET", path)
		if !s.Has(path) || w.Code != http.StatusServiceUnavailable || !bytes.Contains(w.Body.Bytes(), []byte("make web")) || w.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("GET %s = %d %s", path, w.Code, w.Body)
		}
	}
	if s.Has("/page.json") || s.Has("/robots.txt") || !s.Digest().IsZero() {
		t.Error("it has files")
	}
}

// Whatever is asked, the answer is a file of the page, unchanged, or that there is
// none; and Has says which.
func FuzzPath(f *testing.F) {
	for _, p := range []string{
		"/", "/01/09521141200018/10/T26/21/A1", "/01/1/21/%2e%2e", "/01/../assets", "/assets/..%2frobots.txt", "/console/../x", "/01/\x00", "/01/1/21/" + strings.Repeat("a", 9000),
	} {
		f.Add(p)
	}
	s := newSite(f, built())
	known := map[string]bool{}
	for _, file := range s.files {
		known[string(file.raw)] = true
	}
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = path
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		has := s.Has(r.URL.EscapedPath())
		switch {
		case has != (w.Code == http.StatusOK):
			t.Errorf("%q: %d, Has = %v", path, w.Code, has)
		case has && !known[w.Body.String()]:
			t.Errorf("%q: bytes of no file: %.100q", path, w.Body)
		case !has && w.Code != http.StatusNotFound:
			t.Errorf("%q: %d", path, w.Code)
		}
	})
}
