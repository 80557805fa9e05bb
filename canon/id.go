package canon

import "fmt"

// An ID is an identifier of 128 random bits. Its text form is unpadded
// base64url, 22 characters.
type ID [16]byte

// String returns the text form.
func (id ID) String() string { return Text(id[:]) }

// MarshalText returns the text form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the text form; it returns ErrNotCanonical for anything else.
func (id *ID) UnmarshalText(text []byte) error {
	b, err := ParseText(string(text))
	if err != nil {
		return err
	}
	if len(b) != len(id) {
		return fmt.Errorf("identifier of %d bytes: %w", len(b), ErrNotCanonical)
	}
	copy(id[:], b)
	return nil
}

// Bytes are bytes whose text form is unpadded base64url.
type Bytes []byte

// MarshalText returns the text form.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(Text(b)), nil }

// UnmarshalText reads the text form; it returns ErrNotCanonical for anything else.
func (b *Bytes) UnmarshalText(text []byte) error {
	raw, err := ParseText(string(text))
	*b = raw
	return err
}
