package memstore

import (
	"bytes"
	"context"
	"slices"

	"theriac/canon"
	"theriac/internal/supply"
)

// PutReport implements supply.Reports.
func (s *Store) PutReport(ctx context.Context, r *supply.Report) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if s.report(r.ID) != nil {
		return supply.ErrExists
	}
	kept := cloneReport(r)
	kept.Created = moment(r.Created)
	s.reports = append(s.reports, kept)
	return nil
}

func (s *Store) report(id canon.ID) *supply.Report {
	for i := range s.reports {
		if s.reports[i].ID == id {
			return &s.reports[i]
		}
	}
	return nil
}

func cloneReport(r *supply.Report) supply.Report {
	c := *r
	c.JWS, c.To = bytes.Clone(r.JWS), slices.Clone(r.To)
	return c
}

// Report implements supply.Reports.
func (s *Store) Report(ctx context.Context, id canon.ID) (*supply.Report, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	r := s.report(id)
	if r == nil {
		return nil, supply.ErrUnknown
	}
	return new(cloneReport(r)), nil
}

// Hand implements supply.Reports.
func (s *Store) Hand(ctx context.Context, id canon.ID) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	r := s.report(id)
	if r == nil {
		return supply.ErrUnknown
	}
	r.Handed = true
	return nil
}

// Unhanded implements supply.Reports.
func (s *Store) Unhanded(ctx context.Context) ([]supply.Report, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var out []supply.Report
	for i := range s.reports {
		if !s.reports[i].Handed {
			out = append(out, cloneReport(&s.reports[i]))
		}
	}
	return out, nil
}
