package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/sse"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// An acts group is what an organisation does beside writing messages.
func (s *server) acts() {
	post := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, Security: operator}
	}
	dossiers := post("dossiers", "/v1/dossiers", "Exchange 3: hand in a dossier, sealed to the drug administration")
	dossiers.MaxBodyBytes, dossiers.BodyReadTimeout, dossiers.DefaultStatus = largest, slowly, http.StatusAccepted
	huma.Register(s.api, dossiers, s.dossier)
	approve := post("approve", "/v1/dossiers/{bc}/approval", "Exchange 4: approve a dossier, with its certificate")
	approve.DefaultStatus = http.StatusAccepted
	huma.Register(s.api, approve, s.approve)
	answer := post("answer", "/v1/dossiers/{bc}/answer", "Exchange 4: refuse a dossier, or ask")
	answer.DefaultStatus = http.StatusAccepted
	huma.Register(s.api, answer, s.answer)
	huma.Register(s.api, huma.Operation{
		OperationID: "dossier-documents", Method: http.MethodGet, Path: "/v1/dossiers/{bc}/documents", Summary: "The documents of a dossier that came here", Security: operator,
	}, s.documents)

	release := post("release", "/v1/batches", "Release a batch, in the background")
	release.MaxBodyBytes, release.BodyReadTimeout, release.DefaultStatus = largest, slowly, http.StatusAccepted
	huma.Register(s.api, release, s.release)
	huma.Register(s.api, huma.Operation{OperationID: "packs", Method: http.MethodGet, Path: "/v1/batches/{id}/packs", Summary: "What is printed on the packs of a batch of ours", Security: operator}, s.packs)
	huma.Register(s.api, huma.Operation{OperationID: "job", Method: http.MethodGet, Path: "/v1/jobs/{id}", Summary: "A job", Security: operator}, s.job)
	sse.Register(s.api, huma.Operation{
		OperationID: "job-events", Method: http.MethodGet, Path: "/v1/jobs/{id}/events", Summary: "A job at every change, as server-sent events", Security: operator,
		Middlewares: huma.Middlewares{s.found},
	}, map[string]any{"job": api.Job{}}, s.watch)

	huma.Register(s.api, post("move", "/v1/moves", "Move packs from one state to another, all or none"), s.move)
	huma.Register(s.api, post("undo", "/v1/undos", "Take a move back, within ten days"), s.undo)
	huma.Register(s.api, post("recall", "/v1/recalls", "Recall, withdraw or release a batch or product"), s.recall)
	huma.Register(s.api, post("certificate-status", "/v1/certificates/status", "Suspend, revoke or reinstate a certificate"), s.certificate)
	capture := post("capture", "/epcis/capture", "Capture an EPCIS document")
	capture.MaxBodyBytes, capture.BodyReadTimeout = epcis.MaxSize, slowly
	huma.Register(s.api, capture, s.capture)
}

type OnDossier struct {
	Once
	BC string `path:"bc" doc:"Anchor of the dossier"`
}

func (s *server) dossier(ctx context.Context, in *struct {
	Once
	Body struct {
		api.Address
		Content struct {
			Documents []api.Document `json:"documents"`
			GTINs     []gs1.GTIN     `json:"gtins"`
			Materials []gs1.LGTIN    `json:"materials" doc:"Lots used in development and trials"`
			Product   string         `json:"product"`
		} `json:"content"`
	}
},
) (*reply[api.Message], error) {
	c := &in.Body.Content
	v := supply.DossierDraft{Product: c.Product, GTINs: c.GTINs, Materials: c.Materials}
	for _, d := range c.Documents {
		v.Documents = append(v.Documents, pedigree.Document{Name: d.Name, Media: d.Media, Bytes: d.Bytes})
	}
	return s.sent(s.Supply.SubmitDossier(ctx, operation(s.GLN, in.Key), draft(in.Body.Address), v))
}

