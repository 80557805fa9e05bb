package pedigree

import (
	"crypto/ecdh"
	"crypto/hpke"
	"fmt"

	"theriac/canon"
	"theriac/merkle"
	"theriac/refusal"
)

// ErrSealed is returned for a sealed dossier that does not open, or opens to
// other documents than its root names.
var ErrSealed = refusal.New("bad_dossier", "the sealed documents do not open to what was signed")

// A Document is part of a dossier: trial data, medicinal properties.
type Document struct {
	Bytes []byte `cbor:"1,keyasint"`
	Media string `cbor:"2,keyasint"`
	Name  string `cbor:"3,keyasint"`
}

// DocumentsRoot returns the RFC 9162 root over the documents in their order.
func DocumentsRoot(docs []Document) canon.Digest {
	var t merkle.Builder
	for _, d := range docs {
		t.Append(merkle.LeafHash(canon.Encode("theriac/document/1", []byte(d.Name), []byte(d.Media), d.Bytes)))
	}
	return t.Root()
}

// sealInfo binds a sealed dossier to who sent what to whom, so that it opens in
// no other message.
func sealInfo(from, to string, root canon.Digest) []byte {
	return canon.Encode("theriac/dossier/1", []byte(from), []byte(to), root[:])
}

// SealDossier encrypts the documents to the drug administration's seal key, an
// uncompressed P-256 point (HPKE base mode, RFC 9180: DHKEM(P-256), HKDF-SHA256,
// AES-256-GCM). The signature around it authenticates the sender.
func SealDossier(docs []Document, from, to string, point []byte) (canon.Bytes, error) {
	pub, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, fmt.Errorf("seal key of %s: %w", to, err)
	}
	pk, err := hpke.NewDHKEMPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("seal key of %s: %w", to, err)
	}
	plain, err := canon.CBOR(docs)
	if err != nil {
		return nil, err
	}
	return hpke.Seal(pk, hpke.HKDFSHA256(), hpke.AES256GCM(), sealInfo(from, to, DocumentsRoot(docs)), plain)
}

// OpenDossier decrypts the documents of a dossier and returns ErrSealed unless
// they are those that its root names.
func OpenDossier(d *Dossier, from, to string, key hpke.PrivateKey) ([]Document, error) {
	plain, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), sealInfo(from, to, d.Documents), d.Sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	var docs []Document
	if err := canon.DecodeCBOR(plain, &docs); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	if DocumentsRoot(docs) != d.Documents {
		return nil, ErrSealed
	}
	return docs, nil
}
