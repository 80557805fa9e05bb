package device

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"theriac/api"
	"theriac/canon"
	"theriac/client"
)

const pendingFile = "pending.json"

// A pending registration was measured and signed, and is on its way. Its key names it on
// the ledger, so however often it is sent it is registered once.
type pending struct {
	Asked       canon.Digest    `json:"asked"` // the Job
	Key         string          `json:"key"`
	Registering api.Registering `json:"registering"`
	LeftOut     []Thing         `json:"left_out"`
	Stopped     string          `json:"stopped,omitempty"`
}

// resume sends what a crash or a lost answer left behind. It returns it if it is of the
// same job.
func (r *Registrar) resume(ctx context.Context, asked canon.Digest) (*Registered, error) {
	var p pending
	err := decode(r.Device.folder, pendingFile, &p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.Device.home(ctx, r.Office); err != nil {
		return nil, err
	}
	done, err := r.post(ctx, &p)
	if err != nil {
		return nil, fmt.Errorf("what was measured before this: %w", err)
	}
	if p.Asked != asked {
		return nil, nil
	}
	done.Found = true
	return done, nil
}

// send puts a registration on the disk, then on the ledger.
func (r *Registrar) send(ctx context.Context, p *pending) (*Registered, error) {
	if err := encode(r.Device.folder, pendingFile, p); err != nil {
		return nil, err
	}
	return r.post(ctx, p)
}

func (r *Registrar) post(ctx context.Context, p *pending) (*Registered, error) {
	got, err := client.Post[api.Registration](ctx, r.Office, "/v1/registrations", p.Key, p.Registering)
	if unsettled(err) {
		return nil, fmt.Errorf("%w; it is kept, and sent when the command is given again", err)
	}
	if err == nil && got.Terms.Root != p.Registering.Terms.Root {
		return nil, errors.New("the server answered with another registration; this one is kept")
	}
	if rm := r.Device.folder.remove(pendingFile); err != nil || rm != nil {
		return nil, errors.Join(err, rm)
	}
	return &Registered{Registration: *got, LeftOut: p.LeftOut, Stopped: p.Stopped}, nil
}