func (s *server) approve(ctx context.Context, in *struct {
	OnDossier
	Body struct {
		Form         string     `json:"form" example:"tablet"`
		GTINs        []gs1.GTIN `json:"gtins,omitempty" doc:"Of the dossier; none: all of them"`
		Markets      []string   `json:"markets" example:"[\"DE\"]"`
		Name         string     `json:"name"`
		NationalCode string     `json:"national_code" doc:"NTIN or NHRN"`
		Number       string     `json:"number" example:"EU/1/26/001"`
		Sites        []gs1.GLN  `json:"sites"`
		Strength     string     `json:"strength"`
		Substance    string     `json:"substance"`
		From         time.Time  `json:"valid_from,omitempty" doc:"Left out: now"`
		Until        time.Time  `json:"valid_until"`
	}
},
) (*reply[api.Message], error) {
	bc, err := digest(in.BC)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	if b.From.IsZero() {
		b.From = s.Now()
	}
	return s.sent(s.Supply.Approve(ctx, operation(s.GLN, in.Key), bc, supply.Approval{
		Form: b.Form, GTINs: b.GTINs, Markets: b.Markets, Name: b.Name, NationalCode: b.NationalCode, Number: b.Number,
		Sites: b.Sites, Strength: b.Strength, Substance: b.Substance, From: b.From, Until: b.Until,
	}))
}

func (s *server) answer(ctx context.Context, in *struct {
	OnDossier
	Body struct {
		Decision string `json:"decision" enum:"refused,question"`
		Reasons  string `json:"reasons" doc:"Or the question; withheld from the ledger"`
	}
},
) (*reply[api.Message], error) {
	bc, err := digest(in.BC)
	if err != nil {
		return nil, err
	}
	return s.sent(s.Supply.Answer(ctx, operation(s.GLN, in.Key), bc, in.Body.Decision, in.Body.Reasons))
}

func (s *server) documents(ctx context.Context, in *struct {
	BC string `path:"bc"`
},
) (*reply[[]api.Document], error) {
	bc, err := digest(in.BC)
	if err != nil {
		return nil, err
	}
	docs, err := s.Supply.OpenDossier(ctx, bc)
	if err != nil {
		return nil, s.fail(err)
	}
	out := []api.Document{}
	for _, d := range docs {
		out = append(out, api.Document{Name: d.Name, Media: d.Media, Bytes: d.Bytes})
	}
	return &reply[[]api.Document]{out}, nil
}

func (s *server) release(ctx context.Context, in *struct {
	Once
	Body api.Release
},
) (*reply[api.Job], error) {
	j, err := s.Supply.Release(ctx, operation(s.GLN, in.Key), in.Body)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Job]{j.Shown()}, nil
}

type byID struct {
	ID string `path:"id"`
}

func (in *byID) id() (canon.ID, error) {
	var id canon.ID
	if err := id.UnmarshalText([]byte(in.ID)); err != nil {
		return id, newProblemDoc(http.StatusBadRequest, errRequest.Code(), err.Error())
	}
	return id, nil
}

func (s *server) job(ctx context.Context, in *byID) (*reply[api.Job], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	j, err := s.Supply.Job(ctx, id)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Job]{j.Shown()}, nil
}

// found refuses to watch a job that is not there: a stream that has begun has no
// status any more.
func (s *server) found(ctx huma.Context, next func(huma.Context)) {
	_, w := humago.Unwrap(ctx)
	in := byID{ID: ctx.Param("id")}
	id, err := in.id()
	if err == nil {
		if _, err = s.Supply.Job(ctx.Context(), id); err != nil {
			err = s.fail(err)
		}
	}
	if p := new(problem); errors.As(err, &p) {
		send(w, p)
		return
	}
	next(ctx)
}

func (s *server) watch(ctx context.Context, in *byID, send sse.Sender) {
	id, err := in.id()
	if err != nil {
		return
	}
	// Who is gone need not be told.
	_ = s.Supply.Watch(ctx, id, func(j supply.Job) error { return send.Data(j.Shown()) })
}

