package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// Once is the idempotency key of a request. (huma skips embedded types that are not exported.)
type Once struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"Names the request: sent again, it is done once"`
}

// drafted is the input of a send: to whom, and what.
type drafted[T any] struct {
	Once
	Body struct {
		api.Address
		Content T `json:"content"`
	}
}

// sends registers the operation that queues one kind of message.
func sends[T any](s *server, path, summary string, content func(*T) (pedigree.Content, error)) {
	huma.Register(s.api, huma.Operation{
		OperationID: path[len("/v1/"):], Method: http.MethodPost, Path: path, Tags: []string{"messages"},
		Summary: summary, Security: operator, DefaultStatus: http.StatusAccepted,
	}, func(ctx context.Context, in *drafted[T]) (*reply[api.Message], error) {
		c, err := content(&in.Body.Content)
		if err != nil {
			return nil, s.fail(err)
		}
		return s.sent(s.Supply.Send(ctx, operation(s.GLN, in.Key), draft(in.Body.Address), c))
	})
}

func draft(a api.Address) supply.Draft { return supply.Draft{To: a.To, Case: a.Case, Prev: a.Prev} }

// sent answers with a queued message; one that was queued before is found.
func (s *server) sent(m *supply.Message, err error) (*reply[api.Message], error) {
	if err != nil {
		return nil, s.fail(err)
	}
	out, err := message(m)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Message]{*out}, nil
}

// Carried are the registrations that a shipment carries. (huma skips embedded types
// that are not exported.)
type Carried struct {
	Registrations []canon.Digest `json:"registrations,omitempty" doc:"Of these things, for this receiver; what was sealed to it goes with them"`
}

// The contents of messages, as an operator writes them.
type (
	materialRequest struct {
		Material string `json:"material"`
		Product  string `json:"product" doc:"What it is wanted for"`
		Quantity string `json:"quantity,omitempty" doc:"Withheld from the ledger"`
	}
	suppliedLot struct {
		Analysis canon.Digest `json:"analysis" doc:"Digest of the certificate of analysis"`
		GTIN     gs1.GTIN     `json:"gtin"`
		Lot      gs1.Lot      `json:"lot"`
		Produced string       `json:"produced" example:"2026-10-01"`
	}
	materialSupply struct {
		Lots     []suppliedLot `json:"lots"`
		Material string        `json:"material"`
		Quantity string        `json:"quantity,omitempty" doc:"Withheld from the ledger"`
		Carried
	}
	parcel struct {
		Batch  canon.Digest  `json:"batch"`
		Ranges []chain.Range `json:"ranges" doc:"Packs, by their place in the batch; to is the first that is not meant"`
	}
	distribution struct {
		Certificate string   `json:"certificate" doc:"Number of Cert_D"`
		Cost        string   `json:"cost,omitempty" doc:"Withheld: a salted commitment on the ledger"`
		Parcels     []parcel `json:"parcels"`
		SalesMethod string   `json:"sales_method" example:"prescription"`
		Carried
	}
	salesCount struct {
		Batch     canon.Digest `json:"batch"`
		Received  uint64       `json:"received"`
		Remaining uint64       `json:"remaining"`
		Returned  uint64       `json:"returned"`
		Sold      uint64       `json:"sold"`
	}
	salesStatus struct {
		Counts []salesCount `json:"counts" doc:"Withheld; the expiry dates of these batches are confirmed"`
	}
	dispatch struct {
		Note    string   `json:"note,omitempty" doc:"Withheld from the ledger"`
		Parcels []parcel `json:"parcels"`
		Carried
	}
	receipt struct {
		Differences string       `json:"differences" example:"none"`
		Received    []salesCount `json:"received"`
	}
)

// messages registers the exchanges and the mail.
func (s *server) messages() {
	sends(s, "/v1/material-requests", "Exchange 1: ask a supplier for material", func(c *materialRequest) (pedigree.Content, error) {
		return &pedigree.MaterialRequest{Material: c.Material, Product: c.Product, Quantity: c.Quantity}, nil
	})
	sends(s, "/v1/material-supplies", "Exchange 2: supply material", func(c *materialSupply) (pedigree.Content, error) {
		out := &pedigree.MaterialSupply{Material: c.Material, Quantity: c.Quantity, Registrations: c.Registrations}
		for _, l := range c.Lots {
			out.Lots = append(out.Lots, pedigree.SuppliedLot(l))
		}
		return out, nil
	})
	sends(s, "/v1/distributions", "Exchange 5: hand packs to a distributor", func(c *distribution) (pedigree.Content, error) {
		parcels, err := s.parcels(c.Parcels)
		return &pedigree.Distribution{Certificate: c.Certificate, Cost: c.Cost, SalesMethod: c.SalesMethod, Parcels: parcels, Registrations: c.Registrations}, err
	})
	sends(s, "/v1/sales-status", "Exchange 6: tell the manufacturer what became of the packs", func(c *salesStatus) (pedigree.Content, error) {
		out := &pedigree.SalesStatus{Counts: counts(c.Counts)}
		for _, n := range c.Counts {
			p, err := s.Supply.Parcel(n.Batch, nil)
			if err != nil {
				return nil, err
			}
			out.Expiries = append(out.Expiries, pedigree.BatchExpiry{Batch: n.Batch, Expiry: p.Expiry})
		}
		return out, nil
	})
	sends(s, "/v1/dispatches", "Exchange 7: hand packs to a pharmacy, hospital or distributor", func(c *dispatch) (pedigree.Content, error) {
		parcels, err := s.parcels(c.Parcels)
		return &pedigree.Dispatch{Note: c.Note, Parcels: parcels, Registrations: c.Registrations}, err
	})
	sends(s, "/v1/receipts", "Exchange 8: confirm what came", func(c *receipt) (pedigree.Content, error) {
		return &pedigree.Receipt{Differences: c.Differences, Received: counts(c.Received)}, nil
	})
	huma.Register(s.api, huma.Operation{
		OperationID: "messages", Method: http.MethodGet, Path: "/v1/messages", Tags: []string{"messages"},
		Summary: "The organisation's messages, the newest first", Security: operator,
	}, s.list)
	huma.Register(s.api, huma.Operation{
		OperationID: "message", Method: http.MethodGet, Path: "/v1/messages/{id}", Tags: []string{"messages"},
		Summary: "A message, by its id or by its anchor", Security: operator,
	}, s.one)
}

func counts(in []salesCount) []pedigree.SalesCount {
	var out []pedigree.SalesCount
	for _, c := range in {
		out = append(out, pedigree.SalesCount(c))
	}
	return out
}

// parcels adds what the ledger knows of the batches.
func (s *server) parcels(in []parcel) ([]pedigree.Parcel, error) {
	var out []pedigree.Parcel
	for _, p := range in {
		full, err := s.Supply.Parcel(p.Batch, p.Ranges)
		if err != nil {
			return nil, err
		}
		out = append(out, full)
	}
	return out, nil
}

func (s *server) list(ctx context.Context, in *struct {
	Type   string `query:"type" maxLength:"64" example:"dmms/1"`
	Case   string `query:"case" maxLength:"64"`
	Status string `query:"status" enum:"queued,sent,refused,received"`
	Going  string `query:"direction" enum:"in,out" doc:"in: received; out: of this organisation"`
	Prev   string `query:"prev" doc:"Anchor of a message that it follows"`
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"500"`
},
) (*reply[api.Messages], error) {
	f := supply.Filter{Type: in.Type, Case: in.Case, Status: supply.Status(in.Status), Out: in.Going == "out"}
	if in.Going == "in" {
		if f.Status != "" && f.Status != supply.Received {
			return &reply[api.Messages]{api.Messages{Items: []api.Message{}}}, nil
		}
		f.Status = supply.Received
	}
	if in.Prev != "" {
		prev, err := digest(in.Prev)
		if err != nil {
			return nil, err
		}
		f.Prev = prev
	}
	found, next, err := s.Supply.Archive.List(ctx, f, in.Cursor, in.Limit)
	if err != nil {
		return nil, s.fail(err)
	}
	out := api.Messages{Items: []api.Message{}, Next: next}
	for i := range found {
		m, err := message(&found[i])
		if err != nil {
			return nil, s.fail(err)
		}
		out.Items = append(out.Items, *m)
	}
	return &reply[api.Messages]{out}, nil
}

