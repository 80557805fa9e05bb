// Package supply is the desk of the supply chain: what an organisation does with
// the exchanges of paper 000, its batches and packs, documents that it captured,
// and things that are registered and measured (paper 001). It says who may do what; where things are kept, how they travel and
// what asks for them are others' concern, behind the interfaces here.
//
// A message goes out through an outbox: it is kept unsigned until the receiver's
// receipt is seen on the ledger, and signed afresh at each sending. A message
// that comes in is verified, anchored on the ledger and kept, and only then
// acknowledged, so that a crash at any moment loses nothing that was.
package supply

import (
	"context"
	"crypto"
	"crypto/hpke"
	"log/slog"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/internal/audit"
	"theriac/internal/ledger"
	"theriac/lightclient"
	"theriac/pedigree"
	"theriac/refusal"
)

var (
	// ErrUnknown is returned for what neither the ledger nor the own store has.
	ErrUnknown = refusal.New("not_found", "there is no such thing here")
	// ErrExists is returned for what is there already and is not written twice.
	ErrExists = refusal.New("exists", "it is there already")
	// ErrBusy is returned while the ledger does not answer; it may be tried again.
	ErrBusy = refusal.New("busy", "the ledger does not answer now; try again")
	// ErrRequest is returned for a request that cannot be meant.
	ErrRequest = refusal.New("bad_request", "the request cannot be meant")
)

// A Ledger is the organisation's node. Its methods may be called at once.
type Ledger interface {
	// Submit returns when the transaction is committed, or refused. After an
	// error it may still be applied; the same operation can be submitted again.
	Submit(ctx context.Context, tx []byte) (ledger.Result, error)
	// Get returns a record of the present state, or nil.
	Get(key []byte) ([]byte, error)
	// Evidence returns headers that lead from the genesis to one that covers the
	// present state, and that state. done gives it up.
	Evidence(ctx context.Context) (headers []lightclient.LightBlock, v View, done func(), err error)
	// Leaf returns a leaf of the log with its transaction.
	Leaf(index uint64) (leaf chain.Leaf, tx []byte, err error)
}

// Keys are the organisation's private keys.
type Keys interface {
	// Signer returns the key that signs messages and transactions.
	Signer() (crypto.Signer, error)
	// SealKey returns the key that opens what is sealed to the organisation.
	SealKey() (hpke.PrivateKey, error)
	// Secret returns 32 bytes or more for the salts of batches.
	Secret() ([]byte, error)
}

// Messages keep the mail. What a method has written when it returns survives a
// crash. ErrUnknown is returned for a message that is not there.
type Messages interface {
	// Queue writes a new outgoing message.
	Queue(ctx context.Context, m *Message) error
	// Due returns queued messages whose time has come, the oldest first: one at
	// least if there are any, but perhaps fewer than the limit.
	Due(ctx context.Context, now time.Time, limit int) ([]Message, error)
	// Defer notes a failed sending and when to try again.
	Defer(ctx context.Context, id canon.ID, next time.Time, code string) error
	// Settle writes a message that is sent, refused or received; a queued one
	// only from queued, and a received one once (ErrExists).
	Settle(ctx context.Context, m *Message) error
	// Message returns a message by issuer and identifier.
	Message(ctx context.Context, issuer string, id canon.ID) (*Message, error)
}

// Archive finds messages.
type Archive interface {
	// ByDigest returns the message with anchor BC.
	ByDigest(ctx context.Context, bc canon.Digest) (*Message, error)
	// List returns messages, the newest first, and a cursor for the next ones;
	// an empty cursor begins and ends.
	List(ctx context.Context, f Filter, cursor string, limit int) ([]Message, string, error)
}

// Works keep the organisation's batches.
type Works interface {
	PutBatch(ctx context.Context, b *Batch) error
	// Batch returns a batch of ours by its name on the ledger, or ErrUnknown.
	Batch(ctx context.Context, id canon.Digest) (*Batch, error)
	// Batches returns our batches of a product, the newest first; of all for "".
	Batches(ctx context.Context, gtin gs1.GTIN) ([]Batch, error)
}

