package envelope

import (
	"theriac/canon"
)

// AssembleSign1 puts a COSE_Sign1 together from its parts, as SignSign1 wrote it,
// so that evidence need not carry a message twice.
func AssembleSign1(kid canon.Digest, typ string, payload []byte, sig [SignatureSize]byte) (raw []byte, m *Sign1) {
	header := sign1Header(typ, kid)
	return sign1(header, payload, sig[:]), &Sign1{payload, Signature{kid, toSign(header, payload), sig}}
}
