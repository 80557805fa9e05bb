package device

import (
	"context"
	"fmt"
	"net/url"

	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/refusal"
)

// What devices ask of an organisation's server.

// home returns who a server is, and errOperator unless it is the operator's of the
// device.
func (d *Device) home(ctx context.Context, office *client.Client) (*api.Status, error) {
	s, err := client.Get[api.Status](ctx, office, "/v1/status", nil)
	if err != nil {
		return nil, err
	}
	if s.GLN != d.Card.Operator {
		return nil, fmt.Errorf("%w: %s and %s", errOperator, d.Card.Operator, s.GLN)
	}
	return s, nil
}

// ownLine returns the record of one of the organisation's own lines, nil for none.
func ownLine(ctx context.Context, office *client.Client, id canon.Digest) (*api.Line, error) {
	all, err := client.Get[api.Lines](ctx, office, "/v1/lines", nil)
	if err != nil {
		return nil, err
	}
	for i := range all.Items {
		if all.Items[i].ID == id {
			return &all.Items[i], checkRecord(&all.Items[i], id)
		}
	}
	return nil, nil
}

// lineKeys returns a line's record with its keys for a device, which its maker's server
// gives to everybody.
func lineKeys(ctx context.Context, maker *client.Client, id, device canon.Digest) (*api.LineKeys, error) {
	got, err := client.Get[api.LineKeys](ctx, maker, "/v1/lines/"+url.PathEscape(id.String())+"/keys/"+url.PathEscape(device.String()), nil)
	if code := refusal.Code(err); code == "not_found" || code == "unknown_line" {
		return nil, fmt.Errorf("%w: was it admitted? %v", errLineKey, err)
	}
	if err != nil {
		return nil, err
	}
	return got, checkRecord(&got.Line, id)
}

// unsettled reports whether a request may have been done, or may be done when it is
// made again, although it ended with this error.
func unsettled(err error) bool {
	switch refusal.Code(err) {
	case "", "busy", "block_full", "in_progress", "too_many_requests", "unauthorised", "forbidden", "internal":
		return err != nil
	}
	return false
}