func (s *server) packs(ctx context.Context, in *struct {
	ID    string `path:"id"`
	From  uint64 `query:"from"`
	Limit uint64 `query:"limit" default:"100" minimum:"1" maximum:"10000"`
},
) (*reply[[]api.Printed], error) {
	id, err := digest(in.ID)
	if err != nil {
		return nil, err
	}
	found, err := s.Supply.Printed(ctx, id, in.From, in.Limit)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[[]api.Printed]{found}, nil
}

func (s *server) move(ctx context.Context, in *struct {
	Once
	Body api.Move
},
) (*reply[api.Done], error) {
	from, err := chain.ParseUnitState(in.Body.From)
	if err != nil {
		return nil, newProblemDoc(http.StatusBadRequest, errRequest.Code(), err.Error())
	}
	to, err := chain.ParseUnitState(in.Body.To)
	if err != nil {
		return nil, newProblemDoc(http.StatusBadRequest, errRequest.Code(), err.Error())
	}
	m := supply.Move{Ranges: in.Body.Ranges, From: from, To: to}
	if in.Body.Batch != "" {
		if m.Batch, err = digest(in.Body.Batch); err != nil {
			return nil, err
		}
	}
	for _, code := range in.Body.Packs {
		id, err := s.identifier(code)
		if err != nil {
			return nil, err
		}
		m.Packs = append(m.Packs, id)
	}
	return s.done(s.Supply.Move(ctx, operation(s.GLN, in.Key), m))
}

func (s *server) done(d *api.Done, err error) (*reply[api.Done], error) {
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Done]{*d}, nil
}

func (s *server) undo(ctx context.Context, in *struct {
	Once
	Body struct {
		Operation canon.Digest  `json:"operation" doc:"Of the move"`
		Time      int64         `json:"time" doc:"Of the move's block"`
		Units     []chain.Range `json:"units" doc:"The packs that it moved, by their place in the batch"`
	}
},
) (*reply[api.Done], error) {
	return s.done(s.Supply.Undo(ctx, operation(s.GLN, in.Key), in.Body.Operation, in.Body.Time, in.Body.Units))
}

func (s *server) recall(ctx context.Context, in *struct {
	Once
	Body struct {
		Batch  string `json:"batch,omitempty"`
		GTIN   string `json:"gtin,omitempty" doc:"All batches of a product"`
		Status string `json:"status" enum:"released,recalled,withdrawn"`
		Reason string `json:"reason" maxLength:"200"`
	}
},
) (*reply[api.Done], error) {
	r := chain.Recall{GTIN: gs1.GTIN(in.Body.GTIN), Reason: in.Body.Reason}
	for _, status := range []chain.MarketStatus{chain.Released, chain.Recalled, chain.Withdrawn} {
		if status.String() == in.Body.Status {
			r.Status = status
		}
	}
	if in.Body.Batch != "" {
		var err error
		if r.Batch, err = digest(in.Body.Batch); err != nil {
			return nil, err
		}
	}
	return s.done(s.Supply.Recall(ctx, operation(s.GLN, in.Key), r))
}

func (s *server) certificate(ctx context.Context, in *struct {
	Once
	Body struct {
		Number string `json:"number"`
		Status string `json:"status" enum:"valid,suspended,revoked"`
		Reason string `json:"reason" maxLength:"200"`
	}
},
) (*reply[api.Done], error) {
	status := map[string]chain.CertificateStatus{
		"valid": chain.CertificateValid, "suspended": chain.CertificateSuspended, "revoked": chain.CertificateRevoked,
	}[in.Body.Status]
	return s.done(s.Supply.CertificateStatus(ctx, operation(s.GLN, in.Key), chain.CertificateChange{
		Number: in.Body.Number, Status: status, Reason: in.Body.Reason,
	}))
}

func (s *server) capture(ctx context.Context, in *struct {
	RawBody []byte `contentType:"application/octet-stream"`
},
) (*reply[api.Capture], error) {
	c, err := s.Supply.Capture(ctx, in.RawBody)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Capture]{*c}, nil
}
