package memstore

import (
	"bytes"
	"context"
	"slices"

	"theriac/canon"
	"theriac/gs1"
	"theriac/internal/supply"
)

// PutBatch implements supply.Works.
func (s *Store) PutBatch(ctx context.Context, b *supply.Batch) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	kept := cloneBatch(b)
	kept.Created = moment(b.Created)
	s.batches = put(s.batches, kept, func(o *supply.Batch) bool { return o.ID == b.ID })
	return nil
}

// put replaces the one that is the same, or appends.
func put[T any](all []T, v T, same func(*T) bool) []T {
	for i := range all {
		if same(&all[i]) {
			all[i] = v
			return all
		}
	}
	return append(all, v)
}

func cloneBatch(b *supply.Batch) supply.Batch {
	c := *b
	c.Transformation = bytes.Clone(b.Transformation)
	return c
}

// Batch implements supply.Works.
func (s *Store) Batch(ctx context.Context, id canon.Digest) (*supply.Batch, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	for i := range s.batches {
		if s.batches[i].ID == id {
			return new(cloneBatch(&s.batches[i])), nil
		}
	}
	return nil, supply.ErrUnknown
}

// Batches implements supply.Works.
func (s *Store) Batches(ctx context.Context, gtin gs1.GTIN) ([]supply.Batch, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var out []supply.Batch
	for i := range slices.Backward(s.batches) {
		if b := &s.batches[i]; gtin == "" || b.GTIN == gtin {
			out = append(out, cloneBatch(b))
		}
	}
	return out, nil
}

// PutJob implements supply.Jobs.
func (s *Store) PutJob(ctx context.Context, j *supply.Job) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	kept := cloneJob(j)
	kept.Created, kept.Updated = moment(j.Created), moment(j.Updated)
	s.jobs = put(s.jobs, kept, func(o *supply.Job) bool { return o.ID == j.ID })
	return nil
}

func cloneJob(j *supply.Job) supply.Job {
	c := *j
	c.Spec = bytes.Clone(j.Spec)
	return c
}

// Job implements supply.Jobs.
func (s *Store) Job(ctx context.Context, id canon.ID) (*supply.Job, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	for i := range s.jobs {
		if s.jobs[i].ID == id {
			return new(cloneJob(&s.jobs[i])), nil
		}
	}
	return nil, supply.ErrUnknown
}

// Unfinished implements supply.Jobs.
func (s *Store) Unfinished(ctx context.Context) ([]supply.Job, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var out []supply.Job
	for i := range s.jobs {
		if s.jobs[i].State == supply.Running {
			out = append(out, cloneJob(&s.jobs[i]))
		}
	}
	return out, nil
}

// PutDocument implements supply.Documents.
func (s *Store) PutDocument(ctx context.Context, d *supply.Document, mentions []supply.Mention) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if s.document(d.Digest) != nil {
		return supply.ErrExists
	}
	kept := document{Document: *d, mentions: map[string]bool{}}
	kept.Bytes, kept.Created = bytes.Clone(d.Bytes), moment(d.Created)
	for _, m := range mentions {
		kept.mentions[m.Identifier] = true
	}
	s.documents = append(s.documents, kept)
	return nil
}

func (s *Store) document(digest canon.Digest) *document {
	for i := range s.documents {
		if s.documents[i].Digest == digest {
			return &s.documents[i]
		}
	}
	return nil
}

// Document implements supply.Documents.
func (s *Store) Document(ctx context.Context, digest canon.Digest) (*supply.Document, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	d := s.document(digest)
	if d == nil {
		return nil, supply.ErrUnknown
	}
	c := d.Document
	c.Bytes = bytes.Clone(d.Bytes)
	return &c, nil
}

// Mentioning implements supply.Documents.
func (s *Store) Mentioning(ctx context.Context, identifier string) ([]canon.Digest, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var out []canon.Digest
	for i := range s.documents {
		if s.documents[i].mentions[identifier] {
			out = append(out, s.documents[i].Digest)
		}
	}
	return out, nil
}
