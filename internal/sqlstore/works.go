package sqlstore

import (
	"context"
	"fmt"

	"theriac/canon"
	"theriac/gs1"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// PutBatch implements supply.Works. Put again, a batch is replaced where it stands.
func (s *Store) PutBatch(ctx context.Context, b *supply.Batch) error {
	return fail("put a batch", s.writer().PutBatch(ctx, query.PutBatchParams{
		ID: query.Text(b.ID.String()), GTIN: query.Text(b.GTIN), Lot: query.Text(b.Lot), Expiry: query.Text(b.Expiry), Size: int64(b.Size),
		Certificate: query.Text(b.Certificate), Transformation: b.Transformation, Document: query.Text(b.Document.String()),
		Created: b.Created.UnixMicro(),
	}))
}

// Batch implements supply.Works.
func (s *Store) Batch(ctx context.Context, id canon.Digest) (*supply.Batch, error) {
	r, err := s.reader().Batch(ctx, query.Text(id.String()))
	if err != nil {
		return nil, failOne("read a batch", err, supply.ErrUnknown)
	}
	b, err := batch(&r)
	return &b, err
}

// Batches implements supply.Works.
func (s *Store) Batches(ctx context.Context, gtin gs1.GTIN) ([]supply.Batch, error) {
	var found []query.Batch
	var err error
	if gtin == "" {
		found, err = s.reader().Batches(ctx)
	} else {
		found, err = s.reader().BatchesOf(ctx, query.Text(gtin))
	}
	if err != nil {
		return nil, fail("list batches", err)
	}
	out := make([]supply.Batch, len(found))
	for i := range found {
		if out[i], err = batch(&found[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func batch(r *query.Batch) (supply.Batch, error) {
	b := supply.Batch{
		GTIN: gs1.GTIN(r.GTIN), Lot: gs1.Lot(r.Lot), Expiry: string(r.Expiry), Size: uint64(r.Size),
		Certificate: string(r.Certificate), Transformation: r.Transformation, Created: moment(r.Created),
	}
	var err error
	if b.ID, err = digest(r.ID); err == nil {
		b.Document, err = digest(r.Document)
	}
	if err != nil {
		err = fmt.Errorf("stored batch %s: %w", r.ID, err)
	}
	return b, err
}

// PutJob implements supply.Jobs. Put again, a job is replaced.
func (s *Store) PutJob(ctx context.Context, j *supply.Job) error {
	return fail("put a job", s.writer().PutJob(ctx, query.PutJobParams{
		ID: query.Text(j.ID.String()), Kind: query.Text(j.Kind), State: query.Text(j.State), Done: int64(j.Done), Total: int64(j.Total),
		Spec: j.Spec, Result: query.Text(j.Result), Code: query.Text(j.Code), Text: query.Text(j.Text),
		Created: j.Created.UnixMicro(), Updated: j.Updated.UnixMicro(),
	}))
}

// Job implements supply.Jobs.
func (s *Store) Job(ctx context.Context, id canon.ID) (*supply.Job, error) {
	r, err := s.reader().Job(ctx, query.Text(id.String()))
	if err != nil {
		return nil, failOne("read a job", err, supply.ErrUnknown)
	}
	j, err := job(&r)
	return &j, err
}

// Unfinished implements supply.Jobs: the oldest first.
func (s *Store) Unfinished(ctx context.Context) ([]supply.Job, error) {
	found, err := s.reader().RunningJobs(ctx)
	if err != nil {
		return nil, fail("list jobs", err)
	}
	out := make([]supply.Job, len(found))
	for i := range found {
		if out[i], err = job(&found[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func job(r *query.Job) (supply.Job, error) {
	j := supply.Job{
		Kind: string(r.Kind), State: supply.JobState(r.State), Done: uint64(r.Done), Total: uint64(r.Total), Spec: r.Spec,
		Result: string(r.Result), Code: string(r.Code), Text: string(r.Text), Created: moment(r.Created), Updated: moment(r.Updated),
	}
	var err error
	if j.ID, err = id(r.ID); err != nil {
		err = fmt.Errorf("stored job %s: %w", r.ID, err)
	}
	return j, err
}
