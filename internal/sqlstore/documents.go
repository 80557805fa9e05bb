package sqlstore

import (
	"context"
	"fmt"

	"theriac/canon"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// PutDocument implements supply.Documents.
func (s *Store) PutDocument(ctx context.Context, d *supply.Document, mentions []supply.Mention) error {
	const doing = "put a document"
	return s.change(ctx, doing, func(q *query.Queries) error {
		seq, err := q.InsertDocument(ctx, query.InsertDocumentParams{
			Digest: query.Text(d.Digest.String()), Media: query.Text(d.Media), Bytes: d.Bytes, Created: d.Created.UnixMicro(),
			Leaf: int64(d.Index), Height: d.Height, BlockTime: d.Time,
		})
		if err != nil {
			return failOne(doing, err, supply.ErrExists)
		}
		for _, m := range mentions {
			err := q.InsertMention(ctx, query.InsertMentionParams{
				Identifier: mentioned(m.Identifier), Document: seq, Event: int64(m.Event), Role: query.Text(m.Role),
			})
			if err != nil {
				return fail(doing, err)
			}
		}
		return nil
	})
}

// mentioned returns how the index names an identifier.
func mentioned(identifier string) query.Text {
	return query.Text(canon.Sum([]byte(identifier)).String())
}

// Document implements supply.Documents.
func (s *Store) Document(ctx context.Context, digest canon.Digest) (*supply.Document, error) {
	r, err := s.reader().Document(ctx, query.Text(digest.String()))
	if err != nil {
		return nil, failOne("read a document", err, supply.ErrUnknown)
	}
	return &supply.Document{
		Digest: digest, Media: string(r.Media), Bytes: r.Bytes, Created: moment(r.Created),
		Index: uint64(r.Leaf), Height: r.Height, Time: r.BlockTime,
	}, nil
}

// Mentioning implements supply.Documents: in the order in which they were captured.
func (s *Store) Mentioning(ctx context.Context, identifier string) ([]canon.Digest, error) {
	found, err := s.reader().Mentioning(ctx, mentioned(identifier))
	if err != nil {
		return nil, fail("look for documents", err)
	}
	out := make([]canon.Digest, len(found))
	for i := range found {
		if out[i], err = digest(found[i]); err != nil {
			return nil, fmt.Errorf("stored document: %w", err)
		}
	}
	return out, nil
}
