// Package ledger is the replicated state machine: what a transaction does to
// the state, the same on every validator.
//
// Apply is deterministic and total: from the same state the same transaction
// gives the same result, a change or a named refusal, never a panic or a guess.
// It reads no clock, no file and no map in iteration order; time is the block's.
// A refused transaction changes nothing and is no leaf of the log.
//
// The contracts of paper 000 (its smart contracts …ins and …chk) are in
// exchanges.go and certificates.go, registration (xins) in members.go, batches
// and packs in batches.go and units.go; those of paper 001 in lines.go,
// registrations.go, marks.go and codes.go. invariants.go says what holds after
// every block.
package ledger

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/refusal"
)

// MaxTx is the size limit of a transaction in bytes.
const MaxTx = 4 << 20

// A Reader is the state as the last block left it. Get returns nil for a key
// that is absent. An error means that the store failed, and stops the node.
type Reader interface {
	Get(key []byte) ([]byte, error)
	// First returns the first key at or after from that starts with prefix, and
	// its value; nil if there is none.
	First(prefix, from []byte) (key, value []byte, err error)
	// Operation returns the index of the leaf of an operation, if there is one.
	Operation(op canon.Digest) (index uint64, found bool, err error)
}

// A Ledger is the rules of one chain.
type Ledger struct {
	Chain string
	// Known, if set, reports signatures that were verified before.
	Known func(envelope.Signature) bool
}

// A Block applies the transactions of one block over a Reader.
type Block struct {
	ledger *Ledger
	base   Reader
	height int64
	now    int64
	size   uint64 // of the log

	writes     map[string][]byte // nil: deleted
	reads      map[string][]byte // of base, which stands still meanwhile
	holders    map[canon.Digest]known
	decoded    map[string]decoded // by key
	operations map[canon.Digest]uint64
	leaves     []chain.Leaf
	packs      uint64 // that its transactions had looked at, refused ones too
	params     chain.Params
}

// Begin opens a block at this height and time, after logSize leaves.
func (l *Ledger) Begin(base Reader, height int64, at time.Time, logSize uint64) (*Block, error) {
	b := &Block{
		ledger: l, base: base, height: height, now: chain.Millis(at), size: logSize,
		writes: map[string][]byte{}, reads: map[string][]byte{}, holders: map[canon.Digest]known{}, decoded: map[string]decoded{},
		operations: map[canon.Digest]uint64{},
	}
	ok, err := read(b, chain.ParamsKey(), &b.params)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("ledger: the state has no parameters")
	}
	return b, nil
}

// Changes are what a block does to the state and the log.
type Changes struct {
	State      []Write // rising by key
	Leaves     []chain.Leaf
	Operations map[canon.Digest]uint64
	Validators []chain.Validator // changes of power
}

// A Write sets a key, or deletes it if Value is nil.
type Write struct{ Key, Value []byte }

// End returns what the block does. A block without accepted transactions does
// nothing, so that the app hash of an idle chain stands still.
func (b *Block) End() (Changes, error) {
	if len(b.leaves) > 0 {
		if err := b.expire(); err != nil {
			return Changes{}, err
		}
	}
	validators, err := b.validatorChanges()
	if err != nil {
		return Changes{}, err
	}
	c := Changes{Leaves: b.leaves, Operations: b.operations, Validators: validators}
	for _, k := range slices.Sorted(maps.Keys(b.writes)) {
		c.State = append(c.State, Write{[]byte(k), b.writes[k]})
	}
	return c, nil
}

// Get returns the value of a key as the block has it so far.
func (b *Block) Get(key []byte) ([]byte, error) {
	if v, ok := b.writes[string(key)]; ok {
		return v, nil
	}
	if v, ok := b.reads[string(key)]; ok {
		return v, nil
	}
	v, err := b.base.Get(key)
	if err == nil && b.reads != nil {
		b.reads[string(key)] = v
	}
	return v, err
}

// getter is what records are read from: a block, or a transaction in it.
type getter interface {
	Get(key []byte) ([]byte, error)
}

