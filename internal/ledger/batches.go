package ledger

import (
	"fmt"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/pedigree"
)

// MaxBatch is the largest number of packs in a batch.
const MaxBatch = 1 << 32

// batchRelease enters the record of a lot, with a certificate and materials, or
// as captured from somebody's document.
func (t *tx) batchRelease() error {
	var r chain.BatchRelease
	if err := t.body(&r); err != nil {
		return err
	}
	if err := t.wellFormed(&r); err != nil {
		return err
	}
	id := chain.BatchID(t.Sender, r.GTIN, r.Lot)
	exists, err := t.Get(chain.BatchKey(id))
	if err != nil {
		return err
	}
	if exists != nil {
		return fmt.Errorf("%w: %s lot %s", ErrBatchExists, r.GTIN, r.Lot)
	}
	if r.Certificate == "" {
		err = t.capturedBatch(&r)
	} else {
		err = t.madeBatch(&r)
	}
	if err != nil {
		return err
	}
	t.tag("batch", id)
	t.tag("gtin", r.GTIN)
	return t.put(chain.BatchKey(id), &chain.Batch{
		Release: r, Holder: t.Sender, At: t.now, Index: t.index, Status: chain.Released, Since: t.now, By: t.Sender,
	})
}

func (t *tx) wellFormed(r *chain.BatchRelease) error {
	refuse := func(why any) error { return fmt.Errorf("%w: %v", ErrBatch, why) }
	if err := (gs1.LGTIN{GTIN: r.GTIN, Lot: r.Lot}).Check(); err != nil {
		return refuse(err)
	}
	if _, err := pedigree.Day("expiry", r.Expiry); err != nil {
		return refuse(err)
	}
	switch {
	case r.Size == 0 || r.Size > MaxBatch:
		return refuse(fmt.Sprintf("%d packs", r.Size))
	case r.Root.IsZero():
		return refuse("no root")
	case r.Initial != chain.UnitActive && r.Initial != chain.UnitInactive:
		return refuse("packs begin active or inactive")
	}
	return nil
}

// madeBatch checks what a manufacturer releases: a valid certificate that lists
// the product, raw material supplied to it, and the event that turned one into
// the other (missing in the paper; without it nothing leads from raw material
// to pack).
func (t *tx) madeBatch(r *chain.BatchRelease) error {
	if !t.sender.Is(chain.Manufacturer) {
		return pedigree.ErrRole
	}
	cert, err := t.validCertificate(r.Certificate, t.Sender)
	if err != nil {
		return err
	}
	listed := false
	for _, g := range cert.GTINs {
		listed = listed || g == r.GTIN
	}
	switch {
	case !listed:
		return fmt.Errorf("%w: %s", pedigree.ErrNotCertified, r.GTIN)
	case !t.sender.Licensed(r.GTIN):
		return fmt.Errorf("%w: %s", ErrLicence, r.GTIN)
	case len(r.Materials) == 0 || len(r.Materials) > 64 || r.Transformation.IsZero() || !r.Evidence.IsZero():
		return fmt.Errorf("%w: materials and transformation are missing", ErrBatch)
	}
	if t.afterDay(r.Expiry) {
		return ErrExpired
	}
	for i, bc := range r.Materials {
		var supply chain.Anchor
		ok, err := read(t, chain.ExchangeKey(bc), &supply)
		if err != nil {
			return err
		}
		if !ok || supply.Type != pedigree.TypeMaterialSupply || supply.Audience != t.Sender {
			return fmt.Errorf("%w: %s", ErrMaterial, bc)
		}
		for _, other := range r.Materials[:i] {
			if other == bc {
				return fmt.Errorf("%w: a supply is named twice", ErrBatch)
			}
		}
	}
	return nil
}

// capturedBatch checks what a member found in a document: that it anchored it, and
// that the product is not another's who has it certified here. Else a pack could
// go out twice, once in the record of its maker and once in this one.
func (t *tx) capturedBatch(r *chain.BatchRelease) error {
	if r.Evidence.IsZero() || len(r.Materials) > 0 || !r.Transformation.IsZero() {
		return fmt.Errorf("%w: a batch without certificate names its document only", ErrBatch)
	}
	exists, err := t.Get(chain.EvidenceKey(r.Evidence, t.Sender))
	if err != nil {
		return err
	}
	if exists == nil {
		return ErrEvidence
	}
	var p chain.Product
	ok, err := read(t, chain.ProductKey(r.GTIN), &p)
	if err != nil {
		return err
	}
	if ok && p.Holder != t.Sender {
		return fmt.Errorf("%w: %s", ErrProductTaken, r.GTIN)
	}
	t.tag("evidence", r.Evidence)
	return nil
}

