// Package chain is what the ledger holds, as bytes: transactions, the leaves of
// the log, the keys and records of the state, and the app hash over both.
//
// Everything is core deterministic CBOR with integer labels (canon.CBOR); a
// record has one encoding, so that equal states have equal hashes. Times are
// milliseconds since 1970, always those of a block, never of a member's clock.
//
// The ledger holds no personal data, no prices, no serial numbers: digests,
// salted commitments, public keys, and states that must be decided once.
package chain

import (
	"encoding/binary"
	"fmt"
	"time"

	"theriac/canon"
	"theriac/merkle"
)

// TxType is the media type (COSE typ) under which transactions are signed.
const TxType = "application/theriac-tx"

// A Kind names a contract of the ledger.
type Kind string

// The contracts. Propose and Vote carry the paper's xins, Exchange its six
// …ins and …chk and the two of ours.
const (
	KindPropose     Kind = "propose"
	KindVote        Kind = "vote"
	KindProfile     Kind = "profile"
	KindRotateKey   Kind = "rotate-key"
	KindRevokeKey   Kind = "revoke-key"
	KindExchange    Kind = "exchange"
	KindCertificate Kind = "certificate"
	KindBatch       Kind = "batch"
	KindUnits       Kind = "units"
	KindUndo        Kind = "undo"
	KindRecall      Kind = "recall"
	KindEvidence    Kind = "evidence"
	// Paper 001.
	KindLine     Kind = "line"
	KindRegister Kind = "register"
	KindIdentify Kind = "identify"
	KindRedeem   Kind = "redeem"
)

// A Tx is the payload of a transaction, which is a COSE_Sign1 of the sender.
type Tx struct {
	Chain  string   `cbor:"1,keyasint"` // chain id: a transaction counts on one chain
	Kind   Kind     `cbor:"2,keyasint"`
	Sender string   `cbor:"3,keyasint"` // GLN
	ID     canon.ID `cbor:"4,keyasint"` // with Sender, names the operation once and for all
	Time   int64    `cbor:"5,keyasint"` // of signing
	Body   []byte   `cbor:"6,keyasint"` // canonical CBOR of the contract's argument
}

// Operation returns the name of the operation that (sender, id) stands for. The
// ledger applies an operation once, whatever bytes it comes in.
func Operation(sender string, id canon.ID) canon.Digest {
	return canon.Hash("theriac/operation/1", []byte(sender), id[:])
}

// An Outcome is what became of a transaction that the log holds.
type Outcome uint8

const (
	// Applied transactions changed the state.
	Applied Outcome = 1
	// Alerted transactions changed no state but raised an alert, as a second
	// dispense does.
	Alerted Outcome = 2
)

// A Leaf is what the log says of an accepted transaction.
type Leaf struct {
	Height    int64        `json:"height" cbor:"1,keyasint"`
	Operation canon.Digest `json:"operation" cbor:"2,keyasint"`
	Outcome   Outcome      `json:"outcome" cbor:"3,keyasint"`
	Time      int64        `json:"time" cbor:"4,keyasint"`
	Tx        canon.Digest `json:"tx" cbor:"5,keyasint"` // SHA-256 of the transaction
}

// Hash returns the leaf's hash in the log.
func (l *Leaf) Hash() merkle.Hash {
	return merkle.LeafHash(canon.Encode("theriac/leaf/1", l.Tx[:], l.Operation[:],
		[]byte{byte(l.Outcome)}, u64(uint64(l.Height)), u64(uint64(l.Time))))
}

// LeafSize is the size of a leaf in its stored form.
const LeafSize = 32 + 32 + 1 + 8 + 8

// Pack returns the leaf's stored form: tx, operation, outcome, height, time.
func (l *Leaf) Pack() []byte {
	out := append(make([]byte, 0, LeafSize), l.Tx[:]...)
	out = append(append(out, l.Operation[:]...), byte(l.Outcome))
	return append(append(out, u64(uint64(l.Height))...), u64(uint64(l.Time))...)
}

// UnpackLeaf reads the stored form.
func UnpackLeaf(b []byte) (Leaf, error) {
	if len(b) != LeafSize {
		return Leaf{}, fmt.Errorf("leaf of %d bytes: %w", len(b), canon.ErrNotCanonical)
	}
	return Leaf{
		Tx: canon.Digest(b[:32]), Operation: canon.Digest(b[32:64]), Outcome: Outcome(b[64]),
		Height: int64(binary.BigEndian.Uint64(b[65:])), Time: int64(binary.BigEndian.Uint64(b[73:])),
	}, nil
}

// Version is the version of the state's format, which the app hash covers.
const Version = 1

// A Root is what a block's app hash commits to.
type Root struct {
	LogRoot   canon.Digest `json:"log_root"`
	LogSize   uint64       `json:"log_size"`
	StateRoot canon.Digest `json:"state_root"`
	Version   uint64       `json:"version"`
}

// AppHash returns H(version ‖ log size ‖ log root ‖ state root).
func (r *Root) AppHash() canon.Digest {
	return canon.Hash("theriac/app/1", u64(r.Version), u64(r.LogSize), r.LogRoot[:], r.StateRoot[:])
}

// Millis returns t as the ledger counts time.
func Millis(t time.Time) int64 { return t.UnixMilli() }

// Time returns the time of a ledger's count, or the zero time for zero (never).
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
