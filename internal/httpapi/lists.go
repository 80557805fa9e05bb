package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
	"theriac/internal/supply"
)

// A Watch is what operators see of the engine.
type Watch interface {
	// Blocks returns up to limit blocks, falling, from below a height; 0: the latest.
	Blocks(before int64, limit int) ([]api.Block, error)
	Peers() []api.Peer
}

// Paging chooses a page of a list.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"64"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200"`
}

func (p Paging) page() supply.Page { return supply.Page{Cursor: p.Cursor, Limit: p.Limit} }

// listing registers an operator's list.
func listing[In, Out any](s *server, id, path, summary string, list func(ctx context.Context, in *In) (*Out, error)) {
	huma.Register(s.api, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Security: operator, Tags: []string{"lists"},
	}, func(ctx context.Context, in *In) (*reply[Out], error) {
		out, err := list(ctx, in)
		if err != nil {
			return nil, s.fail(err)
		}
		return &reply[Out]{*out}, nil
	})
}

// lists registers what consoles show.
func (s *server) lists() {
	listing(s, "batch-list", "/v1/batches", "This organisation's batches, the newest first", func(ctx context.Context, in *Paging) (*api.Batches, error) {
		return s.Supply.ListBatches(ctx, in.Cursor, in.Limit)
	})
	listing(s, "stock", "/v1/stock", "What is in this organisation's custody, what came last first", func(ctx context.Context, in *Paging) (*api.Stock, error) {
		return s.Supply.Stock(ctx, in.page())
	})
	listing(s, "certificate-list", "/v1/certificates", "The certificates that this organisation issued or holds", func(ctx context.Context, in *Paging) (*api.Certificates, error) {
		return s.Supply.ListCertificates(ctx, in.page())
	})
	listing(s, "dossier-list", "/v1/dossiers", "Dossiers that came or were sent, with the latest decision", s.dossierList)
	listing(s, "alert-list", "/v1/alerts", "Alerts about this organisation's batches, or raised by its transactions", func(_ context.Context, in *Paging) (*api.Alerts, error) {
		return s.Supply.ListAlerts(in.page())
	})
	listing(s, "job-list", "/v1/jobs", "Jobs, the newest first", func(ctx context.Context, in *Paging) (*api.Jobs, error) {
		return s.Supply.ListJobs(ctx, in.Cursor, in.Limit)
	})
	listing(s, "queue", "/v1/queue", "What waits in the outbox, by receiver and reason", func(ctx context.Context, _ *struct{}) (*api.Queue, error) {
		return s.Supply.Queue(ctx)
	})
	listing(s, "proposal-list", "/v1/proposals", "Proposals before the governors, the newest first", s.proposalList)
	listing(s, "block-list", "/v1/blocks", "Blocks, the latest first", s.blockList)
	listing(s, "peers", "/v1/peers", "The nodes that this one is connected with", func(context.Context, *struct{}) (*[]api.Peer, error) {
		peers := s.Watch.Peers()
		return &peers, nil
	})
}

func (s *server) dossierList(ctx context.Context, in *struct {
	Paging
	Going string `query:"direction" enum:"in,out" default:"in"`
	State string `query:"state" enum:"undecided,approved,refused,question"`
},
) (*api.Dossiers, error) {
	return s.Supply.ListDossiers(ctx, in.Going == "out", in.State, in.page())
}

func (s *server) proposalList(_ context.Context, in *struct {
	Paging
	Status string `query:"status" enum:"open,accepted,rejected,lapsed"`
},
) (*api.Proposals, error) {
	return s.Registry.ListProposals(in.Status, in.Cursor, in.Limit)
}

func (s *server) blockList(_ context.Context, in *struct {
	Before int64 `query:"before" minimum:"0" doc:"Height that they come before; 0: the latest"`
	Limit  int   `query:"limit" default:"60" minimum:"1" maximum:"120"`
},
) (*[]api.Block, error) {
	blocks, err := s.Watch.Blocks(in.Before, in.Limit)
	return &blocks, err
}
