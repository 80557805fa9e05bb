package envelope

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"theriac/canon"
	"theriac/merkle"
)

// MaxFields is the largest number of fields in a body.
const MaxFields = 64

// A Field is one entry of a body: disclosed (name, salt and value) or withheld
// (only its hash). The salt, 128 random bits, keeps a withheld value from being
// guessed.
type Field struct {
	Hash  canon.Digest  `json:"hash,omitzero" cbor:"4,keyasint,omitzero"`
	Name  string        `json:"name,omitzero" cbor:"1,keyasint,omitempty"`
	Salt  canon.ID      `json:"salt,omitzero" cbor:"2,keyasint,omitzero"`
	Value canon.RawJSON `json:"value,omitzero" cbor:"3,keyasint,omitempty"`
}

// Withheld reports whether only the field's hash is shown.
func (f *Field) Withheld() bool { return f.Name == "" }

// leaf returns the field's hash in the tree of the body:
// LeafHash(Encode("theriac/field/1", name, salt, value)), value in RFC 8785 form.
func (f *Field) leaf() canon.Digest {
	if f.Withheld() {
		return f.Hash
	}
	return merkle.LeafHash(canon.Encode("theriac/field/1", []byte(f.Name), f.Salt[:], f.Value))
}

// A Body is the content of a message: fields in order of their names. It is
// the same type with all fields disclosed and with some withheld.
type Body []Field

// BodyOf makes a body of v, which must be written as a JSON object: each member
// becomes a field, salted by a call of salt, which must return random bits.
func BodyOf(v any, salt func() canon.ID) (Body, error) {
	raw, err := canon.JSON(v)
	if err != nil {
		return nil, err
	}
	var members map[string]canon.RawJSON
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	b := make(Body, 0, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		b = append(b, Field{Name: name, Salt: salt(), Value: members[name]})
	}
	return b, b.check()
}

// DecodeBody reads the canonical CBOR of a body, as a ledger transaction carries it.
func DecodeBody(raw []byte) (Body, error) {
	var b Body
	if err := canon.DecodeCBOR(raw, &b); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	for i := range b {
		if !b[i].Withheld() {
			if err := canon.CheckJSON(b[i].Value); err != nil {
				return nil, fmt.Errorf("body: %w", err)
			}
		}
	}
	return b, b.check()
}

// check returns canon.ErrNotCanonical unless every field is either disclosed
// or withheld and the disclosed names rise strictly.
func (b Body) check() error {
	if len(b) == 0 || len(b) > MaxFields {
		return fmt.Errorf("body of %d fields: %w", len(b), canon.ErrNotCanonical)
	}
	last := ""
	for i := range b {
		f := &b[i]
		if f.Withheld() {
			if f.Hash.IsZero() || f.Salt != (canon.ID{}) || f.Value != nil {
				return fmt.Errorf("body field %d: %w", i, canon.ErrNotCanonical)
			}
			continue
		}
		if f.Name <= last || len(f.Name) > maxName || len(f.Value) == 0 || !f.Hash.IsZero() {
			return fmt.Errorf("body field %.70q: %w", f.Name, canon.ErrNotCanonical)
		}
		last = f.Name
	}
	return nil
}

// Digest returns Hash("theriac/body/1", number of fields, root), the root being
// that of the RFC 9162 tree over the fields' hashes. It is the same for every way
// of withholding fields; the number keeps a subtree from passing for a field.
func (b Body) Digest() canon.Digest {
	var t merkle.Builder
	for i := range b {
		t.Append(b[i].leaf())
	}
	root := t.Root()
	return canon.Hash("theriac/body/1", []byte{byte(len(b))}, root[:])
}

// Disclose returns the body with every field withheld but the named ones.
func (b Body) Disclose(names ...string) Body {
	out := make(Body, len(b))
	for i := range b {
		out[i] = Field{Hash: b[i].leaf()}
		for _, n := range names {
			if b[i].Name == n {
				out[i] = b[i]
			}
		}
	}
	return out
}

// Complete reports whether no field is withheld.
func (b Body) Complete() bool {
	for i := range b {
		if b[i].Withheld() {
			return false
		}
	}
	return true
}

// Into decodes the disclosed fields into v, the members of whose JSON form must
// be optional and stand in the order of their names. It returns ErrField for a
// field that v does not know, a zero value and any spelling but the canonical one.
func (b Body) Into(v any) error {
	object := []byte{'{'}
	for i := range b {
		if b[i].Withheld() {
			continue
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		name, err := canon.JSON(b[i].Name)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrField, err)
		}
		object = append(append(append(object, name...), ':'), b[i].Value...)
	}
	if err := canon.DecodeJSON(append(object, '}'), v); err != nil {
		return fmt.Errorf("%w: %w", ErrField, err)
	}
	return nil
}
