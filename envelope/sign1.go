package envelope

import (
	"bytes"
	"crypto"
	"fmt"

	"theriac/canon"
)

// A Sign1 is a parsed COSE_Sign1 (RFC 9052 section 4.2) over any payload: a
// ledger transaction is one that is not an envelope.
type Sign1 struct {
	Payload   []byte
	Signature Signature
}

// sign1 is the untagged message. The unprotected header is always empty: what
// is not signed has no business here.
type sign1 struct {
	_           struct{} `cbor:",toarray"`
	Protected   []byte
	Unprotected struct{}
	Payload     []byte
	Signature   []byte
}

// protected is the header: alg (−7 is ES256), kid, typ (RFC 9596).
type protected struct {
	Algorithm int    `cbor:"1,keyasint"`
	KeyID     []byte `cbor:"4,keyasint"`
	Type      string `cbor:"16,keyasint"`
}

func sign1Header(typ string, kid canon.Digest) ([]byte, error) {
	return canon.CBOR(protected{Algorithm: -7, KeyID: kid[:], Type: typ})
}

// toSign returns the digest of the Sig_structure of RFC 9052 section 4.4.
func toSign(header, payload []byte) (canon.Digest, error) {
	raw, err := canon.CBOR(struct {
		_         struct{} `cbor:",toarray"`
		Context   string
		Protected []byte
		External  []byte
		Payload   []byte
	}{Context: "Signature1", Protected: header, External: []byte{}, Payload: payload})
	return canon.Sum(raw), err
}

// SignSign1 signs payload under the media type typ and returns the COSE_Sign1.
func SignSign1(s crypto.Signer, typ string, payload []byte) ([]byte, error) {
	key, err := KeyOf(s)
	if err != nil {
		return nil, err
	}
	header, err := sign1Header(typ, key.ID())
	if err != nil {
		return nil, err
	}
	digest, err := toSign(header, payload)
	if err != nil {
		return nil, err
	}
	sig, err := SignDigest(s, digest)
	if err != nil {
		return nil, err
	}
	return canon.CBOR(sign1{Protected: header, Payload: payload, Signature: sig})
}

// ParseSign1 reads a COSE_Sign1 of this media type. Its protected header must
// be, byte for byte, the one that SignSign1 writes for the kid it names.
func ParseSign1(raw []byte, typ string) (*Sign1, error) {
	var m sign1
	if err := canon.DecodeCBOR(raw, &m); err != nil {
		return nil, fmt.Errorf("COSE_Sign1: %w", err)
	}
	var h protected
	if err := canon.DecodeCBOR(m.Protected, &h); err != nil {
		return nil, fmt.Errorf("COSE header: %w", err)
	}
	if len(h.KeyID) != len(canon.Digest{}) || len(m.Signature) != SignatureSize || m.Payload == nil {
		return nil, fmt.Errorf("COSE header or signature: %w", canon.ErrNotCanonical)
	}
	kid := canon.Digest(h.KeyID)
	want, err := sign1Header(typ, kid)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(m.Protected, want) {
		return nil, fmt.Errorf("COSE header: %w", canon.ErrNotCanonical)
	}
	digest, err := toSign(m.Protected, m.Payload)
	if err != nil {
		return nil, err
	}
	return &Sign1{m.Payload, Signature{kid, digest, [SignatureSize]byte(m.Signature)}}, nil
}
