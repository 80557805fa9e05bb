package packstore

import (
	"fmt"

	"theriac/canon"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/merkle"
	"theriac/pedigree"
)

// version is the format of the files.
const version = 1

// maxSerial is the length of the longest serial number (AI 21).
const maxSerial = 20

// Facts are what a batch's release says of its packs.
type Facts struct {
	ID     canon.Digest `cbor:"1,keyasint"` // chain.BatchID
	GTIN   gs1.GTIN     `cbor:"2,keyasint"`
	Lot    gs1.Lot      `cbor:"3,keyasint"`
	Expiry string       `cbor:"4,keyasint"` // YYYY-MM-DD
	Size   uint64       `cbor:"5,keyasint"`
	Root   merkle.Hash  `cbor:"6,keyasint"`
}

// meta is the record in a batch's folder. All but Mark is checked against the
// tree when the batch is opened.
type meta struct {
	Version uint64 `cbor:"1,keyasint"`
	Facts   Facts  `cbor:"2,keyasint"`
	Width   uint64 `cbor:"3,keyasint"` // bytes of a serial number in its file
	// Mark tells a wrong secret from damage. The secret has 256 bits, so its
	// hash tells nothing else.
	Mark canon.Digest `cbor:"4,keyasint"`
}

func mark(secret pedigree.BatchSecret) canon.Digest {
	return canon.Hash("theriac/packstore/1", secret[:])
}

// decodeMeta returns ErrCorrupt for what Build would not have written.
func decodeMeta(raw []byte) (meta, error) {
	var m meta
	if err := canon.DecodeCBOR(raw, &m); err != nil {
		return meta{}, fmt.Errorf("%w: %s: %w", ErrCorrupt, metaFile, err)
	}
	if m.Version != version {
		return meta{}, fmt.Errorf("%w: %s has version %d, not %d", ErrCorrupt, metaFile, m.Version, version)
	}
	if err := m.Facts.check(); err != nil {
		return meta{}, fmt.Errorf("%w: %s: %w", ErrCorrupt, metaFile, err)
	}
	if m.Width == 0 || m.Width > maxSerial {
		return meta{}, fmt.Errorf("%w: %s has serial numbers of %d characters", ErrCorrupt, metaFile, m.Width)
	}
	return m, nil
}

// check returns why the ledger would not have the batch, or nil.
func (f *Facts) check() error {
	if err := (gs1.LGTIN{GTIN: f.GTIN, Lot: f.Lot}).Check(); err != nil {
		return err
	}
	if _, err := pedigree.Day("expiry", f.Expiry); err != nil {
		return err
	}
	if f.Size == 0 || f.Size > ledger.MaxBatch {
		return fmt.Errorf("%d packs", f.Size)
	}
	return nil
}

// pack returns the opening of the leaf of a serial number.
func (f *Facts) pack(serial gs1.Serial, secret *pedigree.BatchSecret) pedigree.Pack {
	return pedigree.Pack{
		Expiry: f.Expiry, GTIN: f.GTIN, Lot: f.Lot, Salt: secret.Salt(string(serial)), Serial: serial,
	}
}
