package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	"theriac/refusal"
)

var (
	errMethod    = refusal.New("method_not_allowed", "the path does not take this method")
	errElsewhere = refusal.New("cross_origin", "a page of another origin may not change anything here")
)

// methods are those that any path takes.
var methods = []string{http.MethodDelete, http.MethodGet, http.MethodPost, http.MethodPut}

// routed answers for the mux where it knows no handler: it would answer in plain
// text, and redirect from paths that are not clean. Those of pages are no API's.
func (s *server) routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.EscapedPath(); r.Method == http.MethodConnect || !strings.HasPrefix(p, "/") || path.Clean(p) != p {
			s.otherwise(w, r)
			return
		}
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		allowed := taken(mux, r)
		if len(allowed) == 0 {
			s.otherwise(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		if r.Method == http.MethodOptions {
			// No Access-Control-Allow-Origin: pages of other origins may not read here.
			w.WriteHeader(http.StatusNoContent)
			return
		}
		send(w, problemOf(errMethod))
	})
}

// taken returns the methods that the path of r takes.
func taken(mux *http.ServeMux, r *http.Request) []string {
	var out []string
	for _, m := range methods {
		probe := *r
		probe.Method = m
		if _, pattern := mux.Handler(&probe); pattern != "" {
			out = append(out, m)
		}
	}
	if slices.Contains(out, http.MethodGet) {
		out = append(out, http.MethodHead)
	}
	if len(out) > 0 {
		out = append(out, http.MethodOptions)
	}
	slices.Sort(out)
	return out
}

// sameOrigin refuses changes that a browser sends for a page of another origin.
// Nothing here hangs on an address: without token and session a page can hand in
// signed messages and no more, also after DNS rebinding, when its origin looks like
// ours. What a session lets through is held to more (recognised).
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { send(w, problemOf(errElsewhere)) }))
	return p.Handler(next)
}

// guarded turns a panic of a handler into an answer. What was half sent is cut off,
// so that nobody takes it for the whole.
func (s *server) guarded(w *recorder, r *http.Request, next http.Handler) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		// Huma panics when it cannot write; who has gone need not be logged.
		if r.Context().Err() == nil {
			s.Log.Error("request", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		if w.wrote || errors.Is(asError(p), http.ErrAbortHandler) {
			w.status = http.StatusInternalServerError
			panic(http.ErrAbortHandler)
		}
		send(w, problemOf(errInternal))
	}()
	next.ServeHTTP(w, r)
}

func asError(p any) error {
	err, _ := p.(error)
	return err
}
