package theriac

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/lightclient"
	"theriac/merkle"
	"theriac/pedigree"
	"theriac/refusal"
)

// Verify returns the verdict on the bundle at the time now, believing trust.
//
// First the header and the records under it, then the paper's steps in its order
// (distribution, approval, material), then that the log holds the exchanges, the
// making of the batch, what was measured, and what is so today: recall, expiry,
// state, age. The first failure is the verdict.
func (b *Bundle) Verify(trust Trust, now time.Time) Verdict {
	v := &verification{bundle: b, trust: trust, now: now}
	return v.run()
}

// VerifyCode is Verify for a pack whose code was scanned: evidence of another
// pack, or of one with another lot or expiry date than the label says, is refused.
// Whoever asks a server for evidence needs it, for the server may answer with any.
func (b *Bundle) VerifyCode(code gs1.Identifier, trust Trust, now time.Time) Verdict {
	v := &verification{bundle: b, trust: trust, now: now, code: &code}
	return v.run()
}

func (v *verification) run() Verdict {
	v.verdict.Checks = []Check{}
	defer v.ahead.stop()
	for _, step := range []func() error{v.header, v.records, v.pack, v.history, v.log, v.made, v.measured, v.today, v.fresh} {
		if err := step(); err != nil {
			v.refuse(err)
			return v.verdict
		}
	}
	v.verdict.Verdict = Genuine
	return v.verdict
}

type verification struct {
	bundle  *Bundle
	code    *gs1.Identifier // that was scanned, or nil
	trust   Trust
	now     time.Time
	verdict Verdict

	at      lightclient.Header
	state   map[string][]byte // nil: proven absent
	holders map[canon.Digest]envelope.Holder
	members map[string]*chain.Member
	batchID canon.Digest
	batch   chain.Batch
	leaves  []merkle.IndexedLeaf
	logged  error      // nil: the log holds all leaves
	page    chain.Page // of the pack
	unit    chain.UnitState
	alerts  []chain.Alert // about this pack
	lots    []gs1.LGTIN
	ahead   ahead
}

// A failed is a check that did not pass.
type failed struct {
	step    pedigree.Step
	outcome Outcome
	err     error
}

func (f *failed) Error() string { return f.err.Error() }
func (f *failed) Unwrap() error { return f.err }

func fail(step pedigree.Step, err error) error { return &failed{step, Refused, err} }

// refuse turns a failure into the verdict.
func (v *verification) refuse(err error) {
	d := &v.verdict
	d.Verdict = Refused
	var f *failed
	var p *pedigree.Failure
	switch {
	case errors.As(err, &p):
		d.Step, d.Blame, d.Proven = p.Step, string(p.Blame), p.Proven
	case errors.As(err, &f):
		d.Step, d.Verdict = f.step, f.outcome
	}
	d.Reason = refusal.Code(err) + ": " + err.Error()
	d.Checks = append(d.Checks, Check{d.Step, err.Error(), false})
}

func (v *verification) pass(step pedigree.Step, format string, args ...any) {
	v.verdict.Checks = append(v.verdict.Checks, Check{step, fmt.Sprintf(format, args...), true})
}

// header verifies the path of headers and what the last one's app hash covers.
func (v *verification) header() error {
	var err error
	if v.at, err = lightclient.Verify(v.trust.root(), v.bundle.Chain); err != nil {
		return fail(StepLedger, fmt.Errorf("%w: %w", ErrLedger, err))
	}
	v.verdict.BlockTime = time.Time(v.at.Time).UTC()
	if v.bundle.Root.Version != chain.Version || v.bundle.Root.AppHash() != v.at.AppHash {
		return fail(StepLedger, fmt.Errorf("%w: the header covers another state", ErrLedger))
	}
	v.pass(StepLedger, "block %d of %s, signed by its validators at %s", v.at.Height, v.at.ChainID,
		v.verdict.BlockTime.Format(time.RFC3339))
	return nil
}

// pack verifies that the pack is one of the batch.
func (v *verification) pack() error {
	p, r := &v.bundle.Pack, &v.batch.Release
	v.verdict.Facts = Facts{
		SGTIN: gs1.SGTIN{GTIN: p.Pack.GTIN, Serial: p.Pack.Serial}, Lot: p.Pack.Lot, Expiry: p.Pack.Expiry,
		Members: map[string]string{},
	}
	for gln, m := range v.members {
		v.verdict.Facts.Members[gln] = m.Name
	}
	if p.Pack.GTIN != r.GTIN || p.Pack.Lot != r.Lot || p.Pack.Expiry != r.Expiry {
		return fail(StepPack, fmt.Errorf("%w: it says another product, lot or expiry date", ErrPack))
	}
	if err := merkle.VerifyInclusion(p.Pack.Leaf(), p.Index, r.Size, p.Path, r.Root); err != nil {
		return fail(StepPack, fmt.Errorf("%w: %w", ErrPack, err))
	}
	if v.code != nil {
		if err := p.Pack.Labelled(*v.code); err != nil {
			return fail(StepPack, err)
		}
	}
	v.pass(StepPack, "pack %s is one of the batch", v.verdict.Facts.SGTIN)
	i := p.Index
	page := &v.page
	if _, err := v.maybe(chain.UnitsKey(v.batchID, uint32(i/chain.PageUnits)), page); err != nil {
		return err
	}
	// A ledger that lies must not make a verifier stumble.
	if n := len(page.States); n != 0 && n != chain.PageUnits/2 {
		return fail(StepLedger, fmt.Errorf("%w: page of %d bytes", ErrLedger, n))
	}
	v.unit = page.At(i%chain.PageUnits, r.Initial)
	v.verdict.Facts.State = v.unit.String()
	v.verdict.Facts.Custodian = page.Custodian(i%chain.PageUnits, v.batch.Holder)
	v.verdict.Facts.Alerts = v.shownAlerts()
	return nil
}

