package supply

import (
	"context"
	"fmt"
	"mime"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/audit"
)

// Anchor puts the digest of a document that stays here on the ledger, once:
// asked again for the same, it is found.
func (d *Desk) Anchor(ctx context.Context, digest canon.Digest, media string) (*api.Done, error) {
	done, err := d.vouch(ctx, digest, media)
	d.record(ctx, audit.Operator, "anchor", digest.String(), err)
	return done, err
}

func (d *Desk) vouch(ctx context.Context, digest canon.Digest, media string) (*api.Done, error) {
	if digest.IsZero() {
		return nil, fmt.Errorf("%w: a digest of zeros is of nothing", ErrRequest)
	}
	if _, _, err := mime.ParseMediaType(media); err != nil || len(media) > maxMedia {
		return nil, fmt.Errorf("%w: media type %.100q", ErrRequest, media)
	}
	return d.Submit(ctx, chain.KindEvidence, named("anchor", digest[:], []byte(media)), chain.Evidence{Digest: digest, Media: media})
}

// maxMedia is what the ledger takes.
const maxMedia = 255

// Anchors returns who put the digest of a document on the ledger, and when, or
// ErrUnknown.
func (d *Desk) Anchors(digest canon.Digest) ([]api.Anchored, error) {
	var out []api.Anchored
	prefix := chain.EvidenceKey(digest, "")
	for key, value := range d.Records.Records(prefix) {
		var e chain.EvidenceAnchor
		if err := canon.DecodeCBOR(value, &e); err != nil {
			return nil, err
		}
		out = append(out, api.Anchored{GLN: string(key[len(prefix):]), Index: e.Index, Media: e.Media, Time: e.At})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("evidence %s: %w", digest, ErrUnknown)
	}
	return out, nil
}
