package canon

// An ID is an identifier of 128 random bits. Its text form is unpadded
// base64url, 22 characters.
type ID [16]byte

// String returns the text form.
func (id ID) String() string { return Text(id[:]) }

// MarshalText returns the text form.
func (id ID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// AppendText appends the text form.
func (id ID) AppendText(b []byte) ([]byte, error) { return strict.AppendEncode(b, id[:]), nil }

// UnmarshalText reads the text form; it returns ErrNotCanonical for anything else.
func (id *ID) UnmarshalText(text []byte) error { return parseInto(id[:], text) }

// Bytes are bytes whose text form is unpadded base64url.
type Bytes []byte

// MarshalText returns the text form.
func (b Bytes) MarshalText() ([]byte, error) { return b.AppendText(nil) }

// AppendText appends the text form.
func (b Bytes) AppendText(to []byte) ([]byte, error) { return strict.AppendEncode(to, b), nil }

// UnmarshalText reads the text form; it returns ErrNotCanonical for anything else.
func (b *Bytes) UnmarshalText(text []byte) error {
	raw, err := ParseText(text)
	*b = raw
	return err
}
