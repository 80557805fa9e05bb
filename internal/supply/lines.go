package supply

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/audit"
	"theriac/internal/ledger"
)

// Lines keep which product lines (paper 001) the organisation has, and their keys,
// each sealed to one device. Writes survive a crash.
type Lines interface {
	// PutLine notes a line.
	PutLine(ctx context.Context, line canon.Digest) error
	// Lines returns the lines that were noted, the newest first.
	Lines(ctx context.Context) ([]canon.Digest, error)
	// PutLineKeys writes keys where there are none: a device has one key an epoch,
	// for ever. It writes all of them or, with ErrExists, none.
	PutLineKeys(ctx context.Context, line canon.Digest, keys []api.LineKey) error
	// LineKeys returns the keys of a device, the newest epoch first.
	LineKeys(ctx context.Context, line, device canon.Digest) ([]api.LineKey, error)
}

// maxLineKey is the size of a sealed line key: sixteen criteria fit twice.
const maxLineKey = 8 << 10

// PutLine enters a product line of ours on the ledger, or replaces its record, and
// keeps the keys of its devices. Put again after a crash it is found.
func (d *Desk) PutLine(ctx context.Context, u *api.LineUpdate) (*api.Line, error) {
	id := chain.LineID(d.GLN, u.GTIN)
	line, err := d.putLine(ctx, id, u)
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, audit.Operator, "put product line", id.String(), err)
	}
	return line, err
}

func (d *Desk) putLine(ctx context.Context, id canon.Digest, u *api.LineUpdate) (*api.Line, error) {
	// Two at once would give devices of one epoch two judgment values.
	if !d.running.claim(id) {
		return nil, fmt.Errorf("%w: the product line is being put", ErrBusy)
	}
	defer d.running.unclaim(id)
	put := chain.PutLine{GTIN: u.GTIN, Criteria: u.Criteria, Epoch: u.Epoch, Devices: []chain.Device{}}
	for _, x := range u.Devices {
		put.Devices = append(put.Devices, chain.Device{Point: x.Point, Seal: x.Seal, Operator: x.Operator})
	}
	slices.SortFunc(put.Devices, func(a, b chain.Device) int { return bytes.Compare(a.Point, b.Point) })
	now, err := state[chain.Line](d, chain.LineKey(id))
	if errors.Is(err, ErrUnknown) {
		now, err = &chain.Line{}, nil
	}
	if err != nil {
		return nil, err
	}
	fresh, err := d.freshKeys(ctx, id, &put, now, u.Keys)
	if err != nil {
		return nil, err
	}
	if err := d.Lines.PutLine(ctx, id); err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(now.Put, put) {
		if err := d.submitLine(ctx, id, now, &put); err != nil {
			return nil, err
		}
	}
	// After the ledger, which may refuse: who puts the line again after a crash
	// between brings the keys again.
	if err := d.Lines.PutLineKeys(ctx, id, fresh); err != nil {
		return nil, err
	}
	return d.Line(id)
}

func (d *Desk) submitLine(ctx context.Context, id canon.Digest, now *chain.Line, put *chain.PutLine) error {
	raw, err := canon.CBOR(put)
	if err != nil {
		return err
	}
	// What it replaces is part of the name: a record may come back later.
	_, err = d.Submit(ctx, chain.KindLine, named("line", id[:], binary.BigEndian.AppendUint64(nil, now.Index), raw), *put)
	return err
}

