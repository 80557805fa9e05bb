package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"theriac/canon"
	"theriac/internal/access"
	"theriac/internal/audit"
	"theriac/refusal"
)

// A caller is who sends a request, as far as the request proves it.
type caller struct {
	operator bool
	person   *access.Person
	token    string // of the person's session
}

type callerKey struct{}

// callerOf returns who sent the request of a context.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// cookiePrefix and the GLN name the cookie: cookies do not tell ports apart, and
// several organisations may run on one machine.
const cookiePrefix = "theriac-"

// cookie returns the cookie of a session's token; without one, that which ends it.
// The browser gives it to no script and to no other site, and, where there is TLS,
// takes it from this host alone over TLS (RFC 6265bis, __Host-).
func (s *server) cookie(token string) *http.Cookie {
	c := &http.Cookie{
		Name: cookiePrefix + s.GLN, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: int(access.Lifetime.Seconds()),
	}
	if strings.HasPrefix(s.Access.Origin(), "https://") {
		c.Name, c.Secure = "__Host-"+c.Name, true
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

// token returns the token of a request's session, or "".
func (s *server) token(r *http.Request) string {
	found := r.CookiesNamed(s.cookie("").Name)
	// Of two, one was planted: which, nobody can tell.
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// recognised returns the request with its caller in the context. A header goes
// before a cookie, and none falls back on the other.
func (s *server) recognised(r *http.Request) (*http.Request, error) {
	var c caller
	switch header := r.Header.Get("Authorization"); {
	case header != "":
		c.operator = s.authorised(header)
	case r.Header.Get("Cookie") == "":
		return r, nil
	default:
		token := s.token(r)
		if token == "" {
			return r, nil
		}
		p, err := s.Access.Who(r.Context(), token)
		if refusal.Code(err) == access.ErrUnknown.Code() {
			return r, nil
		}
		if err != nil {
			return r, err
		}
		if err := s.own(r); err != nil {
			// Not under the path: whoever has a session could fill the book with paths.
			s.enterFor(r.Context(), p, "change from elsewhere", err)
			return r, err
		}
		c.person, c.token = p, token
	}
	out := r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
	if key := r.Header.Get("Idempotency-Key"); key != "" && c.person != nil {
		// A person's key is his own: the answers under it, and the operations on the
		// ledger that it names. Another's of the same words is another.
		if len(key) > maxKey {
			return out, errRequest
		}
		out.Header = r.Header.Clone()
		d := canon.Hash("theriac/person-key/1", c.person.ID[:], []byte(key))
		out.Header.Set("Idempotency-Key", d.String())
	}
	return out, nil
}

// own refuses a change that a cookie would let through unless the browser says that
// a page of ours sends it. Each browser that knows passkeys says so, in one header
// or both; where neither is, it is none.
func (s *server) own(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil
	}
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if site == "" && origin == "" || site != "" && site != "same-origin" || origin != "" && origin != s.Access.Origin() {
		return errElsewhere
	}
	return nil
}

// enterFor enters what a person was refused, once a minute for a reason.
func (s *server) enterFor(ctx context.Context, p *access.Person, operation string, err error) {
	if s.limits.first("person "+p.ID.String()+" "+operation, refusal.Code(err)) {
		s.enter(ctx, audit.New(s.Now(), p.Actor(), operation, s.GLN, err))
	}
}

// authenticate lets an operator's operation through with the token, or for a person
// whom a policy permits it; the policy goes into the audit book with what is done.
func (s *server) authenticate(ctx huma.Context, next func(huma.Context)) {
	c, operation := callerOf(ctx.Context()), ctx.Operation()
	_, w := humago.Unwrap(ctx)
	switch {
	case len(operation.Security) == 0 || c.operator:
		next(ctx)
	case c.person == nil:
		s.book(ctx.Context(), ctx.RemoteAddr(), operation.OperationID, errUnauthorised)
		send(w, problemOf(errUnauthorised))
	default:
		policy, err := s.Access.Permit(c.person, operation.OperationID)
		if err != nil {
			if refusal.Code(err) == access.ErrForbidden.Code() {
				s.enterFor(ctx.Context(), c.person, operation.OperationID, err)
			} else {
				s.Log.Error("policies", "err", err)
			}
			send(w, problemOf(err))
			return
		}
		next(huma.WithContext(ctx, audit.By(ctx.Context(), audit.Authority{Actor: c.person.Actor(), Policy: policy})))
	}
}

// unkept keeps the answer of an operation that holds a secret from the store: who asks
// again under the same key does not get it.
func (s *server) unkept(ctx huma.Context, next func(huma.Context)) {
	_, w := humago.Unwrap(ctx)
	if rec, ok := w.(*recorder); ok {
		rec.secret, rec.keep = true, false
	}
	next(ctx)
}

// guardedOperations are those that a person needs a policy for.
func (s *server) guardedOperations() []string {
	var out []string
	for _, item := range s.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil && len(op.Security) > 0 {
				out = append(out, op.OperationID)
			}
		}
	}
	return out
}
