package supply

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/pedigree"
)

// Lists page through what a store keeps, the newest first, as Archive.List does.
type Lists interface {
	ListBatches(ctx context.Context, cursor string, limit int) ([]Batch, string, error)
	// ListJobs returns jobs without their specs.
	ListJobs(ctx context.Context, cursor string, limit int) ([]Job, string, error)
	// PutHolding notes that the organisation has, or had, packs of a batch.
	PutHolding(ctx context.Context, batch canon.Digest) error
	Holdings(ctx context.Context, cursor string, limit int) ([]canon.Digest, string, error)
	// Waiting returns what is queued, by receiver and code, of so many messages that
	// are due first.
	Waiting(ctx context.Context, limit int) ([]Backlog, error)
}

// A Backlog is the messages that wait for one receiver for one reason.
type Backlog struct {
	Audience string
	Code     string // of the last failure; empty: not sent yet
	Messages int
	Oldest   time.Time
	Next     time.Time
	Attempts int // of the message that was tried most often
}

// releasing is the status of a batch that the ledger does not have yet.
const releasing = "releasing"

// ListBatches pages through this organisation's batches; before the newest stand
// those that are being released.
func (d *Desk) ListBatches(ctx context.Context, cursor string, limit int) (*api.Batches, error) {
	found, next, err := d.Lists.ListBatches(ctx, cursor, limit)
	if err != nil {
		return nil, err
	}
	out := &api.Batches{Items: []api.Batch{}, Next: next}
	if cursor == "" {
		for _, b := range d.running.releases() {
			// Its job may not have ended yet.
			if _, err := d.Works.Batch(ctx, b.ID); errors.Is(err, ErrUnknown) {
				out.Items = append(out.Items, b)
			} else if err != nil {
				return nil, err
			}
		}
	}
	for i := range found {
		b := &found[i]
		item := api.Batch{
			ID: b.ID, GTIN: b.GTIN, Lot: b.Lot, Expiry: b.Expiry, Size: b.Size, Certificate: b.Certificate, Status: releasing,
		}
		switch record, err := state[chain.Batch](d, chain.BatchKey(b.ID)); {
		case err == nil:
			item.Released, item.Index, item.Codes = record.At, record.Index, !record.Release.Codes.IsZero()
			if item.Status, err = d.market(record); err != nil {
				return nil, err
			}
		case !errors.Is(err, ErrUnknown):
			return nil, err
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

// market returns the status of a batch, or of its product if that is graver.
func (d *Desk) market(b *chain.Batch) (string, error) {
	status := b.Status
	switch p, err := state[chain.Product](d, chain.ProductKey(b.Release.GTIN)); {
	case err == nil:
		status = max(status, p.Status)
	case !errors.Is(err, ErrUnknown):
		return "", err
	}
	return status.String(), nil
}

// ListJobs pages through jobs as they are now.
func (d *Desk) ListJobs(ctx context.Context, cursor string, limit int) (*api.Jobs, error) {
	found, next, err := d.Lists.ListJobs(ctx, cursor, limit)
	if err != nil {
		return nil, err
	}
	out := &api.Jobs{Items: []api.Job{}, Next: next}
	for i := range found {
		j := &found[i]
		if w, ok := d.running.job(j.ID); ok {
			j = &w
		}
		out.Items = append(out.Items, j.Shown())
	}
	return out, nil
}

// mails calls each with messages of one type that match, page by page, until each
// says that there are enough or so many messages were looked at. It returns the cursor
// of what comes after them.
func (d *Desk) mails(ctx context.Context, f Filter, p Page, each func(m *Message) (taken bool, err error)) (string, error) {
	taken, cursor := 0, p.Cursor
	for looked := 0; looked < maxLooked; {
		// No more than there is place for: the cursor stands after all that was looked at.
		found, next, err := d.Archive.List(ctx, f, cursor, p.Limit-taken)
		if err != nil {
			return "", err
		}
		for i := range found {
			ok, err := each(&found[i])
			if err != nil {
				return "", err
			}
			if ok {
				taken++
			}
		}
		looked += len(found)
		if next == "" || taken == p.Limit {
			return next, nil
		}
		cursor = next
	}
	return cursor, nil
}

// maxLooked is how many messages one page is chosen from.
const maxLooked = 200

// A Page says which page is wanted.
type Page struct {
	Cursor string
	Limit  int
}

// ListCertificates pages through the certificates that this organisation issued or
// holds: those of decisions that it sent or received.
func (d *Desk) ListCertificates(ctx context.Context, p Page) (*api.Certificates, error) {
	out := &api.Certificates{Items: []api.Certificate{}}
	var err error
	out.Next, err = d.mails(ctx, Filter{Type: pedigree.TypeDecision}, p, func(m *Message) (bool, error) {
		c, err := d.certified(m)
		if c == nil || err != nil {
			return false, err
		}
		out.Items = append(out.Items, *c)
		return true, nil
	})
	return out, err
}

// certified returns the certificate of a decision, or nil if it carries none that is
// on the ledger.
func (d *Desk) certified(m *Message) (*api.Certificate, error) {
	if m.Status != Sent && m.Status != Received {
		return nil, nil
	}
	content, err := pedigree.Read(m.Type, m.Body)
	if err != nil {
		return nil, err
	}
	decision, ok := content.(*pedigree.Decision)
	if !ok || decision.Certificate == "" {
		return nil, nil
	}
	cert, err := pedigree.ParseCertificate(d.Chain, decision.Certificate)
	if err != nil {
		return nil, err
	}
	a := &cert.Subject
	r, err := state[chain.Certificate](d, chain.CertificateKey(a.Number))
	if errors.Is(err, ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &api.Certificate{
		Number: a.Number, Name: a.Name, Strength: a.Strength, Form: a.Form, Substance: a.Substance, NationalCode: a.NationalCode,
		GTINs: a.GTINs, Markets: a.Markets, Sites: a.Sites, Issuer: r.Issuer, Holder: r.Holder,
		Status: [...]string{"", "valid", "suspended", "revoked"}[min(r.Status, chain.CertificateRevoked)],
		Since:  r.Since, From: r.From, Until: r.Until, Decision: r.Anchor,
	}, nil
}

// Undecided is the state of a dossier without a decision.
const Undecided = "undecided"

// ListDossiers pages through the dossiers that came or, for out, were sent, in one
// state or, if that is empty, in any.
func (d *Desk) ListDossiers(ctx context.Context, out bool, state string, p Page) (*api.Dossiers, error) {
	f := Filter{Type: pedigree.TypeDossier, Out: out}
	if !out {
		f.Status = Received
	}
	list := &api.Dossiers{Items: []api.Dossier{}}
	var err error
	list.Next, err = d.mails(ctx, f, p, func(m *Message) (bool, error) {
		found, err := d.decided(ctx, m)
		if err != nil || found == nil || state != "" && found.State != state {
			return false, err
		}
		list.Items = append(list.Items, *found)
		return true, nil
	})
	return list, err
}

// decided returns a dossier with its latest decision; nil for one that is not
// anchored, which nobody can decide on.
func (d *Desk) decided(ctx context.Context, m *Message) (*api.Dossier, error) {
	if m.Receipt.BC.IsZero() {
		return nil, nil
	}
	content, err := pedigree.Read(m.Type, m.Body)
	if err != nil {
		return nil, err
	}
	dossier, ok := content.(*pedigree.Dossier)
	if !ok {
		return nil, fmt.Errorf("%w: %s is no dossier", ErrRequest, m.ID)
	}
	out := &api.Dossier{
		BC: m.Receipt.BC, Case: m.Case, From: m.Issuer, To: m.Audience, Created: m.Created.UTC().Format(time.RFC3339Nano),
		Product: dossier.Product, GTINs: dossier.GTINs, Materials: dossier.Materials, State: Undecided,
	}
	answers, _, err := d.Archive.List(ctx, Filter{Type: pedigree.TypeDecision, Prev: m.Receipt.BC}, "", 1)
	// What the manufacturer or the ledger refused decides nothing.
	if err != nil || len(answers) == 0 || answers[0].Status == Refused {
		return out, err
	}
	if content, err = pedigree.Read(pedigree.TypeDecision, answers[0].Body); err != nil {
		return nil, err
	}
	if decision, ok := content.(*pedigree.Decision); ok {
		out.State, out.Reasons, out.Decision = decision.Decision, decision.Reasons, &answers[0].ID
	}
	return out, nil
}

// maxWaiting is how many queued messages are counted.
const maxWaiting = 10_000

// Queue returns what waits in the outbox.
func (d *Desk) Queue(ctx context.Context) (*api.Queue, error) {
	found, err := d.Lists.Waiting(ctx, maxWaiting)
	if err != nil {
		return nil, err
	}
	out := &api.Queue{Receivers: []api.QueuedMail{}}
	var oldest time.Time
	for _, b := range found {
		item := api.QueuedMail{
			GLN: b.Audience, Code: b.Code, Messages: b.Messages, Oldest: b.Oldest.Format(time.RFC3339Nano),
			Next: b.Next.Format(time.RFC3339Nano), Attempts: b.Attempts,
		}
		if m, err := d.Member(b.Audience); err == nil {
			item.Name = m.Name
		}
		out.Queued += b.Messages
		if oldest.IsZero() || b.Oldest.Before(oldest) {
			oldest, out.Oldest = b.Oldest, item.Oldest
		}
		out.Receivers = append(out.Receivers, item)
	}
	out.More = out.Queued == maxWaiting
	return out, nil
}

// leafCursor reads the cursor of a listing of leaves: the index that it comes before.
func leafCursor(cursor string) (uint64, error) {
	if cursor == "" {
		return math.MaxUint64, nil
	}
	n, err := strconv.ParseUint(cursor, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != cursor {
		return 0, fmt.Errorf("%w: no such cursor", ErrRequest)
	}
	return n, nil
}

// ListAlerts pages through the alerts about this organisation's batches and product
// lines, those about its registrations, and those that its own transactions raised.
func (d *Desk) ListAlerts(p Page) (*api.Alerts, error) {
	before, err := leafCursor(p.Cursor)
	if err != nil {
		return nil, err
	}
	out := &api.Alerts{Items: []api.Alert{}}
	var all []uint64
	if all, out.Next, err = d.leaves([]string{"alert-of/" + d.GLN, "alert-by/" + d.GLN}, before, p.Limit); err != nil {
		return nil, err
	}
	for _, index := range all {
		a, err := d.alert(index)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, *a)
	}
	return out, nil
}

func (d *Desk) alert(index uint64) (*api.Alert, error) {
	leaf, _, err := d.Ledger.Leaf(index)
	if err != nil {
		return nil, err
	}
	id := chain.AlertID(leaf.Operation)
	a, err := state[chain.Alert](d, chain.AlertKey(id))
	if err != nil {
		return nil, fmt.Errorf("alert %s: %w", id, err)
	}
	out := &api.Alert{
		ID: id, Code: a.Code, Text: alarm(a.Code).Error(), Batch: a.Batch, Units: a.Units, By: a.By, Registration: a.Registration,
		Height: leaf.Height, Index: index, Time: a.At,
	}
	return out, d.about(out)
}

// about says which product an alert is about: of a batch, or of raw material.
func (d *Desk) about(a *api.Alert) error {
	if !a.Batch.IsZero() {
		b, err := state[chain.Batch](d, chain.BatchKey(a.Batch))
		if err != nil {
			return fmt.Errorf("batch %s: %w", a.Batch, err)
		}
		a.GTIN, a.Lot, a.Maker = b.Release.GTIN, b.Release.Lot, b.Holder
		return nil
	}
	r, err := d.registered(a.Registration)
	if err != nil {
		return err
	}
	line, err := d.line(r.Terms.Line)
	if err != nil {
		return err
	}
	a.GTIN, a.Lot, a.Maker, a.Units = r.Terms.Material.GTIN, r.Terms.Material.Lot, line.Maker, []chain.Range{}
	return nil
}
