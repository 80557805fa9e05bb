package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
	"theriac/genuine"
	"theriac/internal/label"
	"theriac/internal/ledger"
	"theriac/refusal"
)

// redeemsALook is how many codes one address may redeem for each look-up that it may
// make: of the usual twenty a second that is one in six seconds, and ten at once.
const redeemsALook = 1.0 / 6 / usualLimit

func newRedeemers(perSecond float64, now func() time.Time) *limits {
	if perSecond <= 0 {
		perSecond = usualLimit
	}
	return newLimits(perSecond*redeemsALook, now)
}

// codes registers concealed codes: where they are printed, and where patients redeem
// them. No request and no answer holds a code but the file that is printed.
func (s *server) codes() {
	huma.Register(s.api, huma.Operation{
		OperationID: "code-labels", Method: http.MethodPost, Path: "/v1/batches/{id}/labels",
		Summary: "Labels for packs of a batch of ours, with their concealed codes",
		Description: "A PDF as labels are, with a second part that is to be covered: the code in letters, and a QR code of the Digital Link with the code behind #, " +
			"which no browser sends to a server. The answer is kept nowhere.",
		Security: operator, Middlewares: huma.Middlewares{s.unkept, s.through(s.press)},
		Responses: binary("application/pdf"),
	}, s.printCodes)
	huma.Register(s.api, huma.Operation{
		OperationID: "code-path", Method: http.MethodGet, Path: "/v1/codes/{batch}/{index}", Tags: []string{"verify"},
		Summary: "Where the concealed code of a pack of ours stands in its batch", Description: "A hash and its path; nothing leads from them to the code.",
	}, s.codePath)
	huma.Register(s.api, huma.Operation{
		OperationID: "redeemable", Method: http.MethodGet, Path: "/v1/redeemable", Tags: []string{"verify"},
		Summary: "What it takes to redeem the concealed code of a pack", Description: "By the visible code. Unknown serial numbers cost more of the caller's allowance.",
	}, s.redeemable)
	huma.Register(s.api, huma.Operation{
		OperationID: "redeem", Method: http.MethodPost, Path: "/v1/redemptions", Tags: []string{"verify"},
		Summary: "Redeem a concealed code",
		Description: "Relays to the ledger that the key of a concealed code signed a browser's key (docs/formats.md). Any organisation does; none learns the code. " +
			"Handed in again by the same browser it gets the same answer. Of another's, already_redeemed says when, and its maker gets an alert.",
		MaxBodyBytes: 16 << 10,
		Responses: map[string]*huma.Response{"409": {Description: "Redeemed before, by another browser", Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[api.RedeemedBefore](), true, "")},
		}}},
	}, s.redeem)
}

func (s *server) printCodes(ctx context.Context, in *struct {
	ID   string `path:"id"`
	Body struct {
		From   uint64 `json:"from,omitempty" doc:"First pack, by its place in the batch"`
		Count  uint64 `json:"count" doc:"How many, up to 5000"`
		Sheet  string `json:"sheet,omitempty" default:"3x8" doc:"2x7, 3x8 or 5x13 labels on A4, or roll: one a page"`
		Symbol string `json:"symbol,omitempty" default:"datamatrix" doc:"Of the part that is seen: datamatrix or qr"`
	}
},
) (*blob, error) {
	id, err := digest(in.ID)
	if err != nil {
		return nil, err
	}
	sheet, err := label.ParseSheet(in.Body.Sheet)
	if err != nil {
		return nil, s.fail(err)
	}
	symbology, err := label.ParseSymbology(in.Body.Symbol)
	if err != nil {
		return nil, s.fail(err)
	}
	l, err := s.Supply.CodeLabels(ctx, id, in.Body.From, in.Body.Count)
	if err != nil {
		return nil, s.fail(err)
	}
	var pdf bytes.Buffer
	if err := (label.Job{
		Sheet: sheet, Symbology: symbology, Server: l.Server, Product: l.Product, Code: l.Code, Now: s.Now(),
	}).Print(&pdf, l.Packs); err != nil {
		return nil, s.fail(err)
	}
	return &blob{"application/pdf", pdf.Bytes()}, nil
}

func (s *server) codePath(ctx context.Context, in *struct {
	Caller
	Batch string `path:"batch"`
	Index uint64 `path:"index"`
},
) (*reply[api.CodePath], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	batch, err := digest(in.Batch)
	if err != nil {
		return nil, err
	}
	at, err := s.Supply.CodePath(ctx, batch, in.Index)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.CodePath]{*at}, nil
}

func (s *server) redeemable(ctx context.Context, in *struct {
	Caller
	Code string `query:"code" required:"true" maxLength:"2000" doc:"Any visible code of the pack: element string, Digital Link, EPC URN"`
},
) (*reply[api.Redeemable], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := s.identifier(in.Code)
	if err != nil {
		return nil, err
	}
	r, err := s.Supply.Redeemable(ctx, id)
	if err != nil {
		return nil, s.looked(ctx, in.Caller, err)
	}
	return &reply[api.Redeemable]{*r}, nil
}

func (s *server) redeem(ctx context.Context, in *struct {
	Caller
	Body api.Redeeming
},
) (*reply[api.Redeemed], error) {
	if !s.redeemers.take(in.address) {
		s.book(ctx, in.address, in.operation, errTooMany)
		return nil, problemOf(errTooMany)
	}
	done, err := s.Supply.Redeem(ctx, &in.Body)
	switch {
	case err == nil:
		return &reply[api.Redeemed]{*done}, nil
	case errors.Is(err, ledger.ErrRedeemed) && done != nil:
		return nil, &redeemedProblem{problemOf(err), *done}
	case errors.Is(err, genuine.ErrCode):
		// It may be a guess.
		s.limits.charge(in.address, guess)
	}
	if refusal.Code(err) != "" {
		s.book(ctx, in.address, in.operation, err)
	}
	return nil, s.fail(err)
}

// A redeemedProblem is an api.RedeemedBefore that huma can send.
type redeemedProblem struct {
	*problem
	Redeemed api.Redeemed `json:"redeemed"`
}