// Jobs keep work that takes long.
type Jobs interface {
	PutJob(ctx context.Context, j *Job) error
	// Job returns a job, or ErrUnknown.
	Job(ctx context.Context, id canon.ID) (*Job, error)
	// Unfinished returns the jobs that were running when the process ended.
	Unfinished(ctx context.Context) ([]Job, error)
}

// Documents keep captured documents by digest, with what they are about.
type Documents interface {
	// PutDocument writes a document once (ErrExists), with its mentions.
	PutDocument(ctx context.Context, d *Document, m []Mention) error
	// Document returns a document, or ErrUnknown.
	Document(ctx context.Context, digest canon.Digest) (*Document, error)
	// Mentioning returns the digests of documents that mention an identifier.
	Mentioning(ctx context.Context, identifier string) ([]canon.Digest, error)
}

// Audit is the book of what was done and what was refused. Entries are never
// changed; a refused message leaves nothing but its entry.
type Audit interface {
	Record(ctx context.Context, e audit.Entry) error
	// Entries returns entries, the newest first, and a cursor for the next ones.
	Entries(ctx context.Context, cursor string, limit int) ([]audit.Entry, string, error)
}

// Post delivers to other organisations.
type Post interface {
	// Deliver hands a message to the inbox at an endpoint and returns the
	// receipt, or the refusal with its code (refusal.Code).
	Deliver(ctx context.Context, endpoint string, message []byte) (*api.Receipt, error)
	// Opening asks a manufacturer or capturer for what opens a pack.
	Opening(ctx context.Context, endpoint string, id gs1.Identifier) (*api.Opening, error)
	// Mark asks who registered marks for one of them.
	Mark(ctx context.Context, endpoint string, registration canon.Digest, index uint64) (*api.Mark, error)
	// CodePath asks who released a batch for the path of a pack's concealed code.
	CodePath(ctx context.Context, endpoint string, batch canon.Digest, index uint64) (*api.CodePath, error)
}

// Packs keep the packs of the organisation's own batches.
type Packs interface {
	// Build makes a batch of packs; progress is told how many of all are done.
	Build(ctx context.Context, s BatchSpec, progress func(done, total uint64)) (PackBatch, error)
	// Open returns a batch that Build made, or ErrUnknown.
	Open(id canon.Digest, secret pedigree.BatchSecret) (PackBatch, error)
	// Remove removes a batch that was never released, if it is there.
	Remove(id canon.Digest) error
	// MakeCodes makes the concealed codes of a batch that Build made, or finds them made.
	MakeCodes(ctx context.Context, id canon.Digest, secret pedigree.BatchSecret, progress func(done, total uint64)) (PackCodes, error)
	// Codes returns the codes that MakeCodes made, or ErrUnknown.
	Codes(id canon.Digest, secret pedigree.BatchSecret) (PackCodes, error)
}

// A BatchSpec says which packs to make.
type BatchSpec struct {
	ID      canon.Digest
	GTIN    gs1.GTIN
	Lot     gs1.Lot
	Expiry  string
	Secret  pedigree.BatchSecret
	Size    uint64       // random serial numbers; or
	Serials []gs1.Serial // these
}

// A PackBatch is the packs of one batch, in the order of their leaves.
type PackBatch interface {
	Root() canon.Digest
	Size() uint64
	// Find returns the pack with a serial number and its index, or ErrUnknown.
	Find(serial gs1.Serial) (uint64, pedigree.Pack, error)
	Pack(index uint64) (pedigree.Pack, error)
	// Prove returns the inclusion proof of an index.
	Prove(index uint64) (chain.Hashes, error)
}

