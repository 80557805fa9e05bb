package canon

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// RawJSON is a JSON value kept as the bytes it came in.
type RawJSON = jsontext.Value

// JSON returns the RFC 8785 encoding of v.
func JSON(v any) ([]byte, error) {
	raw, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	val := jsontext.Value(raw)
	if err := val.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return val, nil
}

// CheckJSON returns ErrNotCanonical unless raw is one JSON value in its RFC
// 8785 form: no white space, members sorted and named once, numbers as IEEE 754
// doubles print, shortest escapes.
func CheckJSON(raw []byte) error {
	val := jsontext.Value(bytes.Clone(raw))
	if err := val.Canonicalize(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	if !bytes.Equal(val, raw) {
		return fmt.Errorf("JSON of %d bytes: %w", len(raw), ErrNotCanonical)
	}
	return nil
}

// DecodeJSON decodes raw into v and returns ErrNotCanonical unless encoding v
// again gives the same bytes. That one comparison refuses white space, unknown,
// doubled, missing and unsorted members, escapes and numbers written otherwise.
//
// The Go fields of v must stand in the order of their JSON names, because the
// comparison is made without sorting again; a type that does not would decode
// nothing and fail its first test.
func DecodeJSON(raw []byte, v any) error {
	if err := json.Unmarshal(raw, v, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	again, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	if !bytes.Equal(again, raw) {
		return fmt.Errorf("JSON of %d bytes: %w", len(raw), ErrNotCanonical)
	}
	return nil
}
