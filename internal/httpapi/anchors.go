package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
	"theriac/canon"
)

// anchors registers digests on the ledger of documents that stay elsewhere.
func (s *server) anchors() {
	huma.Register(s.api, huma.Operation{
		OperationID: "anchor", Method: http.MethodPost, Path: "/v1/evidence", Tags: []string{"verify"}, Security: operator,
		Summary: "Put the digest of a document on the ledger", Description: "Once: asked again for the same, it is found.",
	}, s.anchor)
	huma.Register(s.api, huma.Operation{
		OperationID: "anchored", Method: http.MethodGet, Path: "/v1/evidence/{digest}", Tags: []string{"verify"},
		Summary: "Who put a digest on the ledger, and when",
	}, s.anchored)
}

func (s *server) anchor(ctx context.Context, in *struct {
	Body struct {
		Digest canon.Digest `json:"digest" doc:"SHA-256 of the document, or another digest that says what it is of by its media type"`
		Media  string       `json:"media" maxLength:"255" example:"application/pdf"`
	}
},
) (*reply[api.Done], error) {
	return s.done(s.Supply.Anchor(ctx, in.Body.Digest, in.Body.Media))
}

func (s *server) anchored(ctx context.Context, in *struct {
	Caller
	Digest string `path:"digest"`
},
) (*reply[[]api.Anchored], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	d, err := digest(in.Digest)
	if err != nil {
		return nil, err
	}
	found, err := s.Supply.Anchors(d)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[[]api.Anchored]{found}, nil
}
