package theriac

import (
	"bytes"
	"fmt"
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
)

// records verifies the records of the state, and takes in those that count unasked.
func (v *verification) records() error {
	v.state = make(map[string][]byte, len(v.bundle.State))
	v.members, v.holders = map[string]*chain.Member{}, map[canon.Digest]envelope.Holder{}
	for i := range v.bundle.State {
		r := &v.bundle.State[i]
		if i > 0 && bytes.Compare(v.bundle.State[i-1].Key, r.Key) >= 0 {
			return fail(StepLedger, fmt.Errorf("%w: the keys of its records do not rise", ErrBundle))
		}
		if err := r.verify(v.bundle.Root.StateRoot); err != nil {
			return fail(StepLedger, fmt.Errorf("%w: record %q: %w", ErrLedger, r.Key, err))
		}
		v.state[string(r.Key)] = r.Value
		if err := v.note(r); err != nil {
			return fail(StepLedger, fmt.Errorf("%w: record %q: %w", ErrLedger, r.Key, err))
		}
	}
	if v.batchID.IsZero() {
		return fail(StepLedger, fmt.Errorf("%w: no batch", ErrLedger))
	}
	for i := range v.alerts {
		if !v.alerts[i].Concerns(v.batchID, v.bundle.Pack.Index) {
			return fail(StepLedger, fmt.Errorf("%w: an alert about other packs", ErrLedger))
		}
	}
	v.pass(StepLedger, "%d records of the ledger's state proven", len(v.bundle.State))
	return nil
}

// readers read the records that a verification takes in as they come, by the word
// that begins their keys. The name is what follows; without a value the record is
// proven absent.
var readers = map[string]func(v *verification, name, value []byte) error{
	"alert":  (*verification).noteAlert,
	"batch":  (*verification).noteBatch,
	"member": (*verification).noteMember,
}

func (v *verification) note(r *Record) error {
	word, name := word(r.Key)
	read, known := readers[word]
	if !known || len(name) == 0 {
		return nil
	}
	return read(v, name, r.Value)
}

// word returns the word that begins a record's key, and the name that follows.
func word(key []byte) (string, []byte) {
	word, name, _ := bytes.Cut(key, []byte("/"))
	return string(word), name
}

// noteMember reads a member with its keys.
func (v *verification) noteMember(_, value []byte) error {
	if value == nil {
		return nil
	}
	var m chain.Member
	if err := canon.DecodeCBOR(value, &m); err != nil {
		return err
	}
	v.members[m.GLN] = &m
	for _, k := range m.Keys {
		pub, err := envelope.ParseKey(k.Point)
		if err != nil {
			return err
		}
		v.holders[pub.ID()] = envelope.Holder{
			Key: pub, Member: m.GLN, From: chain.Time(k.From), Until: chain.Time(k.Until), Revoked: chain.Time(k.Revoked),
		}
	}
	return nil
}

// noteBatch reads the batch, of which there is one.
func (v *verification) noteBatch(name, value []byte) error {
	if value == nil {
		return nil
	}
	if !v.batchID.IsZero() || len(name) != len(v.batchID) {
		return fmt.Errorf("%w: a second batch", ErrBundle)
	}
	if err := canon.DecodeCBOR(value, &v.batch); err != nil {
		return err
	}
	v.batchID = canon.Digest(name)
	return nil
}

// noteAlert reads an alert, which must be about the pack: who reads of another's
// might think that it is this one's. The absence of one says nothing about others,
// and is not shown.
func (v *verification) noteAlert(_, value []byte) error {
	if value == nil {
		return fmt.Errorf("%w: an alert that was not raised", ErrBundle)
	}
	var a chain.Alert
	if err := canon.DecodeCBOR(value, &a); err != nil {
		return err
	}
	v.alerts = append(v.alerts, a)
	return nil
}

// shownAlerts returns the alerts for people, the newest first.
func (v *verification) shownAlerts() []Alert {
	var out []Alert
	for i := range v.alerts {
		a := &v.alerts[i]
		out = append(out, Alert{a.Code, a.By, chain.Time(a.At)})
	}
	slices.SortStableFunc(out, func(a, b Alert) int { return b.At.Compare(a.At) })
	return out
}

// read decodes a record that the bundle must bring and the ledger must have.
func (v *verification) read(key []byte, into any) error {
	raw, brought := v.state[string(key)]
	if !brought || raw == nil {
		return fail(StepLedger, fmt.Errorf("%w: record %q is missing", ErrLedger, key))
	}
	if err := canon.DecodeCBOR(raw, into); err != nil {
		return fail(StepLedger, fmt.Errorf("%w: record %q: %w", ErrLedger, key, err))
	}
	return nil
}

// maybe decodes a record that the ledger may not have; the bundle must say which.
func (v *verification) maybe(key []byte, into any) (bool, error) {
	if raw, brought := v.state[string(key)]; brought && raw == nil {
		return false, nil
	}
	return true, v.read(key, into)
}
