package memstore

import (
	"bytes"
	"context"
	"slices"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/supply"
)

// genuine is what the store keeps of paper 001.
type genuine struct {
	lines         []canon.Digest
	lineKeys      map[canon.Digest][]api.LineKey // by line
	registrations map[canon.Digest]registration
	consignments  map[canon.Digest]supply.Consignment
}

type registration struct {
	supply.Registration
	parts []supply.MarkPart
}

// PutLine implements supply.Lines.
func (s *Store) PutLine(ctx context.Context, line canon.Digest) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if !slices.Contains(s.lines, line) {
		s.lines = append(s.lines, line)
	}
	return nil
}

// Lines implements supply.Lines.
func (s *Store) Lines(ctx context.Context) ([]canon.Digest, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	out := slices.Clone(s.lines)
	slices.Reverse(out)
	return out, nil
}

// PutLineKeys implements supply.Lines.
func (s *Store) PutLineKeys(ctx context.Context, line canon.Digest, keys []api.LineKey) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	all := slices.Clone(s.lineKeys[line])
	for _, k := range keys {
		if slices.ContainsFunc(all, func(o api.LineKey) bool { return o.Device == k.Device && o.Epoch == k.Epoch }) {
			return supply.ErrExists
		}
		k.Sealed = bytes.Clone(k.Sealed)
		all = append(all, k)
	}
	s.lineKeys[line] = all
	return nil
}

// LineKeys implements supply.Lines.
func (s *Store) LineKeys(ctx context.Context, line, device canon.Digest) ([]api.LineKey, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var out []api.LineKey
	for _, k := range s.lineKeys[line] {
		if k.Device == device {
			k.Sealed = bytes.Clone(k.Sealed)
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b api.LineKey) int {
		if a.Epoch > b.Epoch {
			return -1
		}
		return 1
	})
	return out, nil
}

// PutRegistration implements supply.Registrations.
func (s *Store) PutRegistration(ctx context.Context, r *supply.Registration, parts []supply.MarkPart) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if _, ok := s.registrations[r.ID]; ok {
		return supply.ErrExists
	}
	kept := registration{Registration: *r}
	kept.Consignment, kept.Created = bytes.Clone(r.Consignment), moment(r.Created)
	for _, p := range parts {
		kept.parts = append(kept.parts, supply.MarkPart{Root: p.Root, Leaves: slices.Clone(p.Leaves)})
	}
	s.registrations[r.ID] = kept
	return nil
}

// Registration implements supply.Registrations.
func (s *Store) Registration(ctx context.Context, id canon.Digest) (*supply.Registration, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	r, ok := s.registrations[id]
	if !ok {
		return nil, supply.ErrUnknown
	}
	r.Consignment = bytes.Clone(r.Consignment)
	return &r.Registration, nil
}

// Marks implements supply.Registrations.
func (s *Store) Marks(ctx context.Context, id canon.Digest, part uint64) (leaves, roots chain.Hashes, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	parts := s.registrations[id].parts
	if part >= uint64(len(parts)) {
		return nil, nil, supply.ErrUnknown
	}
	for _, p := range parts {
		roots = append(roots, p.Root)
	}
	return slices.Clone(parts[part].Leaves), roots, nil
}

// DropRegistration implements supply.Registrations.
func (s *Store) DropRegistration(ctx context.Context, id canon.Digest) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	delete(s.registrations, id)
	return nil
}

// PutConsignment implements supply.Consignments.
func (s *Store) PutConsignment(ctx context.Context, c *supply.Consignment) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	kept := *c
	kept.Sealed = bytes.Clone(c.Sealed)
	s.consignments[c.Registration] = kept
	return nil
}

// Consignment implements supply.Consignments.
func (s *Store) Consignment(ctx context.Context, id canon.Digest) (*supply.Consignment, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	c, ok := s.consignments[id]
	if !ok {
		return nil, supply.ErrUnknown
	}
	c.Sealed = bytes.Clone(c.Sealed)
	return &c, nil
}
