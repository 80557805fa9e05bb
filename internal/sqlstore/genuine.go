package sqlstore

import (
	"context"
	"fmt"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// PutLine implements supply.Lines.
func (s *Store) PutLine(ctx context.Context, line canon.Digest) error {
	return fail("put a line", s.writer().PutLine(ctx, query.Text(line.String())))
}

// Lines implements supply.Lines.
func (s *Store) Lines(ctx context.Context) ([]canon.Digest, error) {
	found, err := s.reader().Lines(ctx)
	if err != nil {
		return nil, fail("list lines", err)
	}
	out := make([]canon.Digest, len(found))
	for i := range found {
		if out[i], err = digest(found[i]); err != nil {
			return nil, fmt.Errorf("stored line: %w", err)
		}
	}
	return out, nil
}

// PutLineKeys implements supply.Lines.
func (s *Store) PutLineKeys(ctx context.Context, line canon.Digest, keys []api.LineKey) error {
	const doing = "put keys of a line"
	return s.change(ctx, doing, func(q *query.Queries) error {
		for _, k := range keys {
			err := q.InsertLineKey(ctx, query.InsertLineKeyParams{
				Line: query.Text(line.String()), Device: query.Text(k.Device.String()), Epoch: int64(k.Epoch), Sealed: query.Bytes(k.Sealed),
			})
			if err != nil {
				return fail(doing, err)
			}
		}
		return nil
	})
}

// LineKeys implements supply.Lines.
func (s *Store) LineKeys(ctx context.Context, line, device canon.Digest) ([]api.LineKey, error) {
	found, err := s.reader().LineKeys(ctx, query.LineKeysParams{Line: query.Text(line.String()), Device: query.Text(device.String())})
	if err != nil {
		return nil, fail("read keys of a line", err)
	}
	out := make([]api.LineKey, len(found))
	for i, r := range found {
		out[i] = api.LineKey{Device: device, Epoch: uint64(r.Epoch), Sealed: canon.Bytes(r.Sealed)}
	}
	return out, nil
}

// PutRegistration implements supply.Registrations.
func (s *Store) PutRegistration(ctx context.Context, r *supply.Registration, parts []supply.MarkPart) error {
	const doing = "put a registration"
	return s.change(ctx, doing, func(q *query.Queries) error {
		seq, err := q.InsertRegistration(ctx, query.InsertRegistrationParams{
			ID: query.Text(r.ID.String()), Root: query.Text(r.Root.String()), Consignment: r.Consignment, Created: r.Created.UnixMicro(),
		})
		if err != nil {
			return failOne(doing, err, fmt.Errorf("registration %s: %w", r.ID, supply.ErrExists))
		}
		for i := range parts {
			leaves, err := parts[i].Leaves.MarshalBinary()
			if err != nil {
				return err
			}
			err = q.InsertMarkPart(ctx, query.InsertMarkPartParams{Registration: seq, Part: int64(i), Root: parts[i].Root[:], Leaves: leaves})
			if err != nil {
				return fail(doing, err)
			}
		}
		return nil
	})
}

// Registration implements supply.Registrations.
func (s *Store) Registration(ctx context.Context, id canon.Digest) (*supply.Registration, error) {
	r, err := s.reader().Registration(ctx, query.Text(id.String()))
	if err != nil {
		return nil, failOne("read a registration", err, supply.ErrUnknown)
	}
	out := &supply.Registration{ID: id, Consignment: r.Consignment, Created: moment(r.Created)}
	if out.Root, err = digest(r.Root); err != nil {
		return nil, fmt.Errorf("stored registration %s: %w", id, err)
	}
	return out, nil
}

// Marks implements supply.Registrations.
func (s *Store) Marks(ctx context.Context, id canon.Digest, part uint64) (leaves, roots chain.Hashes, err error) {
	const doing = "read marks"
	name := query.Text(id.String())
	err = s.look(ctx, doing, func(q *query.Queries) error {
		raw, err := q.MarkPart(ctx, query.MarkPartParams{ID: name, Part: int64(part)})
		if err != nil {
			return failOne(doing, err, supply.ErrUnknown)
		}
		if err := leaves.UnmarshalBinary(raw); err != nil {
			return fmt.Errorf("stored marks of %s: %w", id, err)
		}
		found, err := q.MarkRoots(ctx, name)
		if err != nil {
			return fail(doing, err)
		}
		var all []byte
		for _, root := range found {
			all = append(all, root...)
		}
		return roots.UnmarshalBinary(all)
	})
	if err != nil {
		return nil, nil, err
	}
	return leaves, roots, nil
}

// DropRegistration implements supply.Registrations.
func (s *Store) DropRegistration(ctx context.Context, id canon.Digest) error {
	return fail("drop a registration", s.writer().DeleteRegistration(ctx, query.Text(id.String())))
}

// PutConsignment implements supply.Consignments.
func (s *Store) PutConsignment(ctx context.Context, c *supply.Consignment) error {
	return fail("put a consignment", s.writer().PutConsignment(ctx, query.PutConsignmentParams{
		Registration: query.Text(c.Registration.String()), Message: query.Text(c.Message.String()), Sealed: c.Sealed,
	}))
}

// Consignment implements supply.Consignments.
func (s *Store) Consignment(ctx context.Context, registration canon.Digest) (*supply.Consignment, error) {
	r, err := s.reader().Consignment(ctx, query.Text(registration.String()))
	if err != nil {
		return nil, failOne("read a consignment", err, supply.ErrUnknown)
	}
	out := &supply.Consignment{Registration: registration, Sealed: r.Sealed}
	if out.Message, err = digest(r.Message); err != nil {
		return nil, fmt.Errorf("stored consignment of %s: %w", registration, err)
	}
	return out, nil
}
