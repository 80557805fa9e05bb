package envelope

import (
	"theriac/canon"
)

// AssembleSign1 puts a COSE_Sign1 together from its parts, as SignSign1 wrote it,
// so that evidence need not carry a message twice.
func AssembleSign1(kid canon.Digest, typ string, payload []byte, sig [SignatureSize]byte) (raw []byte, m *Sign1, err error) {
	header, err := sign1Header(typ, kid)
	if err != nil {
		return nil, nil, err
	}
	digest, err := toSign(header, payload)
	if err != nil {
		return nil, nil, err
	}
	raw, err = canon.CBOR(sign1{Protected: header, Payload: payload, Signature: sig[:]})
	return raw, &Sign1{payload, Signature{kid, digest, sig}}, err
}
