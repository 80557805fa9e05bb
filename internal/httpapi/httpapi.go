// Package httpapi is the HTTP API of an organisation, OpenAPI 3.1 at
// /openapi.json. Handlers decode, ask a desk, and encode; the rules are the desks'.
//
// Public: the inbox, whose messages are signed, and everything that anybody may
// verify. An operator's token opens the rest. Refusals are problem documents
// (RFC 9457) with a stable code. A POST with an Idempotency-Key is done once: the
// key names the operation on the ledger, and the same answer comes again.
package httpapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/internal/access"
	"theriac/internal/audit"
	"theriac/internal/idempotency"
	"theriac/internal/registry"
	"theriac/internal/supply"
	"theriac/refusal"
)

// A Node is what operators ask of the ledger node.
type Node interface {
	Status() api.Status
	// Ready returns nil if the node takes transactions.
	Ready(ctx context.Context) error
	// Trust returns the trust root to pin, JSON.
	Trust() ([]byte, error)
	// Checkpoint returns the log as a header covers it, consistent with an older
	// size of it.
	Checkpoint(ctx context.Context, older uint64) (*theriac.Checkpoint, error)
	// Block returns a light block for a node that joins; 0 for the latest.
	Block(height int64) ([]byte, error)
}

// Responses remember answers by idempotency key.
type Responses interface {
	// Begin returns nil if the caller is to do the request and then Finish or
	// Release the key, or the answer that was given before; a refusal if the key
	// stands for another request or is being worked on. The time of Begin tells
	// who has the key: after its lease another may.
	Begin(ctx context.Context, key string, request canon.Digest, now time.Time) (*idempotency.Response, error)
	Finish(ctx context.Context, key string, began time.Time, r idempotency.Response, now time.Time) error
	Release(ctx context.Context, key string, began time.Time) error
}

// A Config says what the API speaks for.
type Config struct {
	GLN       string
	Version   string
	Supply    *supply.Desk
	Registry  *registry.Desk
	Access    *access.Desk
	Node      Node
	Watch     Watch
	Responses Responses
	Token     []byte // the operator's
	Now       func() time.Time
	Log       *slog.Logger
	// Limit is how many public look-ups a second one address may make; 0: 20.
	Limit float64
	// Pages are served beside the API; nil: none.
	Pages Pages
}

type server struct {
	Config
	api     huma.API
	limits  *limits
	pages   *limits
	small   *gate // messages that are being read, and
	large   *gate // those of them that may be large
	metrics *metrics

	reporters *limits
	redeemers *limits
	press     *gate // requests that print
}

var problems sync.Once

// New returns the handler.
func New(c Config) (http.Handler, error) {
	// huma makes its own errors through a variable of the package.
	problems.Do(func() { huma.NewError = newProblem })
	s := &server{
		Config: c, limits: newLimits(c.Limit, c.Now), pages: newLimits(max(c.Limit*pagesLimit/usualLimit, pagesLimit), c.Now), metrics: newMetrics(c),
		small: newGate(512, 128), large: newGate(8, 4), reporters: newReporters(c.Limit, c.Now), redeemers: newRedeemers(c.Limit, c.Now),
		press: newGate(presses, presses),
	}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Theriac", c.Version)
	config.Info.Description = "Verify a medicine from raw material to bedside. An organisation's API."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		operatorScheme: {Type: "http", Scheme: "bearer", Description: "The operator's token, in the organisation's data folder."},
		sessionScheme:  {Type: "apiKey", In: "cookie", Name: cookiePrefix + "GLN", Description: "A person's session, with __Host- before the name under TLS. Policies say what it opens."},
	}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[canon.RawJSON](), reflect.TypeFor[any]())
	// No $schema member: bodies are hashed and compared.
	config.CreateHooks = nil
	config.DocsPath, config.SchemasPath = "", ""
	s.api = humago.New(mux, config)
	s.api.UseMiddleware(s.authenticate)
	s.public()
	s.messages()
	s.acts()
	s.labels()
	s.members()
	s.anchors()
	s.operate(mux)
	s.reports()
	s.codes()
	s.lists()
	s.genuine()
	s.things()
	s.people()
	s.sessions()
	return s.around(s.routed(mux)), nil
}

// schemaName tells types of one name by their package.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	if p := path.Base(t.PkgPath()); t.Name() != "" && p != "." && p != "api" && p != "theriac" {
		return strings.ToUpper(p[:1]) + p[1:] + name
	}
	return name
}

const (
	operatorScheme = "operator"
	sessionScheme  = "session"
)

// operator marks an operation as the operator's, and of those persons whom a
// policy permits it.
var operator = []map[string][]string{{operatorScheme: {}}, {sessionScheme: {}}}

// book enters what a stranger was refused, once a minute for an address and a
// reason: more would let strangers fill the book.
func (s *server) book(ctx context.Context, address, operation string, err error) {
	if !s.limits.first(address, refusal.Code(err)) {
		return
	}
	s.enter(ctx, audit.New(s.Now(), address, operation, s.GLN, err))
}

// enter writes an entry; a book that cannot be written is the operator's to hear of.
func (s *server) enter(ctx context.Context, e audit.Entry) {
	if err := s.Supply.Audit.Record(context.WithoutCancel(ctx), e); err != nil {
		s.Log.Error("audit book", "err", err, "operation", e.Action, "code", e.Code)
	}
}

// authorised compares in a time that says nothing of the token.
func (s *server) authorised(header string) bool {
	got := sha256.Sum256([]byte(header))
	want := sha256.Sum256(append([]byte("Bearer "), s.Token...))
	return len(s.Token) > 0 && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// operation returns the id that names an operation on the ledger: what the
// idempotency key stands for, or a fresh one.
func operation(gln, key string) canon.ID {
	if key == "" {
		var id canon.ID
		// crypto/rand never fails.
		_, _ = rand.Read(id[:])
		return id
	}
	d := canon.Hash("theriac/idempotency-key/1", []byte(gln), []byte(key))
	return canon.ID(d[:16])
}
