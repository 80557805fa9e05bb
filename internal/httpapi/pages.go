package httpapi

import (
	"net/http"
	"strings"

	"theriac/internal/supply"
)

// Pages are what people see beside the API.
type Pages interface {
	// Has reports whether an escaped path is of a page.
	Has(path string) bool
	// ServeHTTP answers GET and HEAD of those.
	ServeHTTP(w http.ResponseWriter, r *http.Request)
}

// pagesLimit is how many files beside assets one address may ask for a second, if
// look-ups have the usual limit: they cost no more than sending them.
const pagesLimit = 5 * usualLimit

// assets have content-hashed names and are asked for once; a page has many.
const assets = "/assets/"

// otherwise answers for what is not the API's: with a page, or that there is nothing.
func (s *server) otherwise(w http.ResponseWriter, r *http.Request) {
	p := r.URL.EscapedPath()
	if r.Method == http.MethodConnect || s.Pages == nil || !s.Pages.Has(p) {
		send(w, problemOf(supply.ErrUnknown))
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if !strings.HasPrefix(p, assets) && !s.pages.take(r.RemoteAddr) {
			s.book(r.Context(), r.RemoteAddr, "page", errTooMany)
			send(w, problemOf(errTooMany))
			return
		}
		s.Pages.ServeHTTP(w, r)
	case http.MethodOptions:
		w.Header().Set("Allow", pageMethods)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", pageMethods)
		send(w, problemOf(errMethod))
	}
}

const pageMethods = "GET, HEAD, OPTIONS"
