package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/registry"
)

// members registers registration, votes and keys.
func (s *server) members() {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"members"}, Security: operator}
	}
	public := op("members", http.MethodGet, "/v1/members", "The members of the consortium, as the ledger has them")
	public.Security = nil
	huma.Register(s.api, public, s.memberList)
	huma.Register(s.api, op("applications", http.MethodGet, "/v1/applications", "Applications that came to this governor"), s.applications)
	huma.Register(s.api, op("admit", http.MethodPost, "/v1/applications/{id}/admission", "Propose an applicant, with this governor's vote"), s.admit)
	huma.Register(s.api, op("standing", http.MethodPost, "/v1/standings", "Propose roles, prefixes and status of a member"), s.standing)
	huma.Register(s.api, op("proposal", http.MethodGet, "/v1/proposals/{proposal}", "Where a proposal stands"), s.proposal)
	huma.Register(s.api, op("vote", http.MethodPost, "/v1/proposals/{proposal}/votes", "Vote on a proposal"), s.vote)
	huma.Register(s.api, op("rotate", http.MethodPost, "/v1/keys", "Register a new signing key and use it"), s.rotate)
	huma.Register(s.api, op("revoke", http.MethodDelete, "/v1/keys/{kid}", "End a key of this organisation"), s.revoke)
	huma.Register(s.api, op("profile", http.MethodPut, "/v1/profile", "Replace what the ledger says of name and inbox"), s.profile)
}

func (s *server) memberList(context.Context, *struct{}) (*reply[[]api.Member], error) {
	found, err := s.Registry.Members()
	if err != nil {
		return nil, s.fail(err)
	}
	out := []api.Member{}
	for i := range found {
		m, err := memberOf(&found[i])
		if err != nil {
			return nil, s.fail(err)
		}
		out = append(out, *m)
	}
	return &reply[[]api.Member]{out}, nil
}

