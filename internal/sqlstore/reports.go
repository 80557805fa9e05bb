package sqlstore

import (
	"context"
	"fmt"

	"theriac/canon"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// PutReport implements supply.Reports.
func (s *Store) PutReport(ctx context.Context, r *supply.Report) error {
	to, err := canon.JSON(r.To)
	if err != nil {
		return fmt.Errorf("report %s: %w", r.ID, err)
	}
	n, err := s.writer().InsertReport(ctx, query.InsertReportParams{
		ID: query.Text(r.ID.String()), JWS: r.JWS, SentTo: to, Created: r.Created.UnixMicro(),
	})
	if err == nil && n == 0 {
		return fmt.Errorf("report %s: %w", r.ID, supply.ErrExists)
	}
	return fail("put a report", err)
}

// Report implements supply.Reports.
func (s *Store) Report(ctx context.Context, id canon.ID) (*supply.Report, error) {
	r, err := s.reader().Report(ctx, query.Text(id.String()))
	if err != nil {
		return nil, failOne("read a report", err, supply.ErrUnknown)
	}
	out, err := report(&r)
	return &out, err
}

// Hand implements supply.Reports.
func (s *Store) Hand(ctx context.Context, id canon.ID) error {
	n, err := s.writer().HandReport(ctx, query.Text(id.String()))
	if err == nil && n == 0 {
		return fmt.Errorf("report %s: %w", id, supply.ErrUnknown)
	}
	return fail("hand a report on", err)
}

// Unhanded implements supply.Reports.
func (s *Store) Unhanded(ctx context.Context) ([]supply.Report, error) {
	found, err := s.reader().UnhandedReports(ctx)
	if err != nil {
		return nil, fail("list reports", err)
	}
	out := make([]supply.Report, len(found))
	for i := range found {
		if out[i], err = report(&found[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func report(r *query.Report) (supply.Report, error) {
	out := supply.Report{JWS: r.JWS, Created: moment(r.Created), Handed: r.Handed != 0}
	var err error
	if out.ID, err = id(r.ID); err == nil {
		err = canon.DecodeJSON(r.SentTo, &out.To)
	}
	if err != nil {
		err = fmt.Errorf("stored report %s: %w", r.ID, err)
	}
	return out, err
}