// history verifies the exchanges, or of a captured batch its document.
func (v *verification) history() error {
	r := &v.batch.Release
	if r.Certificate == "" {
		return v.captured()
	}
	if v.bundle.Document != nil {
		return fail(StepBatch, fmt.Errorf("%w: a document beside the history", ErrBundle))
	}
	links := v.links()
	v.ahead.start(links, v.holders)
	h := pedigree.History{
		Links: links,
		Facts: pedigree.Facts{
			Chain: v.trust.ChainID, Now: v.verdict.BlockTime, Logged: v.logged == nil && len(v.leaves) == len(links),
			Holder: v.holder, Member: v.member, BatchID: v.batchID, Batch: &v.batch, Index: v.bundle.Pack.Index,
			Custodian: v.verdict.Facts.Custodian,
		},
		Passed: func(step pedigree.Step, check string) { v.pass(step, "%s", check) },
	}
	var cert chain.Certificate
	found, err := v.maybe(chain.CertificateKey(r.Certificate), &cert)
	if err != nil {
		return err
	}
	if found {
		h.Facts.Certificate = &cert
	}
	if f := h.Verify(); f != nil {
		return f
	}
	v.lots = h.Lots()
	v.verdict.Facts.Materials, v.verdict.Facts.Certificate = v.lots, h.Certificate
	return nil
}

// links reads the exchanges and looks for them in the log. Which of several
// damaged ones is named the paper's order decides, so none is refused here.
func (v *verification) links() []pedigree.Link {
	var links []pedigree.Link
	for i := range v.bundle.Exchanges {
		x := &v.bundle.Exchanges[i]
		link, leaf, err := x.link(v.trust.ChainID)
		if err != nil {
			links = append(links, pedigree.Link{Type: x.Type, Err: err})
			continue
		}
		links = append(links, *link)
		v.leaves = append(v.leaves, leaf)
		v.verdict.Facts.Exchanges = append(v.verdict.Facts.Exchanges, Step{
			link.Message.Claims.Type, link.Message.Claims.Issuer, link.Message.Claims.Audience, link.Anchored,
		})
	}
	if len(v.leaves) > 0 {
		v.logged = merkle.VerifyMulti(v.leaves, v.bundle.Root.LogSize, v.bundle.Log, v.bundle.Root.LogRoot)
	}
	return links
}

func (v *verification) holder(kid canon.Digest) (envelope.Holder, error) {
	h, ok := v.holders[kid]
	if !ok {
		return envelope.Holder{}, envelope.ErrUnknownKey
	}
	h.Key = h.Key.Trusting(v.ahead.verified)
	return h, nil
}

func (v *verification) member(gln string) (*chain.Member, error) {
	m, ok := v.members[gln]
	if !ok {
		return nil, fmt.Errorf("%w: no member %s in the evidence", ErrLedger, gln)
	}
	return m, nil
}

// log verifies that the log holds every exchange, as its leaf says.
func (v *verification) log() error {
	if len(v.leaves) == 0 {
		if len(v.bundle.Log) > 0 {
			return fail(StepLedger, fmt.Errorf("%w: a proof of nothing", ErrLedger))
		}
		return nil
	}
	if v.logged != nil {
		return fail(StepLedger, fmt.Errorf("%w: exchanges: %w", ErrLedger, v.logged))
	}
	v.pass(StepLedger, "%d exchanges are leaves of the log", len(v.leaves))
	return nil
}

// made verifies the event that turned the material into the batch.
func (v *verification) made() error {
	r := &v.batch.Release
	if r.Certificate == "" {
		return nil
	}
	if canon.Sum(v.bundle.Transformation) != r.Transformation {
		return fail(StepBatch, fmt.Errorf("%w: it is not the event of the batch record", ErrTransformation))
	}
	event, err := epcis.ReadTransformation(v.bundle.Transformation)
	if err != nil {
		return fail(StepBatch, fmt.Errorf("%w: %w", ErrTransformation, err))
	}
	if event.Output != (gs1.LGTIN{GTIN: r.GTIN, Lot: r.Lot}) || len(event.Inputs) == 0 {
		return fail(StepBatch, fmt.Errorf("%w: it makes %s", ErrTransformation, event.Output))
	}
	for _, in := range event.Inputs {
		if !slices.Contains(v.lots, in) {
			return fail(StepBatch, fmt.Errorf("%w: %s was not supplied for it", ErrTransformation, in))
		}
	}
	v.pass(StepBatch, "lot %s was made of %d lots of material", r.Lot, len(event.Inputs))
	return nil
}
