package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
	"theriac/pedigree"
	"theriac/refusal"
)

// reportsALook is how many reports one address may hand in for each look-up that it
// may make: of the usual twenty a second that is one a minute, and ten at once.
const reportsALook = 1.0 / 60 / usualLimit

// newReporters returns what addresses may report, given the look-ups that they may
// make a second: behind a proxy all callers are one, and both are raised.
func newReporters(perSecond float64, now func() time.Time) *limits {
	if perSecond <= 0 {
		perSecond = usualLimit
	}
	return newLimits(perSecond*reportsALook, now)
}

// reports registers what anybody who scanned a pack may report.
func (s *server) reports() {
	huma.Register(s.api, huma.Operation{
		OperationID: "report", Method: http.MethodPost, Path: "/v1/reports", Tags: []string{"verify"}, DefaultStatus: http.StatusAccepted,
		Summary: "Report a suspected fake or an adverse reaction",
		Description: "The report is signed by a key of the reporter's own, a pseudonym (docs/formats.md, Reports). It is handed on to the maker of the product and to " +
			"every drug administration, who anchor it on the ledger. Handed in again it is one report, and the answer says how it stands.",
		MaxBodyBytes: pedigree.MaxReport + 1024,
	}, s.report)
	huma.Register(s.api, huma.Operation{
		OperationID: "report-status", Method: http.MethodGet, Path: "/v1/reports/{id}", Tags: []string{"verify"},
		Summary:     "Who has received a report, by its id",
		Description: "What each receiver anchored is shown by /v1/cases under the report's digest.",
	}, s.reported)
}

func (s *server) report(ctx context.Context, in *struct {
	Caller
	Body struct {
		Report string `json:"report" doc:"The signed report, a compact JWS" maxLength:"32768"`
	}
},
) (*reply[api.Report], error) {
	if !s.reporters.take(in.address) {
		s.book(ctx, in.address, in.operation, errTooMany)
		return nil, problemOf(errTooMany)
	}
	r, err := s.Supply.Report(ctx, in.address, []byte(in.Body.Report))
	if err != nil {
		if refusal.Code(err) != "" {
			s.book(ctx, in.address, in.operation, err)
		}
		return nil, s.fail(err)
	}
	return &reply[api.Report]{*r}, nil
}

func (s *server) reported(ctx context.Context, in *struct {
	Caller
	ID string `path:"id" doc:"From the answer to the report"`
},
) (*reply[api.Report], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := (&byID{in.ID}).id()
	if err != nil {
		return nil, err
	}
	r, err := s.Supply.Reported(ctx, id)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Report]{*r}, nil
}