// read decodes the record at key into v and reports whether there is one.
func read(g getter, key []byte, v any) (bool, error) {
	raw, err := g.Get(key)
	if err != nil || raw == nil {
		return false, err
	}
	if err := canon.DecodeCBOR(raw, v); err != nil {
		return false, fmt.Errorf("ledger: record %q: %w", key, err)
	}
	return true, nil
}

// A tx is one transaction while it is applied. Its writes are the block's only
// if the contract accepts it.
type tx struct {
	*Block
	chain.Tx
	raw    []byte
	op     canon.Digest
	sender *chain.Member
	index  uint64 // that its leaf will have

	writes map[string][]byte
	tags   []string
	sigs   []envelope.Signature
	bc     canon.Digest // of the message, in an exchange
	packs  uint64       // that it names
	alert  *chain.Alert
}

func (t *tx) Get(key []byte) ([]byte, error) {
	if v, ok := t.writes[string(key)]; ok {
		return v, nil
	}
	return t.Block.Get(key)
}

func (t *tx) put(key []byte, record any) error {
	raw, err := canon.CBOR(record)
	if err != nil {
		return err
	}
	t.writes[string(key)] = raw
	return nil
}

func (t *tx) delete(key []byte) { t.writes[string(key)] = nil }

// tag says what the leaf is about.
func (t *tx) tag(kind string, name any) { t.tags = append(t.tags, fmt.Sprintf("%s/%v", kind, name)) }

// contracts are the rules of each kind of transaction.
var contracts = map[chain.Kind]func(*tx) error{
	chain.KindPropose:     (*tx).propose,
	chain.KindVote:        (*tx).vote,
	chain.KindProfile:     (*tx).profile,
	chain.KindRotateKey:   (*tx).rotateKey,
	chain.KindRevokeKey:   (*tx).revokeKey,
	chain.KindExchange:    (*tx).exchange,
	chain.KindCertificate: (*tx).certificateStatus,
	chain.KindBatch:       (*tx).batchRelease,
	chain.KindUnits:       (*tx).units,
	chain.KindUndo:        (*tx).undo,
	chain.KindRecall:      (*tx).recall,
	chain.KindEvidence:    (*tx).evidence,
	chain.KindLine:        (*tx).line,
	chain.KindRegister:    (*tx).register,
	chain.KindIdentify:    (*tx).identify,
	chain.KindRedeem:      (*tx).redeem,
}

// Apply applies one transaction. The error is the store's; a refusal is a Result.
func (b *Block) Apply(raw []byte) (Result, error) {
	t := &tx{Block: b, raw: raw, writes: map[string][]byte{}, index: b.size + uint64(len(b.leaves))}
	err := t.apply()
	result := Result{Operation: t.op}
	if err == nil || t.alert != nil || errors.Is(err, ErrDuplicate) {
		result.Index = t.index
	}
	switch code := refusal.Code(err); {
	case err == nil:
		result.Outcome = chain.Applied
	case code == "":
		return Result{}, err
	case t.alert != nil:
		result.Outcome, result.Alert = chain.Alerted, chain.AlertID(t.op)
		result.Code, result.Text = code, err.Error()
		t.writes = map[string][]byte{}
		if err := t.put(chain.AlertKey(result.Alert), t.alert); err != nil {
			return Result{}, err
		}
		t.tag("alert", result.Alert)
		t.tags = append(t.tags, t.alert.Tags()...)
	default:
		result.Code, result.Text = code, err.Error()
		return result, nil
	}
	result.Tags, result.Signatures = t.tags, t.sigs
	maps.Copy(b.writes, t.writes)
	b.operations[t.op] = t.index
	b.leaves = append(b.leaves, chain.Leaf{
		Height: b.height, Operation: t.op, Outcome: result.Outcome, Time: b.now, Tx: canon.Sum(raw),
	})
	return result, nil
}

func (t *tx) apply() error {
	if err := t.open(); err != nil {
		return err
	}
	contract, ok := contracts[t.Kind]
	if !ok {
		return fmt.Errorf("%w: kind %.40q", ErrKind, t.Kind)
	}
	return contract(t)
}

