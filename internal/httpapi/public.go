package httpapi

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// A Caller is the address that a request comes from, and what it asks for.
type Caller struct{ address, operation string }

// Resolve implements huma.Resolver.
func (f *Caller) Resolve(ctx huma.Context) []error {
	f.address, f.operation = ctx.RemoteAddr(), ctx.Operation().OperationID
	return nil
}

// A reply is a JSON answer.
type reply[T any] struct{ Body T }

// A blob is an answer of bytes.
type blob struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

type byCode struct {
	Caller
	ID string `query:"id" required:"true" maxLength:"2000" doc:"Any code of the pack: element string, Digital Link, EPC URN"`
}

// public registers what everybody may ask.
func (s *server) public() {
	huma.Register(s.api, huma.Operation{
		OperationID: "deliver", Method: http.MethodPost, Path: "/inbox", Tags: []string{"messages"},
		Summary:      "Hand in a signed message",
		Description:  "The message is verified, anchored on the ledger and kept; the receipt says where. Sent again, it gets the same receipt.",
		MaxBodyBytes: supply.MaxMessage, BodyReadTimeout: slowly, SkipValidateBody: true, // its own decoder is stricter
		Middlewares: huma.Middlewares{s.gated},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[envelope.Message](), true, "")},
		}},
	}, s.deliver)
	huma.Register(s.api, huma.Operation{
		OperationID: "bundle", Method: http.MethodGet, Path: "/v1/bundles", Tags: []string{"verify"},
		Summary: "The evidence of a pack", Description: "Verify it with `theriac verify`, or with package theriac; nobody need believe this server.",
	}, s.bundle)
	huma.Register(s.api, huma.Operation{
		OperationID: "opening", Method: http.MethodGet, Path: "/v1/openings", Tags: []string{"verify"},
		Summary: "What opens a pack of this organisation's batches", Description: "Unknown serial numbers cost more of the caller's allowance.",
	}, s.opening)
	huma.Register(s.api, huma.Operation{
		OperationID: "trace", Method: http.MethodGet, Path: "/v1/trace", Tags: []string{"verify"},
		Summary: "The captured events that concern an identifier",
	}, s.trace)
	huma.Register(s.api, huma.Operation{
		OperationID: "case", Method: http.MethodGet, Path: "/v1/cases", Tags: []string{"verify"},
		Summary: "The anchored messages of a case (ID_BC)", Description: "As the ledger has them, with fields withheld.",
	}, s.caseOf)
	huma.Register(s.api, huma.Operation{
		OperationID: "trust", Method: http.MethodGet, Path: "/v1/trust", Tags: []string{"verify"},
		Summary: "The trust root of this chain", Description: "To pin it, get it from somebody you believe.",
	}, func(context.Context, *struct{}) (*blob, error) {
		raw, err := s.Node.Trust()
		if err != nil {
			return nil, s.fail(err)
		}
		return &blob{"application/json", raw}, nil
	})
}

// slowly is how long a large body may take, which is a message with documents.
const slowly = time.Minute

// letter is the size up to which a message is small. Strangers may hand in messages,
// and what they are is known only when they have been read.
const letter = 1 << 20

// gated lets so many messages be read at a time as the memory bears.
func (s *server) gated(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	g := s.small
	if r.ContentLength < 0 || r.ContentLength > letter {
		g = s.large
	}
	if !g.enter(r.RemoteAddr) {
		w.Header().Set("Retry-After", "1")
		send(w, problemOf(supply.ErrBusy))
		return
	}
	defer g.leave(r.RemoteAddr)
	next(ctx)
}

// allow takes a look-up from an address's allowance.
func (s *server) allow(ctx context.Context, f Caller) error {
	if !s.limits.take(f.address) {
		s.book(ctx, f.address, f.operation, errTooMany)
		return problemOf(errTooMany)
	}
	return nil
}

// looked ends a look-up. One of a serial number that does not exist may be a
// guess, and costs more.
func (s *server) looked(ctx context.Context, f Caller, err error) error {
	if errors.Is(err, ledger.ErrLeaf) {
		s.limits.charge(f.address, guess)
		s.book(ctx, f.address, f.operation, ledger.ErrLeaf)
	}
	return s.fail(err)
}

func (s *server) deliver(ctx context.Context, in *struct {
	Caller
	RawBody []byte `contentType:"application/json"`
},
) (*reply[api.Receipt], error) {
	if m, err := envelope.DecodeMessage(in.RawBody); err == nil && m.Envelope.Claims.Type == pedigree.TypeApplication {
		a, err := s.Registry.Receive(ctx, in.address, in.RawBody)
		if err != nil {
			return nil, s.fail(err)
		}
		// Nothing is anchored until the governors have decided.
		return &reply[api.Receipt]{api.Receipt{BC: m.Envelope.Digest(), Envelope: string(m.Envelope.Raw()), Time: a.Created.UnixMilli()}}, nil
	}
	r, err := s.Supply.Receive(ctx, in.address, in.RawBody)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Receipt]{*r}, nil
}

func (s *server) identifier(code string) (gs1.Identifier, error) {
	id, err := gs1.ParseIdentifier(code, s.Now())
	if err != nil {
		return id, newProblemDoc(http.StatusBadRequest, "bad_identifier", err.Error())
	}
	return id, nil
}

func (s *server) bundle(ctx context.Context, in *byCode) (*blob, error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := s.identifier(in.ID)
	if err != nil {
		return nil, err
	}
	b, err := s.Supply.Bundle(ctx, id)
	if err != nil {
		return nil, s.looked(ctx, in.Caller, err)
	}
	raw, err := b.Encode()
	if err != nil {
		return nil, s.fail(err)
	}
	return &blob{"application/json", raw}, nil
}

func (s *server) opening(ctx context.Context, in *byCode) (*reply[api.Opening], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := s.identifier(in.ID)
	if err != nil {
		return nil, err
	}
	o, err := s.Supply.OwnOpening(ctx, id)
	if errors.Is(err, supply.ErrUnknown) {
		err = ledger.ErrLeaf // nor does the serial number exist here
	}
	if err != nil {
		return nil, s.looked(ctx, in.Caller, err)
	}
	return &reply[api.Opening]{*o}, nil
}

func (s *server) trace(ctx context.Context, in *byCode) (*reply[api.Trail], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	t, err := s.Supply.Trace(ctx, in.ID)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Trail]{*t}, nil
}

func (s *server) caseOf(ctx context.Context, in *struct {
	Caller
	Case string `query:"case" required:"true" maxLength:"64"`
	From uint64 `query:"from" doc:"Leaf to begin at"`
},
) (*reply[[]theriac.Exchange], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	found, err := s.Supply.Case(ctx, in.Case, in.From)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[[]theriac.Exchange]{found}, nil
}

// digest reads a digest in a path.
func digest(text string) (canon.Digest, error) {
	d, err := canon.ParseDigest(text)
	if err != nil {
		return d, newProblemDoc(http.StatusBadRequest, errRequest.Code(), err.Error())
	}
	return d, nil
}
