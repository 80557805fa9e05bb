package supply

import (
	"context"
	"fmt"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/pedigree"
)

// A DossierDraft is what a manufacturer hands in for approval.
type DossierDraft struct {
	Product   string
	GTINs     []gs1.GTIN
	Materials []gs1.LGTIN
	Documents []pedigree.Document
}

// SubmitDossier seals the documents to the drug administration and sends the
// dossier (exchange 3).
func (d *Desk) SubmitDossier(ctx context.Context, id canon.ID, draft Draft, v DossierDraft) (*Message, error) {
	if len(v.Documents) == 0 {
		return nil, fmt.Errorf("%w: a dossier has documents", ErrRequest)
	}
	to, err := d.Member(draft.To)
	if err != nil {
		return nil, fmt.Errorf("receiver %q: %w", draft.To, err)
	}
	sealed, err := pedigree.SealDossier(v.Documents, d.GLN, to.GLN, to.SealKey)
	if err != nil {
		return nil, err
	}
	return d.Send(ctx, id, draft, &pedigree.Dossier{
		Documents: pedigree.DocumentsRoot(v.Documents), GTINs: v.GTINs, Materials: v.Materials,
		Product: v.Product, Sealed: sealed,
	})
}

// An Approval is what a drug administration decides to certify of a dossier.
type Approval struct {
	Form         string
	GTINs        []gs1.GTIN // of the dossier; none: all of them
	Markets      []string
	Name         string
	NationalCode string
	Number       string
	Sites        []gs1.GLN
	Strength     string
	Substance    string
	From, Until  time.Time
}

// Approve answers a dossier with a certificate (exchange 4 with Cert_D).
func (d *Desk) Approve(ctx context.Context, id canon.ID, dossier canon.Digest, a Approval) (*Message, error) {
	asked, content, err := d.dossier(ctx, dossier)
	if err != nil {
		return nil, err
	}
	if len(a.GTINs) == 0 {
		a.GTINs = content.GTINs
	}
	c := pedigree.NewCredential(d.Chain, d.GLN, pedigree.Authorisation{
		Dossier: content.Documents, Form: a.Form, GTINs: a.GTINs, Holder: gs1.GLN(asked.Issuer), Markets: a.Markets,
		Name: a.Name, NationalCode: a.NationalCode, Number: a.Number, Sites: a.Sites, Strength: a.Strength, Substance: a.Substance,
	}, a.From.Truncate(time.Second), a.Until.Truncate(time.Second))
	signer, err := d.Keys.Signer()
	if err != nil {
		return nil, err
	}
	cert, err := c.Sign(signer)
	if err != nil {
		return nil, err
	}
	if _, err := pedigree.ParseCertificate(d.Chain, cert); err != nil {
		return nil, err
	}
	return d.Send(ctx, id, Draft{To: asked.Issuer, Prev: []canon.Digest{dossier}},
		&pedigree.Decision{Certificate: cert, Decision: pedigree.Approved})
}

// Answer answers a dossier with a refusal or a question (exchange 4).
func (d *Desk) Answer(ctx context.Context, id canon.ID, dossier canon.Digest, decision, reasons string) (*Message, error) {
	asked, _, err := d.dossier(ctx, dossier)
	if err != nil {
		return nil, err
	}
	return d.Send(ctx, id, Draft{To: asked.Issuer, Prev: []canon.Digest{dossier}},
		&pedigree.Decision{Decision: decision, Reasons: reasons})
}

func (d *Desk) dossier(ctx context.Context, bc canon.Digest) (*Message, *pedigree.Dossier, error) {
	m, err := d.Archive.ByDigest(ctx, bc)
	if err != nil {
		return nil, nil, err
	}
	content, err := pedigree.Read(m.Type, m.Body)
	if err != nil {
		return nil, nil, err
	}
	dossier, ok := content.(*pedigree.Dossier)
	if !ok || m.Audience != d.GLN {
		return nil, nil, fmt.Errorf("%w: %s is no dossier to this organisation", ErrRequest, bc)
	}
	return m, dossier, nil
}

// OpenDossier returns the documents of a dossier that came to this organisation.
func (d *Desk) OpenDossier(ctx context.Context, bc canon.Digest) ([]pedigree.Document, error) {
	m, dossier, err := d.dossier(ctx, bc)
	if err != nil {
		return nil, err
	}
	key, err := d.Keys.SealKey()
	if err != nil {
		return nil, err
	}
	return pedigree.OpenDossier(dossier, m.Issuer, d.GLN, key)
}

// Parcel returns packs of a batch as a distribution or dispatch names them, with
// what the ledger has of the batch.
func (d *Desk) Parcel(batch canon.Digest, ranges []chain.Range) (pedigree.Parcel, error) {
	b, err := state[chain.Batch](d, chain.BatchKey(batch))
	if err != nil {
		return pedigree.Parcel{}, fmt.Errorf("batch %s: %w", batch, err)
	}
	r := &b.Release
	return pedigree.Parcel{Batch: batch, Expiry: r.Expiry, GTIN: r.GTIN, Lot: r.Lot, Ranges: ranges}, nil
}
