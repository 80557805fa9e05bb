package canon

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// maxElements bounds arrays and maps before anything is allocated for them.
const maxElements = 1 << 17

var (
	cborEnc = mustMode(encoding().EncMode())
	cborDec = mustMode(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   16,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxElements,
	}.DecMode())
)

// encoding is the core deterministic one, in which a list that is missing is an
// empty one: a second spelling of nothing would be a second encoding.
func encoding() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	return o
}

// mustMode turns a table of options into the mode it names. The options are
// constants of this file, so an error is a mistake in it.
func mustMode[M any](mode M, err error) M {
	if err != nil {
		panic(err)
	}
	return mode
}

// CBOR returns the core deterministic encoding of v.
func CBOR(v any) ([]byte, error) {
	raw, err := cborEnc.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical CBOR: %w", err)
	}
	return raw, nil
}

// DecodeCBOR decodes raw into v and returns ErrNotCanonical unless encoding v
// again gives the same bytes.
func DecodeCBOR(raw []byte, v any) error {
	if err := cborDec.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	again, err := cborEnc.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	if !bytes.Equal(again, raw) {
		return fmt.Errorf("CBOR of %d bytes: %w", len(raw), ErrNotCanonical)
	}
	return nil
}
