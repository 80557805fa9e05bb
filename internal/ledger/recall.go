package ledger

import "bytes"

// A decoded record is one that many transactions of a block read: a line of many
// devices, a registration of many ranges. It counts while its bytes are those.
type decoded struct {
	raw    []byte
	record any
}

// recall is read for a record that nobody changes in place.
func recall[T any](t *tx, key []byte) (*T, bool, error) {
	raw, err := t.Get(key)
	if err != nil || raw == nil {
		return nil, false, err
	}
	if d, ok := t.decoded[string(key)]; ok && bytes.Equal(d.raw, raw) {
		return d.record.(*T), true, nil
	}
	v := new(T)
	if _, err := read(t, key, v); err != nil {
		return nil, false, err
	}
	t.decoded[string(key)] = decoded{raw, v}
	return v, true, nil
}