// A Desk is one organisation's.
type Desk struct {
	GLN   string
	Chain string

	Ledger    Ledger
	Keys      Keys
	Messages  Messages
	Archive   Archive
	Works     Works
	Jobs      Jobs
	Documents Documents
	Audit     Audit
	Reports   Reports
	Lists     Lists
	Records   Records
	Post      Post
	Packs     Packs

	// Paper 001.
	Lines         Lines
	Registrations Registrations
	Consignments  Consignments
	Instruments   Instruments
	Devices       []string // addresses of the measuring devices that may be asked

	Now   func() time.Time
	NewID func() canon.ID
	Log   *slog.Logger

	wake    chan struct{}
	running *running
	outbox  *outbox
	reading *semaphore.Weighted // bytes of documents that are being captured
	tracing *semaphore.Weighted // documents that trails are read from

	strangers *rate.Limiter                    // of reports
	relays    *rate.Limiter                    // of marks that others registered
	spots     *expirable.LRU[gs1.SGTIN, *spot] // of packs that are measured
}

// Open makes the desk ready. Close ends its work.
func (d *Desk) Open() {
	d.wake = make(chan struct{}, 1)
	d.running = newRunning()
	d.outbox = newOutbox()
	d.reading = semaphore.NewWeighted(epcis.MaxSize)
	d.tracing = semaphore.NewWeighted(1)
	d.strangers = newStrangers()
	d.relays = rate.NewLimiter(relaysPerSecond, relaysAtOnce)
	d.spots = expirable.NewLRU[gs1.SGTIN, *spot](maxSpots, nil, 0)
}

// Close stops jobs that run and waits for them; they are taken up again by Resume.
func (d *Desk) Close() { d.running.close() }

// A Status is where a message stands.
type Status string

// An outgoing message is queued, then sent or refused; an incoming one received.
const (
	Queued   Status = "queued"
	Sent     Status = "sent"
	Refused  Status = "refused"
	Received Status = "received"
)

// A Message is a message of the organisation, out or in, with its whole body.
type Message struct {
	ID       canon.ID
	Issuer   string
	Audience string
	Type     string
	Case     string
	Prev     []canon.Digest
	Body     envelope.Body
	Status   Status
	Created  time.Time

	// Of a queued or refused one:
	Attempts int
	Next     time.Time
	Code     string // of the last failure

	// Of a sent or received one:
	Receipt api.Receipt
}

// A Filter chooses messages; empty fields choose all.
type Filter struct {
	Type   string
	Case   string
	Status Status
	Prev   canon.Digest
	Out    bool // those of this organisation: queued, sent or refused
}

// A Batch is a batch of the organisation's, made or captured.
type Batch struct {
	ID             canon.Digest
	GTIN           gs1.GTIN
	Lot            gs1.Lot
	Expiry         string
	Size           uint64
	Certificate    string
	Transformation []byte
	Document       canon.Digest
	Created        time.Time
}

// A Document is a captured document.
type Document struct {
	Digest  canon.Digest
	Media   string
	Bytes   []byte
	Created time.Time
	Index   uint64 // of the leaf that anchors it
	Height  int64
	Time    int64
}

// A Mention is an identifier that an event of a document is about.
type Mention struct {
	Identifier string
	Event      int
	Role       string
}

// record writes an entry; a book that cannot be written is the operator's to hear of.
func (d *Desk) record(ctx context.Context, actor, action, subject string, err error) {
	e := audit.New(d.Now(), actor, action, subject, err).In(ctx)
	if err := d.Audit.Record(context.WithoutCancel(ctx), e); err != nil {
		d.Log.Error("audit book", "err", err, "action", action, "subject", subject, "code", e.Code)
	}
}

// state reads a record of the present state.
func state[T any](d *Desk, key []byte) (*T, error) {
	raw, err := d.Ledger.Get(key)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, ErrUnknown
	}
	v := new(T)
	return v, canon.DecodeCBOR(raw, v)
}

// Member returns a member as the ledger has it now, or ErrUnknown.
func (d *Desk) Member(gln string) (*chain.Member, error) {
	return state[chain.Member](d, chain.MemberKey(gln))
}
