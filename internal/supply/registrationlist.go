package supply

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
)

// Which registrations are listed.
const (
	Incoming = "in"   // this organisation is their consignee
	Outgoing = "out"  // it made them
	OfLines  = "line" // they are of its product lines, whoever made them: every hop
)

// How many verified marks an answer counts, of all registrations that it shows: for
// who works here, and for strangers.
const (
	maxCounted = 100_000
	maxGlanced = 4096
)

// Registration returns anybody's registration as the ledger has it.
func (d *Desk) Registration(ctx context.Context, id canon.Digest) (*api.Registration, error) {
	r, err := d.registered(id)
	if err != nil {
		return nil, err
	}
	budget := maxGlanced
	return d.shown(ctx, id, r, &budget)
}

// ListRegistrations pages through registrations that concern this organisation.
func (d *Desk) ListRegistrations(ctx context.Context, direction string, p Page) (*api.Registrations, error) {
	before, err := leafCursor(p.Cursor)
	if err != nil {
		return nil, err
	}
	tags := map[string][]string{
		Incoming: {"consignee/" + d.GLN}, Outgoing: {"registered-by/" + d.GLN},
		OfLines: {"registered-by/" + d.GLN, "hop-of/" + d.GLN},
	}[direction]
	found, next, err := d.leaves(tags, before, p.Limit)
	if err != nil {
		return nil, err
	}
	out := &api.Registrations{Items: []api.Registration{}, Next: next}
	for budget, i := maxCounted, 0; i < len(found); i++ {
		item, err := d.listed(ctx, found[i], direction, &budget)
		if err != nil {
			return nil, err
		}
		if item != nil {
			out.Items = append(out.Items, *item)
		}
	}
	return out, nil
}

// leaves returns leaves with one of some tags from below an index on, falling, and the
// cursor of those after them.
func (d *Desk) leaves(tags []string, before uint64, limit int) ([]uint64, string, error) {
	var all []uint64
	for _, tag := range tags {
		found, err := d.Records.TaggedBefore(tag, before, limit+1)
		if err != nil {
			return nil, "", err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b uint64) int { return cmp.Compare(b, a) })
	all = slices.Compact(all)
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], strconv.FormatUint(all[limit-1], 10), nil
}

// listed returns the registration of a leaf; nil for one of another's line if only own
// ones are wanted.
func (d *Desk) listed(ctx context.Context, index uint64, direction string, budget *int) (*api.Registration, error) {
	leaf, _, err := d.Ledger.Leaf(index)
	if err != nil {
		return nil, err
	}
	id := chain.RegistrationID(leaf.Operation)
	r, err := d.registered(id)
	if err != nil {
		return nil, err
	}
	if direction == OfLines {
		line, err := d.line(r.Terms.Line)
		if err != nil || line.Maker != d.GLN {
			return nil, err
		}
	}
	return d.shown(ctx, id, r, budget)
}

func (d *Desk) shown(ctx context.Context, id canon.Digest, r *chain.Registration, budget *int) (*api.Registration, error) {
	out := &api.Registration{
		ID: id, Terms: api.Terms(r.Terms), From: r.From, Device: r.Device, At: r.At, Size: r.Terms.Size(), Before: r.Before,
	}
	for range d.Records.Records(marksOf(id)) {
		if out.More = *budget == 0; out.More {
			break
		}
		*budget--
		out.Verified++
	}
	switch c, err := d.Consignments.Consignment(ctx, id); {
	case err == nil:
		out.Message = c.Message
	case !errors.Is(err, ErrUnknown):
		return nil, err
	}
	return out, nil
}

// marksOf returns what the keys of a registration's verified marks begin with.
func marksOf(id canon.Digest) []byte {
	key := chain.MarkKey(id, 0)
	return key[:len(key)-8]
}
