package supply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/internal/ledger"
)

// Capture takes an EPCIS document: it is read whole, its digest is anchored, the
// lots that it commissions become batches without a certificate, and its exact
// bytes are kept. A document that was captured before is found, not taken twice;
// one that a crash interrupted is taken up where it was.
func (d *Desk) Capture(ctx context.Context, raw []byte) (*api.Capture, error) {
	c, err := d.capture(ctx, raw)
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, "operator", "capture", canon.Sum(raw).String(), err)
	}
	return c, err
}

func (d *Desk) capture(ctx context.Context, raw []byte) (*api.Capture, error) {
	doc, err := epcis.Parse(raw)
	if err != nil {
		return nil, err
	}
	lots, err := epcis.Commissioned(doc)
	if err != nil {
		return nil, err
	}
	done, err := d.anchorDocument(ctx, doc)
	if err != nil {
		return nil, err
	}
	out := &api.Capture{
		Batches: []canon.Digest{}, Digest: doc.Digest, Events: len(doc.Events),
		Height: done.Height, Index: done.Index, Time: done.Time,
	}
	for i := range lots {
		id, err := d.captureLot(ctx, doc.Digest, &lots[i])
		// The lot may stand in an earlier document; then that one shows it.
		if errors.Is(err, ledger.ErrBatchExists) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("lot %s: %w", lots[i].Lot, err)
		}
		out.Batches = append(out.Batches, id)
	}
	err = d.Documents.PutDocument(ctx, &Document{
		Digest: doc.Digest, Media: doc.Media, Bytes: raw, Created: d.Now(),
		Index: done.Index, Height: done.Height, Time: done.Time,
	}, mentions(doc))
	if errors.Is(err, ErrExists) {
		err = nil
	}
	return out, err
}

// named returns the id of an operation that follows from what it is about, so
// that it is the same one after a crash.
func named(what string, parts ...[]byte) canon.ID {
	h := canon.Hash("theriac/operation-of/1", append([][]byte{[]byte(what)}, parts...)...)
	return canon.ID(h[:16])
}

func (d *Desk) anchorDocument(ctx context.Context, doc *epcis.Document) (*api.Done, error) {
	return d.Submit(ctx, chain.KindEvidence, named("capture", doc.Digest[:]), chain.Evidence{Digest: doc.Digest, Media: doc.Media})
}

// captureLot makes a batch of a lot that a document commissions.
func (d *Desk) captureLot(ctx context.Context, doc canon.Digest, l *epcis.Lot) (canon.Digest, error) {
	id := chain.BatchID(d.GLN, l.GTIN, l.Lot)
	spec := BatchSpec{ID: id, GTIN: l.GTIN, Lot: l.Lot, Expiry: string(l.Expiry), Size: uint64(len(l.Packs))}
	for _, p := range l.Packs {
		spec.Serials = append(spec.Serials, p.Serial)
	}
	if b, err := state[chain.Batch](d, chain.BatchKey(id)); err == nil && b.Release.Evidence != doc {
		return id, ledger.ErrBatchExists
	}
	packs, err := d.makePacks(ctx, spec, nil)
	if err != nil {
		return id, err
	}
	_, err = d.Submit(ctx, chain.KindBatch, named("captured batch", doc[:], id[:]), chain.BatchRelease{
		GTIN: l.GTIN, Lot: l.Lot, Expiry: spec.Expiry, Size: packs.Size(), Root: packs.Root(),
		Initial: chain.UnitActive, Evidence: doc,
	})
	if err != nil {
		return id, err
	}
	return id, d.Works.PutBatch(ctx, &Batch{
		ID: id, GTIN: l.GTIN, Lot: l.Lot, Expiry: spec.Expiry, Size: packs.Size(), Document: doc, Created: d.Now(),
	})
}

func mentions(doc *epcis.Document) []Mention {
	var out []Mention
	seen := map[Mention]bool{}
	for i := range doc.Events {
		for id := range doc.Events[i].Identifiers() {
			m := Mention{Identifier: id.ID, Event: doc.Events[i].Number, Role: string(id.Role)}
			if !seen[m] {
				seen[m] = true
				out = append(out, m)
			}
		}
	}
	return out
}

// maxDocuments bounds how many documents one trail is read from.
const maxDocuments = 500

// Trace returns the captured events that concern an identifier, in any spelling,
// and its containers while it was in them.
func (d *Desk) Trace(ctx context.Context, identifier string) (*api.Trail, error) {
	name, err := epcis.Canonical(identifier, d.Now())
	if err != nil {
		return nil, err
	}
	docs, err := d.around(ctx, name)
	if err != nil {
		return nil, err
	}
	out := &api.Trail{Identifier: name, Events: []api.Stop{}}
	if id, err := gs1.ParseIdentifier(identifier, d.Now()); err == nil {
		out.Pack = id.GTIN != "" && id.Serial != ""
	}
	var events []epcis.Event
	var of []*Document
	for _, doc := range docs {
		for _, e := range doc.parsed.Events {
			events, of = append(events, e), append(of, doc.Document)
		}
	}
	for _, i := range epcis.Trace(events, name) {
		out.Events = append(out.Events, stop(&events[i], of[i]))
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

// A readDocument is a document with what it says.
type readDocument struct {
	*Document
	parsed *epcis.Document
}

// around returns the documents that mention an identifier, or what it was put
// into, and so on outwards.
func (d *Desk) around(ctx context.Context, name string) ([]readDocument, error) {
	var docs []readDocument
	have := map[canon.Digest]int{}
	asked := map[string]bool{name: true}
	for ask := []string{name}; len(ask) > 0; ask = ask[1:] {
		digests, err := d.Documents.Mentioning(ctx, ask[0])
		if err != nil {
			return nil, err
		}
		for _, digest := range digests {
			i, ok := have[digest]
			if !ok {
				if len(docs) == maxDocuments {
					continue
				}
				doc, err := d.Documents.Document(ctx, digest)
				if err != nil {
					return nil, err
				}
				parsed, err := epcis.Parse(doc.Bytes)
				if err != nil {
					return nil, fmt.Errorf("document %s: %w", digest, err)
				}
				i = len(docs)
				have[digest] = i
				docs = append(docs, readDocument{doc, parsed})
			}
			for _, outer := range containers(docs[i].parsed, ask[0]) {
				if !asked[outer] {
					asked[outer] = true
					ask = append(ask, outer)
				}
			}
		}
	}
	return docs, nil
}

// containers returns what a document puts the identifier into.
func containers(doc *epcis.Document, name string) []string {
	var out []string
	for i := range doc.Events {
		e := &doc.Events[i]
		if e.Type == epcis.AggregationEvent && e.Parent != "" && slices.Contains(e.Children, name) {
			out = append(out, e.Parent)
		}
	}
	return out
}

// Bundle returns the evidence of a pack, as the ledger has it now.
func (d *Desk) Bundle(ctx context.Context, id gs1.Identifier) (*theriac.Bundle, error) {
	o, err := d.Opening(ctx, id)
	if err != nil {
		return nil, err
	}
	headers, view, done, err := d.Ledger.Evidence(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	defer done()
	return Assemble(view, headers, o)
}