// open verifies the transaction itself: its form, its chain, that it is new, and
// that a member in good standing signed it lately.
func (t *tx) open() error {
	m, err := Open(t.raw, &t.Tx)
	if err != nil {
		return err
	}
	if t.Chain != t.ledger.Chain {
		return fmt.Errorf("%w: %.50q", ErrChain, t.Chain)
	}
	t.op = chain.Operation(t.Sender, t.ID)
	if index, found := t.operations[t.op]; found {
		t.index = index
		return ErrDuplicate
	}
	index, found, err := t.base.Operation(t.op)
	if err != nil {
		return err
	}
	if found {
		t.index = index
		return ErrDuplicate
	}
	t.sigs = append(t.sigs, m.Signature)
	holder, member, err := t.holder(m.Signature.KeyID)
	if err != nil {
		return err
	}
	if holder.Member != t.Sender {
		return fmt.Errorf("%w: key of %s, transaction of %.13q", envelope.ErrKeyID, holder.Member, t.Sender)
	}
	t.sender = member
	if member.Status != chain.Active {
		return ErrStanding
	}
	if err := holder.ValidAt(chain.Time(t.now)); err != nil {
		return err
	}
	if err := holder.Key.Verify(m.Signature); err != nil {
		return err
	}
	return t.inWindow(t.Time)
}

// Open parses a transaction, which is not verified thereby.
func Open(raw []byte, into *chain.Tx) (*envelope.Sign1, error) {
	if len(raw) > MaxTx {
		return nil, fmt.Errorf("%w: %d bytes", envelope.ErrOversized, len(raw))
	}
	m, err := envelope.ParseSign1(raw, chain.TxType)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", envelope.ErrNonCanonical, err)
	}
	return m, decode(m.Payload, into)
}

func (t *tx) inWindow(ms int64) error {
	// Not by a difference: the sender chose ms, and some differences overflow.
	switch {
	case ms < t.now-t.params.Window:
		return fmt.Errorf("%w: signed at %s", envelope.ErrStale, chain.Time(ms).Format(time.RFC3339))
	case ms > t.now+t.params.Window:
		return fmt.Errorf("%w: signed at %s", envelope.ErrFuture, chain.Time(ms).Format(time.RFC3339))
	}
	return nil
}

// decode reads a part of the transaction.
func decode(raw []byte, v any) error {
	if err := canon.DecodeCBOR(raw, v); err != nil {
		return fmt.Errorf("%w: %w", envelope.ErrNonCanonical, err)
	}
	return nil
}

// body reads the contract's argument.
func (t *tx) body(v any) error { return decode(t.Tx.Body, v) }

// expire forgets what can no longer be undone, oldest first: more than a block
// can add, so that the index does not grow, and no more than its own work asks for.
func (b *Block) expire() error {
	from := chain.UndoPrefix()
	for range 1000 + 2*len(b.leaves) {
		key, _, err := b.base.First(chain.UndoPrefix(), from)
		if err != nil || key == nil || b.now-chain.UndoTime(key) <= b.params.Undo {
			return err
		}
		b.writes[string(key)] = nil
		from = append(bytes.Clone(key), 0)
	}
	return nil
}

// Signatures returns the signatures that a transaction carries. A transaction that
// does not parse has none.
func Signatures(raw []byte) []envelope.Signature {
	var t chain.Tx
	m, err := Open(raw, &t)
	if err != nil {
		return nil
	}
	return SignaturesOf(m, &t)
}

// SignaturesOf returns the signatures that a parsed transaction carries: its own,
// and in an exchange the message's.
func SignaturesOf(m *envelope.Sign1, t *chain.Tx) []envelope.Signature {
	out := []envelope.Signature{m.Signature}
	if t.Kind != chain.KindExchange {
		return out
	}
	var x chain.Exchange
	if canon.DecodeCBOR(t.Body, &x) != nil {
		return out
	}
	if e, err := envelope.ParseJWS(x.Message); err == nil {
		out = append(out, e.Signature())
	}
	return out
}

// Sign returns a signed transaction.
func Sign(s crypto.Signer, t chain.Tx, body any) ([]byte, error) {
	var err error
	if t.Body, err = canon.CBOR(body); err != nil {
		return nil, err
	}
	payload, err := canon.CBOR(t)
	if err != nil {
		return nil, err
	}
	return envelope.SignSign1(s, chain.TxType, payload)
}