// freshKeys returns the keys that are not kept yet. Every device of the update has one
// for its epoch then; those of a new epoch come all together.
func (d *Desk) freshKeys(ctx context.Context, line canon.Digest, put *chain.PutLine, now *chain.Line, keys []api.LineKey) ([]api.LineKey, error) {
	refuse := func(why string, device canon.Digest, epoch uint64) ([]api.LineKey, error) {
		return nil, fmt.Errorf("%w: device %s, epoch %d: %s", ledger.ErrLine, device, epoch, why)
	}
	var fresh []api.LineKey
	devices := map[canon.Digest]bool{}
	for i := range put.Devices {
		device, err := deviceID(&put.Devices[i])
		if err != nil {
			return nil, err
		}
		devices[device] = true
		given := slices.DeleteFunc(slices.Clone(keys), func(k api.LineKey) bool { return k.Device != device })
		kept, err := d.Lines.LineKeys(ctx, line, device)
		if err != nil {
			return nil, err
		}
		has := now.Put.Epoch == put.Epoch && slices.ContainsFunc(kept, func(k api.LineKey) bool { return k.Epoch == put.Epoch })
		for j, k := range given {
			before := slices.IndexFunc(kept, func(o api.LineKey) bool { return o.Epoch == k.Epoch })
			switch {
			case k.Epoch == 0 || k.Epoch > put.Epoch || len(k.Sealed) == 0 || len(k.Sealed) > maxLineKey:
				return refuse("its key is none", device, k.Epoch)
			case slices.ContainsFunc(given[:j], func(o api.LineKey) bool { return o.Epoch == k.Epoch }):
				return refuse("it has two keys", device, k.Epoch)
			case before < 0:
				fresh = append(fresh, k)
			case !bytes.Equal(kept[before].Sealed, k.Sealed):
				// Another judgment value would part the device from the others.
				return nil, fmt.Errorf("%w: device %s has its key of epoch %d; leave it out, or begin an epoch", ErrExists, device, k.Epoch)
			}
			has = has || k.Epoch == put.Epoch
		}
		if !has {
			return refuse("its key is missing", device, put.Epoch)
		}
	}
	for _, k := range keys {
		if !devices[k.Device] {
			return refuse("it is not in the line", k.Device, k.Epoch)
		}
	}
	return fresh, nil
}

func deviceID(x *chain.Device) (canon.Digest, error) {
	key, err := envelope.ParseKey(x.Point)
	if err != nil {
		return canon.Digest{}, fmt.Errorf("%w: device: %w", ledger.ErrLine, err)
	}
	return key.ID(), nil
}

// line returns a product line of the ledger, or ledger.ErrUnknownLine.
func (d *Desk) line(id canon.Digest) (*chain.Line, error) {
	l, err := state[chain.Line](d, chain.LineKey(id))
	if errors.Is(err, ErrUnknown) {
		return nil, fmt.Errorf("%w: %s", ledger.ErrUnknownLine, id)
	}
	return l, err
}

// Line returns a product line, anybody's, as the ledger has it.
func (d *Desk) Line(id canon.Digest) (*api.Line, error) {
	l, err := d.line(id)
	if err != nil {
		return nil, err
	}
	out := &api.Line{
		ID: id, Maker: l.Maker, GTIN: l.Put.GTIN, Criteria: l.Put.Criteria, Epoch: l.Put.Epoch, Devices: []api.LineDevice{}, At: l.At,
	}
	for i := range l.Put.Devices {
		x := &l.Put.Devices[i]
		kid, err := deviceID(x)
		if err != nil {
			return nil, err
		}
		out.Devices = append(out.Devices, api.LineDevice{ID: kid, Point: x.Point, Seal: x.Seal, Operator: x.Operator})
	}
	return out, nil
}

// ListLines returns the product lines of this organisation.
func (d *Desk) ListLines(ctx context.Context) (*api.Lines, error) {
	found, err := d.Lines.Lines(ctx)
	if err != nil {
		return nil, err
	}
	out := &api.Lines{Items: []api.Line{}}
	for _, id := range found {
		line, err := d.Line(id)
		if errors.Is(err, ledger.ErrUnknownLine) {
			continue // the ledger refused it, or has not got it yet
		}
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, *line)
	}
	return out, nil
}

// LineKeys returns the keys that a device of a line of ours may open. One that was
// revoked gets none any more.
func (d *Desk) LineKeys(ctx context.Context, id, device canon.Digest) (*api.LineKeys, error) {
	line, err := d.Line(id)
	if err != nil {
		return nil, err
	}
	switch {
	case line.Maker != d.GLN:
		return nil, fmt.Errorf("%w: the keys are with %s, who makes the line", ErrUnknown, line.Maker)
	case !slices.ContainsFunc(line.Devices, func(x api.LineDevice) bool { return x.ID == device }):
		return nil, fmt.Errorf("%w: the line has no device %s", ErrUnknown, device)
	}
	keys, err := d.Lines.LineKeys(ctx, id, device)
	if err != nil {
		return nil, err
	}
	out := &api.LineKeys{Line: *line, Items: []api.LineKey{}}
	for _, k := range keys {
		if k.Epoch <= line.Epoch {
			out.Items = append(out.Items, k)
		}
	}
	return out, nil
}
