package envelope

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"fmt"

	"theriac/canon"
)

// A Sign1 is a parsed COSE_Sign1 (RFC 9052 section 4.2) over any payload: a
// ledger transaction is one that is not an envelope.
type Sign1 struct {
	Payload   []byte // part of what was parsed
	Signature Signature
}

// A ledger parses and rebuilds many of these, and each is four items whose form is
// known, so they are written here without reflection: the shortest heads of
// RFC 8949 section 4.2.1 and nothing else.

// The first byte of an item: its major type, and the number in the low five bits.
const (
	cborBytes = 2 << 5
	cborText  = 3 << 5

	arrayOfFour = 4<<5 | 4
	emptyMap    = 5 << 5
	mapOfThree  = 5<<5 | 3
)

// appendHead writes the head of a byte or text string of n bytes.
func appendHead(b []byte, major byte, n int) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
}

func appendString[T ~[]byte | ~string](b []byte, major byte, s T) []byte {
	return append(appendHead(b, major, len(s)), s...)
}

// cutBytes reads a byte string with the shortest head; rest is nil if there is none.
func cutBytes(b []byte) (s, rest []byte) {
	if len(b) == 0 || b[0]&0xe0 != cborBytes {
		return nil, nil
	}
	size, n := 0, int(b[0]&0x1f)
	switch {
	case n < 24:
	case n == 24 && len(b) > 1:
		size, n = 1, int(b[1])
	case n == 25 && len(b) > 2:
		size, n = 2, int(binary.BigEndian.Uint16(b[1:]))
	case n == 26 && len(b) > 4:
		size, n = 4, int(binary.BigEndian.Uint32(b[1:]))
	default:
		return nil, nil
	}
	from := 1 + size
	if len(appendHead(make([]byte, 0, 5), cborBytes, n)) != from || n > len(b)-from {
		return nil, nil
	}
	return b[from : from+n], b[from+n:]
}

// headerStart is the protected header up to the kid: alg (−7 is ES256), kid.
var headerStart = [...]byte{mapOfThree, 1, 0x26, 4, cborBytes | 24, 32}

// sign1Header returns the protected header: alg, kid, typ (RFC 9596).
func sign1Header(typ string, kid canon.Digest) []byte {
	b := make([]byte, 0, len(headerStart)+len(kid)+4+len(typ))
	b = append(append(append(b, headerStart[:]...), kid[:]...), 16)
	return appendString(b, cborText, typ)
}

// toSign returns the digest of the Sig_structure of RFC 9052 section 4.4.
func toSign(header, payload []byte) canon.Digest {
	b := make([]byte, 0, 32+len(header)+len(payload))
	b = appendString(append(b, arrayOfFour), cborText, "Signature1")
	b = appendString(b, cborBytes, header)
	b = appendHead(b, cborBytes, 0) // nothing external
	return canon.Sum(appendString(b, cborBytes, payload))
}

// sign1 returns the untagged message. The unprotected header is always empty: what
// is not signed has no business here.
func sign1(header, payload, sig []byte) []byte {
	b := make([]byte, 0, 16+len(header)+len(payload)+len(sig))
	b = appendString(append(b, arrayOfFour), cborBytes, header)
	b = appendString(append(b, emptyMap), cborBytes, payload)
	return appendString(b, cborBytes, sig)
}

// SignSign1 signs payload under the media type typ and returns the COSE_Sign1.
func SignSign1(s crypto.Signer, typ string, payload []byte) ([]byte, error) {
	key, err := KeyOf(s)
	if err != nil {
		return nil, err
	}
	header := sign1Header(typ, key.ID())
	sig, err := SignDigest(s, toSign(header, payload))
	if err != nil {
		return nil, err
	}
	return sign1(header, payload, sig), nil
}

// ParseSign1 reads a COSE_Sign1 of this media type. Its protected header must
// be, byte for byte, the one that SignSign1 writes for the kid it names.
func ParseSign1(raw []byte, typ string) (*Sign1, error) {
	b, _ := bytes.CutPrefix(raw, []byte{arrayOfFour})
	if len(b) == len(raw) {
		return nil, fmt.Errorf("COSE_Sign1: %w", canon.ErrNotCanonical)
	}
	header, b := cutBytes(b)
	if len(b) == 0 || b[0] != emptyMap {
		return nil, fmt.Errorf("COSE_Sign1: %w", canon.ErrNotCanonical)
	}
	payload, b := cutBytes(b[1:])
	sig, b := cutBytes(b)
	if b == nil || len(b) > 0 || len(sig) != SignatureSize || len(header) < len(headerStart)+len(canon.Digest{}) {
		return nil, fmt.Errorf("COSE_Sign1: %w", canon.ErrNotCanonical)
	}
	kid := canon.Digest(header[len(headerStart):])
	if !bytes.Equal(header, sign1Header(typ, kid)) {
		return nil, fmt.Errorf("COSE header: %w", canon.ErrNotCanonical)
	}
	return &Sign1{payload, Signature{kid, toSign(header, payload), [SignatureSize]byte(sig)}}, nil
}