// afterDay reports whether the block is after the last day of use.
func (t *tx) afterDay(expiry string) bool {
	day, err := time.Parse(time.DateOnly, expiry)
	return err != nil || t.now >= chain.Millis(day.AddDate(0, 0, 1))
}

func (t *tx) batch(id canon.Digest) (*chain.Batch, error) {
	var b chain.Batch
	ok, err := read(t, chain.BatchKey(id), &b)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknownBatch, id)
	}
	return &b, nil
}

// marketable returns an error unless batch and product are released, the batch
// has not expired, and its certificate, if it has one, was not taken back.
func (t *tx) marketable(b *chain.Batch) error {
	if number := b.Release.Certificate; number != "" {
		var cert chain.Certificate
		if _, err := read(t, chain.CertificateKey(number), &cert); err != nil {
			return err
		}
		if cert.Status != chain.CertificateValid {
			return fmt.Errorf("%w: certificate %s is suspended or revoked", pedigree.ErrNotApproved, number)
		}
	}
	if b.Status != chain.Released {
		return fmt.Errorf("%w: lot %s is %s", ErrStopped, b.Release.Lot, b.Status)
	}
	var p chain.Product
	ok, err := read(t, chain.ProductKey(b.Release.GTIN), &p)
	if err != nil {
		return err
	}
	if ok && p.Status != chain.Released {
		return fmt.Errorf("%w: product %s is %s", ErrStopped, p.GTIN, p.Status)
	}
	if t.afterDay(b.Release.Expiry) {
		return fmt.Errorf("%w: on %s", ErrExpired, b.Release.Expiry)
	}
	return nil
}

// recall sets the status of a batch or product.
func (t *tx) recall() error {
	var arg chain.Recall
	if err := t.body(&arg); err != nil {
		return err
	}
	if arg.Status < chain.Released || arg.Status > chain.Withdrawn || len(arg.Reason) > 200 || arg.Batch.IsZero() == (arg.GTIN == "") {
		return ErrStatus
	}
	if arg.GTIN != "" {
		return t.recallProduct(&arg)
	}
	b, err := t.batch(arg.Batch)
	if err != nil {
		return err
	}
	if err := t.mayStop(b.Holder, b.Status, arg.Status, b.By); err != nil {
		return err
	}
	b.Status, b.Since, b.By = arg.Status, t.now, t.Sender
	t.tag("batch", arg.Batch)
	return t.put(chain.BatchKey(arg.Batch), b)
}

func (t *tx) recallProduct(arg *chain.Recall) error {
	var p chain.Product
	ok, err := read(t, chain.ProductKey(arg.GTIN), &p)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%w: product %.14q", ErrUnknownBatch, arg.GTIN)
	}
	if err := t.mayStop(p.Holder, p.Status, arg.Status, p.By); err != nil {
		return err
	}
	p.Status, p.Since, p.By = arg.Status, t.now, t.Sender
	t.tag("gtin", arg.GTIN)
	return t.put(chain.ProductKey(arg.GTIN), &p)
}

// mayStop lets the holder and any administration stop; only who stopped it, or
// an administration, may release again. An administration may put its name to
// what another stopped: else a holder who recalls first could release again.
func (t *tx) mayStop(holder string, was, is chain.MarketStatus, by string) error {
	switch administers := t.sender.Is(chain.Administration); {
	case !administers && t.Sender != holder:
		return ErrIssuer
	case was == is && (is == chain.Released || !administers || t.Sender == by):
		return ErrStatus
	case was != chain.Released && !administers && t.Sender != by:
		return ErrIssuer
	}
	return nil
}

// evidence anchors the digest of a document of the sender.
func (t *tx) evidence() error {
	var arg chain.Evidence
	if err := t.body(&arg); err != nil {
		return err
	}
	if arg.Digest.IsZero() || len(arg.Media) > 255 {
		return fmt.Errorf("%w: digest or media type", ErrEvidence)
	}
	key := chain.EvidenceKey(arg.Digest, t.Sender)
	exists, err := t.Get(key)
	if err != nil {
		return err
	}
	if exists != nil {
		return ErrAnchored
	}
	t.tag("evidence", arg.Digest)
	return t.put(key, &chain.EvidenceAnchor{Media: arg.Media, At: t.now, Index: t.index})
}
