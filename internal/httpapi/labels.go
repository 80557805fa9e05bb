package httpapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"theriac/internal/label"
	"theriac/internal/supply"
	"theriac/refusal"
)

// errPicture is returned for a kind of picture that is not drawn here.
var errPicture = refusal.New("unknown_picture", "there is no such picture: png or svg")

// presses is how many requests print at a time: each holds its pages in memory.
const presses = 2

// pixels is the width of a module in a picture, enough for any screen.
const pixels = 8

// labels registers what draws labels.
func (s *server) labels() {
	huma.Register(s.api, huma.Operation{
		OperationID: "labels", Method: http.MethodGet, Path: "/v1/batches/{id}/labels",
		Summary:     "Labels for packs of a batch of ours, to print",
		Description: "A PDF. A GS1 DataMatrix, or a QR code with the Digital Link of this server, and the text beside it.",
		Security:    operator, Middlewares: huma.Middlewares{s.through(s.press)},
		Responses: binary("application/pdf"),
	}, s.printLabels)
	huma.Register(s.api, huma.Operation{
		OperationID: "symbol", Method: http.MethodGet, Path: "/v1/symbol", Tags: []string{"verify"},
		Summary:     "The symbol of a code, as a picture",
		Description: "It draws what it is asked for, and says nothing of whether there is such a pack.",
		Responses:   binary("image/png", "image/svg+xml"),
	}, s.symbol)
}

// binary describes an answer of bytes.
func binary(media ...string) map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	for _, m := range media {
		content[m] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	return map[string]*huma.Response{"200": {Description: "OK", Content: content}}
}

// through lets requests pass a gate, and refuses those for which it has no room now.
func (s *server) through(g *gate) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if !g.enter(ctx.RemoteAddr()) {
			_, w := humago.Unwrap(ctx)
			w.Header().Set("Retry-After", "5")
			send(w, problemOf(supply.ErrBusy))
			return
		}
		defer g.leave(ctx.RemoteAddr())
		next(ctx)
	}
}

func (s *server) printLabels(ctx context.Context, in *struct {
	ID        string `path:"id"`
	From      uint64 `query:"from" doc:"First pack, by its place in the batch"`
	Count     uint64 `query:"count" required:"true" doc:"How many, up to 5000"`
	Sheet     string `query:"sheet" default:"3x8" doc:"2x7, 3x8 or 5x13 labels on A4, or roll: one a page"`
	Symbol    string `query:"symbol" default:"datamatrix" doc:"datamatrix or qr"`
	Concealed bool   `query:"concealed" doc:"Leave a field for a code under a scratch-off layer"`
},
) (*blob, error) {
	id, err := digest(in.ID)
	if err != nil {
		return nil, err
	}
	sheet, err := label.ParseSheet(in.Sheet)
	if err != nil {
		return nil, s.fail(err)
	}
	symbology, err := label.ParseSymbology(in.Symbol)
	if err != nil {
		return nil, s.fail(err)
	}
	l, err := s.Supply.Labels(ctx, id, in.From, in.Count)
	if err != nil {
		return nil, s.fail(err)
	}
	var pdf bytes.Buffer
	if err := (label.Job{
		Sheet: sheet, Symbology: symbology, Server: l.Server, Product: l.Product, Concealed: in.Concealed, Now: s.Now(),
	}).Print(&pdf, l.Packs); err != nil {
		return nil, s.fail(err)
	}
	return &blob{"application/pdf", pdf.Bytes()}, nil
}

func (s *server) symbol(ctx context.Context, in *struct {
	Caller
	ID      string `query:"id" required:"true" maxLength:"2000" doc:"Any code of a pack or product: element string, Digital Link, EPC URN"`
	Symbol  string `query:"symbol" default:"datamatrix" doc:"datamatrix or qr"`
	Picture string `query:"picture" default:"png" doc:"png or svg"`
},
) (*blob, error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	id, err := s.identifier(in.ID)
	if err != nil {
		return nil, err
	}
	symbology, err := label.ParseSymbology(in.Symbol)
	if err != nil {
		return nil, s.fail(err)
	}
	server, err := s.Supply.Server()
	if err != nil {
		return nil, s.fail(err)
	}
	drawn, err := label.Encode(id, symbology, server)
	if err != nil {
		return nil, s.fail(err)
	}
	switch in.Picture {
	case "svg":
		return &blob{"image/svg+xml", drawn.SVG()}, nil
	case "png":
		raw, err := drawn.PNG(pixels)
		if err != nil {
			return nil, s.fail(err)
		}
		return &blob{"image/png", raw}, nil
	}
	return nil, s.fail(errPicture)
}