func (s *server) applications(ctx context.Context, _ *struct{}) (*reply[[]api.Application], error) {
	found, err := s.Registry.Applications.Applications(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	out := []api.Application{}
	for _, a := range found {
		out = append(out, api.Application{
			ID: a.ID, GLN: a.GLN, Name: a.Content.Name, Roles: a.Content.Roles, Prefixes: a.Content.Prefixes,
			Endpoint: a.Content.Endpoint, Created: a.Created.UTC().Format(time.RFC3339Nano),
		})
	}
	return &reply[[]api.Application]{out}, nil
}

func (s *server) decision(d *registry.Decision, err error) (*reply[api.Decision], error) {
	if err != nil {
		return nil, s.fail(err)
	}
	status := map[chain.ProposalStatus]string{chain.Open: "open", chain.Accepted: "accepted", chain.Rejected: "rejected"}[d.Status]
	return &reply[api.Decision]{api.Decision{Proposal: d.Proposal, Status: status, For: d.For, Against: d.Against}}, nil
}

func (s *server) admit(ctx context.Context, in *byID) (*reply[api.Decision], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return s.decision(s.Registry.Admit(ctx, id))
}

func (s *server) standing(ctx context.Context, in *struct {
	Once
	Body struct {
		Member   string       `json:"member"`
		Roles    []chain.Role `json:"roles"`
		Prefixes []string     `json:"prefixes,omitempty"`
		Status   string       `json:"status" enum:"active,suspended,removed"`
	}
},
) (*reply[api.Decision], error) {
	b := &in.Body
	standing := &chain.Standing{Member: b.Member, Roles: b.Roles, Prefixes: append([]string{}, b.Prefixes...)}
	for status, name := range statusNames {
		if name == b.Status {
			standing.Status = status
		}
	}
	return s.decision(s.Registry.Propose(ctx, operation(s.GLN, in.Key), chain.Action{Standing: standing}))
}

// ByProposal names a proposal in the path.
type ByProposal struct {
	Proposal string `path:"proposal"`
}

func (s *server) proposal(_ context.Context, in *ByProposal) (*reply[api.Decision], error) {
	id, err := digest(in.Proposal)
	if err != nil {
		return nil, err
	}
	return s.decision(s.Registry.Decision(id))
}

func (s *server) vote(ctx context.Context, in *struct {
	ByProposal
	Body struct {
		Accept bool `json:"accept"`
	}
},
) (*reply[api.Decision], error) {
	id, err := digest(in.Proposal)
	if err != nil {
		return nil, err
	}
	return s.decision(s.Registry.Vote(ctx, id, in.Body.Accept))
}

type kid struct {
	ID canon.Digest `json:"kid"`
}

func (s *server) rotate(ctx context.Context, _ *struct{}) (*reply[kid], error) {
	id, err := s.Registry.Rotate(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[kid]{kid{id}}, nil
}

func (s *server) revoke(ctx context.Context, in *struct {
	Kid string `path:"kid"`
},
) (*struct{}, error) {
	id, err := digest(in.Kid)
	if err != nil {
		return nil, err
	}
	if err := s.Registry.Revoke(ctx, id); err != nil {
		return nil, s.fail(err)
	}
	return nil, nil
}

func (s *server) profile(ctx context.Context, in *struct {
	Body struct {
		Name     string `json:"name"`
		Endpoint string `json:"endpoint,omitempty"`
	}
},
) (*struct{}, error) {
	err := s.Registry.SetProfile(ctx, in.Body.Name, in.Body.Endpoint)
	if err != nil {
		return nil, s.fail(err)
	}
	return nil, nil
}

var statusNames = map[chain.MemberStatus]string{chain.Active: "active", chain.Suspended: "suspended", chain.Removed: "removed"}

// operate registers what operators and their tools watch.
func (s *server) operate(mux *http.ServeMux) {
	huma.Register(s.api, huma.Operation{
		OperationID: "status", Method: http.MethodGet, Path: "/v1/status", Tags: []string{"operating"}, Summary: "How the node is",
	}, func(context.Context, *struct{}) (*reply[api.Status], error) {
		return &reply[api.Status]{s.Node.Status()}, nil
	})
	huma.Register(s.api, huma.Operation{
		OperationID: "checkpoint", Method: http.MethodGet, Path: "/v1/checkpoint", Tags: []string{"operating"},
		Summary: "The log as a header covers it, with the proof that it starts with an older one",
	}, func(ctx context.Context, in *struct {
		Caller
		Older uint64 `query:"older" doc:"Size of the log that is known"`
	},
	) (*reply[theriac.Checkpoint], error) {
		// Headers and a proof are made for each: a stranger gets them like evidence.
		if err := s.allow(ctx, in.Caller); err != nil {
			return nil, err
		}
		c, err := s.Node.Checkpoint(ctx, in.Older)
		if err != nil {
			return nil, s.fail(err)
		}
		return &reply[theriac.Checkpoint]{*c}, nil
	})
	huma.Register(s.api, huma.Operation{
		OperationID: "block", Method: http.MethodGet, Path: "/v1/blocks/{height}", Tags: []string{"operating"},
		Summary: "A light block in CometBFT's protobuf form, for a node that joins; 0 for the latest",
	}, func(_ context.Context, in *struct {
		Height int64 `path:"height" minimum:"0"`
	},
	) (*blob, error) {
		raw, err := s.Node.Block(in.Height)
		if err != nil {
			return nil, s.fail(err)
		}
		return &blob{"application/x-protobuf", raw}, nil
	})
	huma.Register(s.api, huma.Operation{
		OperationID: "audit", Method: http.MethodGet, Path: "/v1/audit", Tags: []string{"operating"}, Summary: "The audit book, the newest first", Security: operator,
	}, s.audit)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Node.Ready(r.Context()); err != nil {
			send(w, newProblemDoc(http.StatusServiceUnavailable, "busy", err.Error()))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
}

func (s *server) audit(ctx context.Context, in *struct {
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
},
) (*reply[api.Entries], error) {
	found, next, err := s.Supply.Audit.Entries(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, s.fail(err)
	}
	out := api.Entries{Items: []api.Entry{}, Next: next}
	for _, e := range found {
		out.Items = append(out.Items, api.Entry{
			Time: e.Time.UTC().Format(time.RFC3339Nano), Actor: e.Actor, Action: e.Action, Subject: e.Subject, Code: e.Code, Detail: e.Detail, Policy: e.Policy,
		})
	}
	return &reply[api.Entries]{out}, nil
}

func memberOf(m *chain.Member) (*api.Member, error) {
	out := &api.Member{
		GLN: m.GLN, Name: m.Name, Roles: m.Roles, Status: statusNames[m.Status], Endpoint: m.Endpoint, Prefixes: m.Prefixes, Keys: []api.Key{},
		SealKey: m.SealKey,
	}
	for _, k := range m.Keys {
		key, err := envelope.ParseKey(k.Point)
		if err != nil {
			return nil, err
		}
		out.Keys = append(out.Keys, api.Key{ID: key.ID(), From: k.From, Until: k.Until, Revoked: k.Revoked})
	}
	return out, nil
}
