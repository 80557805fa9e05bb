package device

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"slices"
	"time"

	"theriac/api"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
)

// A Thing is what is put on the instruments.
type Thing struct {
	Place uint64 `json:"place"` // of a pack in its batch
	Code  string `json:"code"`  // that stands on it, bracketed
	item  string
	read  []genuine.Reading
}

// things returns what a job is of, one after the other.
func (r *Registrar) things(ctx context.Context, p *plan) iter.Seq2[*Thing, error] {
	switch {
	case p.item != "":
		return func(yield func(*Thing, error) bool) {
			yield(&Thing{Place: p.job.Packs.From, Code: p.code, item: p.item}, nil)
		}
	case p.job.Packs.To > 0:
		return r.listed(ctx, p)
	}
	return r.scanned(ctx, p)
}

// listing is how many codes are asked for at a time.
const listing = 1000

// listed are the packs of a batch of one's own, whose codes its maker's server has.
func (r *Registrar) listed(ctx context.Context, p *plan) iter.Seq2[*Thing, error] {
	return func(yield func(*Thing, error) bool) {
		for from := p.job.Packs.From; from < p.job.Packs.To; from += listing {
			found, err := r.printed(ctx, p, from, min(listing, p.job.Packs.To-from))
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range found {
				if !yield(&found[i], nil) {
					return
				}
			}
		}
	}
}

func (r *Registrar) printed(ctx context.Context, p *plan, from, n uint64) ([]Thing, error) {
	if !p.own {
		return nil, fmt.Errorf("%w: packs that another made are scanned one by one", errJob)
	}
	path := "/v1/batches/" + url.PathEscape(p.batch.String()) + "/packs"
	found, err := client.Get[[]api.Printed](ctx, r.Office, path, url.Values{"from": {fmt.Sprint(from)}, "limit": {fmt.Sprint(n)}})
	if err != nil {
		return nil, err
	}
	if uint64(len(*found)) != n {
		return nil, fmt.Errorf("%w: the server has codes of %d packs from %d on", errJob, len(*found), from)
	}
	var out []Thing
	for i, x := range *found {
		id, err := gs1.ParseIdentifier(x.Code, time.Now())
		if err != nil {
			return nil, err
		}
		t, err := thing(id, x.Index)
		if err != nil {
			return nil, err
		}
		if x.Index != from+uint64(i) || id.GTIN != p.job.GTIN {
			return nil, fmt.Errorf("%w: the server answered with pack %d, %s", errJob, x.Index, t.Code)
		}
		out = append(out, *t)
	}
	return out, nil
}

func thing(id gs1.Identifier, place uint64) (*Thing, error) {
	sgtin, err := id.SGTIN()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errJob, err)
	}
	item, err := genuine.Item(id)
	return &Thing{Place: place, Code: sgtin.String(), item: item}, err
}

// scanned are packs whose codes come from a scanner, until it ends. Scanned twice, a
// pack is taken once.
func (r *Registrar) scanned(ctx context.Context, p *plan) iter.Seq2[*Thing, error] {
	seen := map[uint64]bool{}
	return func(yield func(*Thing, error) bool) {
		for {
			code, err := r.Scan(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			var t *Thing
			if err == nil {
				t, err = r.spot(ctx, p, code)
			}
			if err == nil && seen[t.Place] {
				continue
			}
			if err == nil {
				seen[t.Place] = true
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// spot finds the place of a pack by what was scanned on it.
func (r *Registrar) spot(ctx context.Context, p *plan, code string) (*Thing, error) {
	id, err := gs1.ParseIdentifier(code, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errJob, err)
	}
	at, err := client.Get[api.Thing](ctx, r.Office, "/v1/things", url.Values{"code": {code}})
	if err != nil {
		return nil, err
	}
	if at.Batch != p.batch || at.Place >= p.size {
		return nil, fmt.Errorf("%w: %.100q is not of batch %s", errJob, code, p.job.Batch)
	}
	return thing(id, at.Place)
}

// count finds the counter that follows that of the registration which the thing has now.
func (r *Registrar) count(ctx context.Context, p *plan, first *Thing) error {
	if p.counter > 0 {
		return nil
	}
	code := first.Code
	if p.job.Whole {
		if !p.own {
			return r.countIncoming(ctx, p)
		}
		packs, err := r.printed(ctx, p, p.job.Packs.From, 1)
		if err != nil {
			return err
		}
		code = packs[0].Code
	}
	at, err := client.Get[api.Thing](ctx, r.Office, "/v1/things", url.Values{"code": {code}})
	if err != nil {
		return err
	}
	p.counter = 1
	if at.Registration.IsZero() {
		return nil
	}
	before, err := client.Get[api.Registration](ctx, r.Office, "/v1/registrations/"+url.PathEscape(at.Registration.String()), nil)
	if err == nil {
		p.counter = before.Terms.Counter + 1
	}
	return err
}

// countIncoming looks for the registration by which a whole came here.
func (r *Registrar) countIncoming(ctx context.Context, p *plan) error {
	err := pages(ctx, r.Office, "/v1/registrations?direction=in", func(page *api.Registrations) (string, bool) {
		for _, before := range page.Items {
			if t := &before.Terms; p.counter == 0 && t.Batch == p.batch && overlap(t.Ranges, p.job.Packs) {
				p.counter = t.Counter + 1
			}
		}
		return page.Next, p.counter > 0
	})
	if err == nil && p.counter == 0 {
		err = fmt.Errorf("%w: nothing of it was registered for this organisation", errJob)
	}
	return err
}

func overlap(ranges []chain.Range, with chain.Range) bool {
	return slices.ContainsFunc(ranges, func(r chain.Range) bool { return r.From < with.To && with.From < r.To })
}

// terms returns what is signed of things, without their root.
func (p *plan) terms(things []*Thing) api.Terms {
	t := api.Terms{
		Line: p.line, Epoch: p.epoch, Counter: p.counter, To: p.job.To, Place: p.job.Place, Batch: p.batch, Whole: p.job.Whole,
	}
	switch {
	case p.job.Whole:
		t.Ranges = []chain.Range{p.job.Packs}
	case p.job.Material:
		t.Material = &p.lot
	default:
		var places []uint64
		for _, x := range things {
			places = append(places, x.Place)
		}
		t.Ranges = chain.Ranges(places)
	}
	return t
}
