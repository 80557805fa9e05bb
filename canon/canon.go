// Package canon is the one canonical byte encoding that everything hashed or
// signed in Theriac goes through.
//
// Three forms, one rule. The rule: a value has exactly one encoding, and a
// decoder refuses every other.
//
//   - Encode and Hash: a domain tag and a list of byte fields, each preceded by
//     its length as four bytes, big endian. The tag keeps a digest made for one
//     purpose from serving another; the lengths keep bytes from moving between
//     neighbouring fields (the ambiguity of the papers' h(a, b, c)).
//   - JSON and DecodeJSON: RFC 8785 (JCS), for what people and JOSE tools read.
//   - CBOR and DecodeCBOR: RFC 8949 section 4.2.1 core deterministic encoding,
//     for what devices and the ledger read.
//
// The package does no I/O.
package canon

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrNotCanonical is returned for bytes that are not the canonical encoding of
// the value they hold, or hold no such value at all.
var ErrNotCanonical = errors.New("canon: not canonical")

// A Digest is a SHA-256 digest (32 bytes). Its text form is unpadded base64url,
// 43 characters.
type Digest [32]byte

// Encode returns the canonical encoding of fields under the domain tag: the tag
// and every field, each preceded by its length (4 bytes, big endian).
func Encode(tag string, fields ...[]byte) []byte {
	n := 4 + len(tag)
	for _, f := range fields {
		n += 4 + len(f)
	}
	out := make([]byte, 0, n)
	out = binary.BigEndian.AppendUint32(out, uint32(len(tag)))
	out = append(out, tag...)
	for _, f := range fields {
		out = binary.BigEndian.AppendUint32(out, uint32(len(f)))
		out = append(out, f...)
	}
	return out
}

// Hash returns SHA-256 over Encode(tag, fields...).
func Hash(tag string, fields ...[]byte) Digest { return sha256.Sum256(Encode(tag, fields...)) }

// Sum returns SHA-256 over b, for bytes that carry their own domain (a signed
// message, a document from outside).
func Sum(b []byte) Digest { return sha256.Sum256(b) }

// strict refuses padding and stray bits in the last character, so that a digest
// has one text form.
var strict = base64.RawURLEncoding.Strict()

// Text returns b as unpadded base64url.
func Text(b []byte) string { return strict.EncodeToString(b) }

// ParseText returns the bytes of an unpadded base64url text, or ErrNotCanonical
// for any text that Text would not have written.
func ParseText[T ~string | ~[]byte](s T) ([]byte, error) {
	b, err := strict.AppendDecode(make([]byte, 0, strict.DecodedLen(len(s))), []byte(s))
	// The decoder skips line breaks; counting again finds them.
	if err != nil || strict.EncodedLen(len(b)) != len(s) {
		return nil, fmt.Errorf("base64url text: %w", ErrNotCanonical)
	}
	return b, nil
}

// parseInto reads the text of as many bytes as into has, at most 32, and writes
// none of them if it is another text.
func parseInto(into []byte, text []byte) error {
	var plain [32]byte
	if len(text) != strict.EncodedLen(len(into)) {
		return fmt.Errorf("text of %d characters for %d bytes: %w", len(text), len(into), ErrNotCanonical)
	}
	if n, err := strict.Decode(plain[:], text); err != nil || n != len(into) {
		return fmt.Errorf("base64url text: %w", ErrNotCanonical)
	}
	copy(into, plain[:])
	return nil
}

// ParseDigest returns the digest that the 43 characters of s name, or ErrNotCanonical.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	return d, d.UnmarshalText([]byte(s))
}

// String returns the 43-character text form.
func (d Digest) String() string { return Text(d[:]) }

// IsZero reports whether d is the zero value, which no hash produces.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText returns the text form.
func (d Digest) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// AppendText appends the text form.
func (d Digest) AppendText(b []byte) ([]byte, error) { return strict.AppendEncode(b, d[:]), nil }

// UnmarshalText reads the text form; it returns ErrNotCanonical for anything else.
func (d *Digest) UnmarshalText(text []byte) error { return parseInto(d[:], text) }
