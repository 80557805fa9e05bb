package ledger

import (
	"errors"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/refusal"
)

// A Result is what became of a transaction.
type Result struct {
	Outcome   chain.Outcome // 0: refused, or a duplicate
	Code      string        // of the refusal or the alert; "duplicate" for an operation applied before
	Text      string        // for people
	Operation canon.Digest
	Index     uint64       // of the leaf; for a duplicate, of the first one's
	Alert     canon.Digest // zero: none
	Tags      []string     // what the leaf is about, for indexes outside the state
	// Signatures are those that the transaction carries.
	Signatures []envelope.Signature
}

// Refused returns the result of a transaction that is refused before it comes to
// a block.
func Refused(err error) Result {
	return Result{Code: refusal.Code(err), Text: err.Error()}
}

// Err returns why a transaction was refused, with its code; nil if it was applied
// or found applied before.
func (r *Result) Err() error {
	switch {
	case r.Outcome == chain.Applied || r.Code == ErrDuplicate.Code():
		return nil
	case r.Code == "":
		return errors.New(r.Text)
	}
	return refusal.New(r.Code, r.Text)
}
