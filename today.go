package theriac

import (
	"fmt"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/epcis"
	"theriac/pedigree"
)

// captured verifies a pack that somebody's document declares: the document is
// the one that was anchored, and it commissions the pack. Nothing proves an
// approval, so this never leads to Genuine.
func (v *verification) captured() error {
	r := &v.batch.Release
	if len(v.bundle.Exchanges) > 0 || v.bundle.Transformation != nil {
		return fail(StepBatch, fmt.Errorf("%w: a history beside the document", ErrBundle))
	}
	if canon.Sum(v.bundle.Document) != r.Evidence {
		return fail(StepBatch, fmt.Errorf("%w: it is not the document of the batch record", ErrCapture))
	}
	var anchor chain.EvidenceAnchor
	if err := v.read(chain.EvidenceKey(r.Evidence, v.batch.Holder), &anchor); err != nil {
		return err
	}
	doc, err := epcis.Parse(v.bundle.Document)
	if err != nil {
		return fail(StepBatch, fmt.Errorf("%w: %w", ErrCapture, err))
	}
	lots, err := epcis.Commissioned(doc)
	if err != nil {
		return fail(StepBatch, fmt.Errorf("%w: %w", ErrCapture, err))
	}
	for _, l := range lots {
		if l.GTIN != r.GTIN || l.Lot != r.Lot || string(l.Expiry) != r.Expiry {
			continue
		}
		for _, p := range l.Packs {
			if p.Serial == v.bundle.Pack.Pack.Serial {
				v.pass(StepBatch, "document anchored at %s commissions the pack", chain.Time(anchor.At).Format(time.RFC3339))
				return nil
			}
		}
	}
	return fail(StepBatch, fmt.Errorf("%w: it does not commission %s", ErrCapture, v.bundle.Pack.Pack.Serial))
}

// today verifies what may change: recall, expiry, and the state of the pack.
func (v *verification) today() error {
	r := &v.batch.Release
	if v.batch.Status != chain.Released {
		return fail(StepBatch, fmt.Errorf("%w: lot %s is %s since %s", ErrRecalled, r.Lot, v.batch.Status,
			chain.Time(v.batch.Since).Format(time.RFC3339)))
	}
	var product chain.Product
	found, err := v.maybe(chain.ProductKey(r.GTIN), &product)
	if err != nil {
		return err
	}
	if found && product.Status != chain.Released {
		return fail(StepBatch, fmt.Errorf("%w: product %s is %s since %s", ErrRecalled, r.GTIN, product.Status,
			chain.Time(product.Since).Format(time.RFC3339)))
	}
	day, err := pedigree.Day("expiry", r.Expiry)
	if err != nil {
		return fail(StepBatch, err)
	}
	past := !v.now.Before(day.AddDate(0, 0, 1))
	switch {
	case past && r.Certificate == "":
		// What a document declares decides nothing, neither that the pack is good nor
		// that it is bad; who reads the verdict is told.
		v.verdict.Checks = append(v.verdict.Checks, Check{StepPack, fmt.Sprintf("%v: on %s", ErrPastExpiry, r.Expiry), false})
	case past:
		return fail(StepPack, fmt.Errorf("%w: on %s", ErrPastExpiry, r.Expiry))
	default:
		v.pass(StepBatch, "not recalled, in date until %s", r.Expiry)
	}
	switch v.unit {
	case chain.UnitActive:
		v.pass(StepPack, "the pack is active, in the custody of %s", v.verdict.Facts.Custodian)
		return nil
	case chain.UnitDispensed:
		return fail(StepPack, ErrAlreadyDispensed)
	}
	return fail(StepPack, fmt.Errorf("%w: it is %s", ErrNotActive, v.unit))
}

// skew is how far a verifier's clock may be behind the validators'.
const skew = 5 * time.Minute

// fresh compares the age of the evidence with what the trust root allows, and
// says what a captured pack comes to.
func (v *verification) fresh() error {
	age := v.now.Sub(v.verdict.BlockTime)
	if limit := v.trust.maxAge(); age > limit {
		return &failed{StepLedger, CannotCheck, fmt.Errorf("%w: block of %s, at most %s", ErrTooOld, v.verdict.BlockTime.Format(time.RFC3339), limit)}
	}
	// Not -age > skew: the least duration, which stands for 292 years and more, is its
	// own negative.
	if age < -skew {
		return &failed{StepLedger, CannotCheck, fmt.Errorf("%w: block of %s", ErrClock, v.verdict.BlockTime.Format(time.RFC3339))}
	}
	v.pass(StepLedger, "the evidence is %s old", age.Round(time.Second))
	if v.batch.Release.Certificate == "" {
		return &failed{pedigree.StepApproval, Captured, ErrUnapproved}
	}
	return nil
}
