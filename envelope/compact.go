package envelope

import (
	"bytes"
	"crypto"
	"fmt"

	"theriac/canon"
)

// A Compact is a parsed JWS in compact form over any payload: a certificate is
// one that is not an envelope.
type Compact struct {
	Payload   []byte
	Signature Signature
}

// SignCompact signs payload under the media type typ and returns the compact JWS.
func SignCompact(s crypto.Signer, typ string, payload []byte) ([]byte, error) {
	key, err := KeyOf(s)
	if err != nil {
		return nil, err
	}
	raw := canon.Text(jwsHeader(typ, key.ID())) + "." + canon.Text(payload)
	sig, err := SignDigest(s, canon.Sum([]byte(raw)))
	if err != nil {
		return nil, err
	}
	return []byte(raw + "." + canon.Text(sig)), nil
}

// kidOffset is where the 43 characters of the kid start in the decoded header.
const kidOffset = len(`{"alg":"ES256","kid":"`)

// ParseCompact reads a compact JWS of this media type. The header must be, byte
// for byte, the one that SignCompact writes for the kid it names: the algorithm
// list has one entry, and headers such as jwk, x5u or crit have no place to stand.
func ParseCompact(raw []byte, typ string) (*Compact, error) {
	parts := bytes.SplitN(raw, []byte("."), 4)
	if len(parts) != 3 {
		return nil, fmt.Errorf("JWS of %d parts: %w", len(parts), canon.ErrNotCanonical)
	}
	var plain [3][]byte
	for i, p := range parts {
		b, err := canon.ParseText(p)
		if err != nil {
			return nil, fmt.Errorf("JWS part %d: %w", i+1, err)
		}
		plain[i] = b
	}
	if len(plain[0]) < kidOffset+43 || len(plain[2]) != SignatureSize {
		return nil, fmt.Errorf("JWS header or signature: %w", canon.ErrNotCanonical)
	}
	kid, err := canon.ParseDigest(string(plain[0][kidOffset : kidOffset+43]))
	if err != nil {
		return nil, fmt.Errorf("JWS key: %w", err)
	}
	if !bytes.Equal(plain[0], jwsHeader(typ, kid)) {
		return nil, fmt.Errorf("JWS header: %w", canon.ErrNotCanonical)
	}
	signed := raw[:len(parts[0])+1+len(parts[1])]
	return &Compact{plain[1], Signature{kid, canon.Sum(signed), [SignatureSize]byte(plain[2])}}, nil
}
