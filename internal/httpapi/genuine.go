package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
	"theriac/genuine"
)

// registering is how many requests with marks are read at a time: a million of them
// are some hundred megabytes of memory on their way to the store.
const registering = 2

// genuine registers paper 001: product lines, registrations, and identification.
func (s *server) genuine() {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"genuine"}, Security: operator}
	}
	public := func(id, path, summary string) huma.Operation {
		o := op(id, http.MethodGet, path, summary)
		o.Security = nil
		return o
	}
	huma.Register(s.api, op("put-line", http.MethodPut, "/v1/lines", "Enter a product line of ours, or replace its record"), s.putLine)
	huma.Register(s.api, op("line-list", http.MethodGet, "/v1/lines", "The product lines of this organisation"), s.lineList)
	huma.Register(s.api, public("line", "/v1/lines/{line}", "A product line, anybody's, as the ledger has it"), s.line)
	huma.Register(s.api, public("line-keys", "/v1/lines/{line}/keys/{device}", "The keys of a line of ours, sealed to one of its devices"), s.lineKeys)

	register := op("register-marks", http.MethodPost, "/v1/registrations", "Register marks that a device made")
	register.MaxBodyBytes, register.BodyReadTimeout = largest, slowly
	register.Middlewares = huma.Middlewares{s.through(newGate(registering, registering))}
	register.Description = "They are kept before the ledger is asked. Sent again with the same Idempotency-Key, it is one registration."
	huma.Register(s.api, register, s.registerMarks)
	huma.Register(s.api, op("registration-list", http.MethodGet, "/v1/registrations", "Registrations that concern this organisation, the newest first"), s.registrationList)
	huma.Register(s.api, public("registration", "/v1/registrations/{id}", "A registration, anybody's, as the ledger has it"), s.registration)
	mark := public("mark", "/v1/registrations/{id}/marks/{index}", "A mark with its path to the root, and whether it was verified")
	mark.Description = "A server that does not have it asks who registered it. The path proves the mark to anybody who has the registration."
	huma.Register(s.api, mark, s.mark)
	transaction := op("transaction", http.MethodGet, "/v1/registrations/{id}/transactions/{index}", "Transaction information of a thing that came here")
	transaction.Description = "A secret of this organisation and who registered the thing. For its identification device, which needs it once."
	huma.Register(s.api, transaction, s.transaction)

	huma.Register(s.api, op("identify", http.MethodPost, "/v1/identifications", "Set a mark to verified, as a device has measured"), s.identify)
	measure := op("measure", http.MethodPost, "/v1/measurements", "Have a measuring device measure a thing, and identify it")
	measure.Description = "It may take a minute: an instrument waits until it rests."
	huma.Register(s.api, measure, s.measure)
	huma.Register(s.api, op("device-list", http.MethodGet, "/v1/devices", "The measuring devices in this organisation's settings"), func(context.Context, *struct{}) (*reply[api.MeasuringDevices], error) {
		return &reply[api.MeasuringDevices]{*s.Supply.MeasuringDevices()}, nil
	})
}

func (s *server) putLine(ctx context.Context, in *struct{ Body api.LineUpdate }) (*reply[api.Line], error) {
	return answer[api.Line](s)(s.Supply.PutLine(ctx, &in.Body))
}

// answer encodes what a desk returned.
func answer[T any](s *server) func(v *T, err error) (*reply[T], error) {
	return func(v *T, err error) (*reply[T], error) {
		if err != nil {
			return nil, s.fail(err)
		}
		return &reply[T]{*v}, nil
	}
}

func (s *server) lineList(ctx context.Context, _ *struct{}) (*reply[api.Lines], error) {
	return answer[api.Lines](s)(s.Supply.ListLines(ctx))
}

// OfLine names a product line in the path.
type OfLine struct {
	Caller
	Line string `path:"line"`
}

func (s *server) line(ctx context.Context, in *struct{ OfLine }) (*reply[api.Line], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := digest(in.Line)
	if err != nil {
		return nil, err
	}
	return answer[api.Line](s)(s.Supply.Line(id))
}

func (s *server) lineKeys(ctx context.Context, in *struct {
	OfLine
	Device string `path:"device" doc:"RFC 7638 thumbprint"`
},
) (*reply[api.LineKeys], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := digest(in.Line)
	if err != nil {
		return nil, err
	}
	device, err := digest(in.Device)
	if err != nil {
		return nil, err
	}
	return answer[api.LineKeys](s)(s.Supply.LineKeys(ctx, id, device))
}

func (s *server) registerMarks(ctx context.Context, in *struct {
	Once
	Body api.Registering
},
) (*reply[api.Registration], error) {
	return answer[api.Registration](s)(s.Supply.Register(ctx, operation(s.GLN, in.Key), &in.Body))
}

func (s *server) registrationList(ctx context.Context, in *struct {
	Paging
	Going string `query:"direction" enum:"in,out,line" default:"in" doc:"in: for this organisation; out: made by it; line: of its product lines, every hop"`
},
) (*reply[api.Registrations], error) {
	return answer[api.Registrations](s)(s.Supply.ListRegistrations(ctx, in.Going, in.page()))
}

// OfRegistration names a registration in the path.
type OfRegistration struct {
	Caller
	ID string `path:"id"`
}

func (s *server) registration(ctx context.Context, in *struct{ OfRegistration }) (*reply[api.Registration], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := digest(in.ID)
	if err != nil {
		return nil, err
	}
	return answer[api.Registration](s)(s.Supply.Registration(ctx, id))
}

// OfMark names a mark in the path.
type OfMark struct {
	OfRegistration
	Index uint64 `path:"index"`
}

func (s *server) mark(ctx context.Context, in *struct{ OfMark }) (*reply[api.Mark], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := digest(in.ID)
	if err != nil {
		return nil, err
	}
	return answer[api.Mark](s)(s.Supply.Mark(ctx, id, in.Index))
}

func (s *server) transaction(ctx context.Context, in *struct {
	OfMark
	Code string `query:"code" required:"true" maxLength:"2000" doc:"What was scanned on the thing"`
},
) (*reply[genuine.Transaction], error) {
	id, err := digest(in.ID)
	if err != nil {
		return nil, err
	}
	code, err := s.identifier(in.Code)
	if err != nil {
		return nil, err
	}
	return answer[genuine.Transaction](s)(s.Supply.Transaction(ctx, id, in.Index, code))
}

func (s *server) identify(ctx context.Context, in *struct {
	Once
	Body api.Identifying
},
) (*reply[api.Done], error) {
	return s.done(s.Supply.Identify(ctx, operation(s.GLN, in.Key), &in.Body))
}

func (s *server) measure(ctx context.Context, in *struct {
	Once
	Body api.Measurement
},
) (*reply[api.Done], error) {
	code, err := s.identifier(in.Body.Code)
	if err != nil {
		return nil, err
	}
	return s.done(s.Supply.Measure(ctx, operation(s.GLN, in.Key), &in.Body, code))
}