func (s *server) one(ctx context.Context, in *struct {
	ID string `path:"id" doc:"22 or 43 characters"`
},
) (*reply[api.Message], error) {
	var id canon.ID
	if id.UnmarshalText([]byte(in.ID)) == nil {
		return s.sent(s.Supply.Messages.Message(ctx, s.GLN, id))
	}
	bc, err := digest(in.ID)
	if err != nil {
		return nil, err
	}
	return s.sent(s.Supply.Archive.ByDigest(ctx, bc))
}

func message(m *supply.Message) (*api.Message, error) {
	out := &api.Message{
		ID: m.ID, Type: m.Type, Case: m.Case, From: m.Issuer, To: m.Audience, Prev: m.Prev, Status: string(m.Status),
		Created: m.Created.UTC().Format(time.RFC3339Nano), Attempts: m.Attempts, Code: m.Code,
	}
	if m.Prev == nil {
		out.Prev = []canon.Digest{}
	}
	if m.Status == supply.Sent || m.Status == supply.Received {
		out.Receipt = &m.Receipt
	}
	content, err := pedigree.ContentOf(m.Type)
	if err != nil {
		return nil, err
	}
	if err := m.Body.Into(content); err != nil && !errors.Is(err, envelope.ErrField) {
		return nil, err
	}
	out.Content = content
	if notice, ok := content.(*pedigree.ReportNotice); ok {
		return out, reported(m, notice, out)
	}
	return out, nil
}

// reported writes what a report says. Who only hands it on shows his people no more
// than that there is one: whom it concerns can be an illness, and how to reach him.
func reported(m *supply.Message, notice *pedigree.ReportNotice, out *api.Message) error {
	c, err := supply.ReadReport(notice)
	if err == nil && m.Status != supply.Received {
		c = &api.ReportContent{Claims: pedigree.ReportClaims{Chain: c.Claims.Chain, Code: c.Claims.Code, Kind: c.Claims.Kind}}
	}
	out.Content = c
	return err
}
