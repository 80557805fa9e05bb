package site

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"theriac/canon"
)

// A file is one of the site's, as it goes out.
type file struct {
	raw    []byte
	packed func() []byte // with gzip; nil for what is packed by nature
	tag    string        // digest
	media  string
	cache  string
}

// A kind is what files of an ending are.
type kind struct {
	media string
	dense bool // gzip gains nothing
}

var kinds = map[string]kind{
	".css":         {"text/css; charset=utf-8", false},
	".html":        {"text/html; charset=utf-8", false},
	".js":          {"text/javascript; charset=utf-8", false},
	".json":        {"application/json", false},
	".png":         {"image/png", true},
	".svg":         {"image/svg+xml", false},
	".txt":         {"text/plain; charset=utf-8", false},
	".wasm":        {"application/wasm", false},
	".webmanifest": {"application/manifest+json", false},
	".woff2":       {"font/woff2", true},
}

func newFile(name string, raw []byte) *file {
	k, ok := kinds[path.Ext(name)]
	if !ok {
		// With nosniff, a browser does nothing with it.
		k = kind{"application/octet-stream", true}
	}
	f := &file{raw: raw, tag: canon.Sum(raw).String(), media: k.media, cache: "no-cache"}
	if strings.HasPrefix(name, "assets/") {
		// Vite puts a hash of the content into the name.
		f.cache = "public, max-age=31536000, immutable"
	}
	if !k.dense {
		// Once, when the first asks: a program that shows nobody a page is ready sooner.
		f.packed = sync.OnceValue(func() []byte { return pack(raw) })
	}
	return f
}

// pack compresses with gzip; nil if that gains nothing.
func pack(raw []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(raw); err != nil || w.Close() != nil || b.Len() >= len(raw) {
		return nil
	}
	return b.Bytes()
}

// takesGzip reports whether a caller takes gzip (RFC 9110, section 12.5.3).
func takesGzip(h http.Header) bool {
	anything := false
	for _, coding := range strings.Split(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		_, q, weighed := strings.Cut(weight, "=")
		v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		wanted := !weighed || err == nil && v > 0
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			anything = wanted
		}
	}
	return anything
}
