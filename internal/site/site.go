// Package site serves the pages of the browser's part: the public page that
// verifies a pack, at / and at GS1 Digital Links, and the console. It holds the
// files in memory, looks them up by their whole name, and opens nothing, so that
// no path leads outside.
package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/web"
)

// A Site is the pages as one program serves them.
type Site struct {
	page  *api.Page // nil: not built
	files map[string]*file
}

// New returns the site of built pages; of those that are not built, one that says
// how to.
func New(pages fs.FS) (*Site, error) {
	s := &Site{files: map[string]*file{}}
	page, err := web.List(pages)
	switch {
	case errors.Is(err, web.ErrNotBuilt):
		return s, nil
	case err != nil:
		return nil, err
	}
	for _, f := range page.Files {
		raw, err := fs.ReadFile(pages, f.Path)
		if err != nil {
			return nil, err
		}
		s.files[web.URL(f.Path)] = newFile(f.Path, raw)
	}
	manifest, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	s.files["/page.json"] = newFile("page.json", manifest)
	s.page = page
	return s, nil
}

// Digest returns the digest of the pages, zero if they are not built.
func (s *Site) Digest() canon.Digest {
	if s.page == nil {
		return canon.Digest{}
	}
	return s.page.Digest
}

// Has reports whether a path, escaped as it came, is of the site.
func (s *Site) Has(escaped string) bool {
	name := nameOf(escaped)
	_, ok := s.files[name]
	return ok || s.page == nil && (name == "/" || name == "/console")
}

// nameOf returns under which name a path is served: pages read the location for
// themselves.
func nameOf(escaped string) string {
	switch {
	case isDigitalLink(escaped):
		return "/"
	case strings.HasPrefix(escaped, "/console/"):
		return "/console"
	}
	return escaped
}

// isDigitalLink reports whether a path has the form of a link to a product, lot or
// pack (GS1 Digital Link URI Syntax 1.4, section 4). Whether it is one the page
// says, which can say to people what is wrong with it.
func isDigitalLink(escaped string) bool {
	parts := strings.Split(escaped, "/")
	if len(parts) < 3 || len(parts)%2 == 0 || parts[0] != "" || parts[1] != "01" {
		return false
	}
	rank := 0
	for i := 1; i < len(parts); i += 2 {
		at := strings.Index(qualifiers, " "+parts[i]+" ")
		if parts[i] == "" || at < rank || parts[i+1] == "" {
			return false
		}
		rank = at + 1
	}
	return true
}

// qualifiers are the keys in the path of a GTIN's link, in their order.
const qualifiers = " 01 22 10 21 235 "

// ServeHTTP answers GET and HEAD.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if s.page == nil {
		notBuilt(w)
		return
	}
	f, ok := s.files[nameOf(r.URL.EscapedPath())]
	if !ok {
		http.NotFound(w, r)
		return
	}
	f.serve(w, r)
}

// policy lets pages run our own files and nothing else; the scanner is WebAssembly.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// permissions are what pages may ask of the browser: the camera, and passkeys.
const permissions = "camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), accelerometer=(), autoplay=(), " +
	"display-capture=(), encrypted-media=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), " +
	"magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()"

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", permissions)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func notBuilt(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte("<!doctype html><html lang=\"en\"><title>Theriac</title><h1>The pages are not built</h1>" +
		"<p>This program was built without Node. With Node 20 or newer and npm, run <code>make run</code>, or <code>make web</code> and build it again. " +
		"The API works without: <a href=\"/openapi.json\">/openapi.json</a>.</p></html>\n"))
}

// serve answers with a file, or that the caller has it.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.media)
	h.Set("Cache-Control", f.cache)
	body, tag := f.raw, f.tag
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if packed := f.packed(); packed != nil && takesGzip(r.Header) {
			h.Set("Content-Encoding", "gzip")
			// Two encodings are two representations (RFC 9110, section 8.8.3.3).
			body, tag = packed, f.tag+"-gzip"
		}
	}
	h.Set("Etag", `"`+tag+`"`)
	// Name and time have no say: the type is set, and the tag tells versions apart.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
