package supply

import (
	"context"
	"fmt"

	"theriac/api"
	"theriac/canon"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/refusal"
)

// ErrLong is returned for an identifier of which more is known than one trail
// tells: a class of goods, not a thing.
var ErrLong = refusal.New("trail_too_long", "more is known of this than one trail tells; ask for a pack or a container")

// What one trail is read from at most. Anybody may ask for one.
const (
	maxDocuments  = 500
	maxContainers = 1000
	maxRead       = 4 * epcis.MaxSize // bytes
)

// Trace returns the captured events that concern an identifier, in any spelling,
// and its containers while it was in them.
func (d *Desk) Trace(ctx context.Context, identifier string) (*api.Trail, error) {
	name, err := epcis.Canonical(identifier, d.Now())
	if err != nil {
		return nil, err
	}
	t := trail{
		asked: map[string]bool{name: true}, ask: []string{name},
		read: map[canon.Digest]map[string]bool{}, kept: map[place]bool{},
	}
	if err := t.follow(ctx, d); err != nil {
		return nil, err
	}
	out := &api.Trail{Identifier: name, Events: []api.Stop{}}
	if id, err := gs1.ParseIdentifier(identifier, d.Now()); err == nil {
		out.Pack = id.GTIN != "" && id.Serial != ""
	}
	for _, i := range epcis.Trace(t.events, name) {
		out.Events = append(out.Events, stop(&t.events[i], &t.of[i]))
	}
	return out, nil
}

func stop(e *epcis.Event, doc *Document) api.Stop {
	return api.Stop{
		Action: string(e.Action), BizLocation: e.BizLocation, BizStep: e.BizStep, Disposition: e.Disposition,
		Document: doc.Digest, Event: e.Number, Height: doc.Height, Index: doc.Index, ReadPoint: e.ReadPoint,
		Time: e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), Type: string(e.Type),
	}
}

// A trail gathers the events about an identifier, about what it was put into, and
// so on outwards. Of a document only they stay in memory.
type trail struct {
	ask    []string                         // what documents are still to be looked for
	asked  map[string]bool                  // all that was ever in ask
	read   map[canon.Digest]map[string]bool // with what names
	bytes  int
	kept   map[place]bool
	events []epcis.Event
	of     []Document // of each event, without its bytes
}

// A place is an event of a document.
type place struct {
	doc   canon.Digest
	event int
}

func (t *trail) follow(ctx context.Context, d *Desk) error {
	for ; len(t.ask) > 0; t.ask = t.ask[1:] {
		digests, err := d.Documents.Mentioning(ctx, t.ask[0])
		if err != nil {
			return err
		}
		for _, digest := range digests {
			// A container that another document told of may stand in one that was read.
			if t.read[digest][t.ask[0]] {
				continue
			}
			if err := t.take(ctx, d, digest); err != nil {
				return err
			}
		}
	}
	return nil
}

// take reads a document. One at a time is in memory, for all who ask.
func (t *trail) take(ctx context.Context, d *Desk, digest canon.Digest) error {
	if err := d.tracing.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	defer d.tracing.Release(1)
	doc, err := d.Documents.Document(ctx, digest)
	if err != nil {
		return err
	}
	t.bytes += len(doc.Bytes)
	if t.read[digest] == nil && len(t.read) == maxDocuments || t.bytes > maxRead {
		return fmt.Errorf("%w: it stands in more than %d documents or %d bytes", ErrLong, maxDocuments, maxRead)
	}
	parsed, err := epcis.Parse(doc.Bytes)
	if err != nil {
		return fmt.Errorf("document %s: %w", digest, err)
	}
	doc.Bytes = nil
	if err := t.outwards(parsed.Events); err != nil {
		return err
	}
	t.read[digest] = map[string]bool{}
	for name := range t.asked {
		t.read[digest][name] = true
	}
	for i := range parsed.Events {
		e := &parsed.Events[i]
		at := place{digest, e.Number}
		if t.kept[at] || !t.concerned(e) {
			continue
		}
		t.kept[at] = true
		t.events, t.of = append(t.events, *e), append(t.of, *doc)
	}
	return nil
}

// concerned reports whether an event is about what is asked for, or takes back
// another event, which may be.
func (t *trail) concerned(e *epcis.Event) bool {
	for id := range e.Identifiers() {
		if t.asked[id.ID] {
			return true
		}
	}
	return e.Error != nil
}

// outwards asks for what events put into something that is asked for, and what
// that was put into.
func (t *trail) outwards(events []epcis.Event) error {
	parents := map[string][]string{}
	for i := range events {
		e := &events[i]
		if e.Type != epcis.AggregationEvent || e.Parent == "" {
			continue
		}
		for _, child := range e.Children {
			parents[child] = append(parents[child], e.Parent)
		}
	}
	var inner []string
	for name := range t.asked {
		inner = append(inner, name)
	}
	for ; len(inner) > 0; inner = inner[1:] {
		for _, outer := range parents[inner[0]] {
			if t.asked[outer] {
				continue
			}
			if len(t.asked) == maxContainers {
				return fmt.Errorf("%w: over %d containers", ErrLong, maxContainers)
			}
			t.asked[outer] = true
			t.ask, inner = append(t.ask, outer), append(inner, outer)
		}
	}
	return nil
}
