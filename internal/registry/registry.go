// Package registry is the desk of membership: how organisations are registered
// (paper 000, IV-E), how governors decide, and how keys are changed and ended.
//
// An organisation makes its own keys and signs its own application; a governor's
// inbox keeps it until the governors have decided. No private key is ever sent.
package registry

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/audit"
	"theriac/internal/ledger"
	"theriac/pedigree"
	"theriac/refusal"
)

var (
	// ErrUnknown is returned for an application, member or proposal that is not there.
	ErrUnknown = refusal.New("not_found", "there is no such thing here")
	// ErrBusy is returned while the ledger does not answer; it may be tried again.
	ErrBusy = refusal.New("busy", "the ledger does not answer now; try again")
	// ErrMany is returned while more applications come in than governors could read.
	ErrMany = refusal.New("too_many_requests", "too many applications come in now; try again later")
)

// A Ledger is the organisation's node. Its methods may be called at once.
type Ledger interface {
	Submit(ctx context.Context, tx []byte) (ledger.Result, error)
	Get(key []byte) ([]byte, error)
	// Records yields the records whose keys start with prefix, by key.
	Records(prefix []byte) iter.Seq2[[]byte, []byte]
	// Leaf returns a leaf of the log with its transaction.
	Leaf(index uint64) (leaf chain.Leaf, tx []byte, err error)
	// TaggedBefore returns up to limit indexes of leaves about something, from
	// below an index on, falling.
	TaggedBefore(tag string, before uint64, limit int) ([]uint64, error)
}

// Applications keep what came to a governor. Writes survive a crash.
type Applications interface {
	// PutApplication writes an application once; the same one again changes nothing.
	PutApplication(ctx context.Context, a *Application) error
	// Application returns an application, or ErrUnknown.
	Application(ctx context.Context, id canon.ID) (*Application, error)
	// Applications returns all, the newest first.
	Applications(ctx context.Context) ([]Application, error)
}

// Book is the audit book.
type Book interface {
	Record(ctx context.Context, e audit.Entry) error
}

// Keyring makes the organisation's signing keys.
type Keyring interface {
	// Signer returns the key in use.
	Signer() (crypto.Signer, error)
	// Next returns the key that is to follow, which it makes if there is none.
	Next() (crypto.Signer, error)
	// Turn makes the next key the one in use. The old one stays readable.
	Turn() error
}

// A Desk is one organisation's.
type Desk struct {
	GLN   string
	Chain string

	Ledger       Ledger
	Keys         Keyring
	Applications Applications
	Audit        Book
	Now          func() time.Time
	NewID        func() canon.ID
	Log          *slog.Logger

	// rotating is held from Next to Turn: two rotations at once would turn past
	// the key that the ledger knows.
	rotating sync.Mutex

	// receiving is held from the look at the inbox until the application is in it.
	receiving sync.Mutex
	strangers *rate.Limiter
}

// An Application is a request for membership that came in.
type Application struct {
	ID      canon.ID
	GLN     string
	Message []byte // as it came
	Content pedigree.Application
	Created time.Time
}

// lifetime is how long an application may wait for the governors.
const lifetime = 30 * 24 * time.Hour

// NewApplication signs an application with the key that it asks to register, and
// returns the message for a governor's inbox.
func NewApplication(s crypto.Signer, gln, governor string, a pedigree.Application, now time.Time, newID func() canon.ID) ([]byte, error) {
	key, err := envelope.KeyOf(s)
	if err != nil {
		return nil, err
	}
	a.Key = key.Point()
	if err := a.Check(); err != nil {
		return nil, err
	}
	body, err := envelope.BodyOf(&a, newID)
	if err != nil {
		return nil, err
	}
	m, err := envelope.Sign(s, envelope.Claims{
		Audience: governor, Case: "registration", Expires: now.Add(lifetime).Unix(), IssuedAt: now.Unix(),
		Issuer: gln, ID: newID(), Prev: []canon.Digest{}, Type: pedigree.TypeApplication,
	}, body)
	if err != nil {
		return nil, err
	}
	return m.Encode()
}

// What strangers may leave here. Anybody can sign an application with a key of his
// own, and each is kept.
const (
	maxApplication = 16 << 10 // bytes
	perHour        = 100      // as many at once, too
)

// Receive takes an application into the governor's inbox. Nothing is decided yet.
func (d *Desk) Receive(ctx context.Context, from string, raw []byte) (*Application, error) {
	a, err := d.receive(raw)
	if err == nil {
		a, err = d.keep(ctx, a)
	}
	d.record(ctx, from, "apply", canon.Sum(raw).String(), err)
	return a, err
}

// keep puts an application into the inbox, or finds it there.
func (d *Desk) keep(ctx context.Context, a *Application) (*Application, error) {
	d.receiving.Lock()
	defer d.receiving.Unlock()
	switch before, err := d.Applications.Application(ctx, a.ID); {
	case err == nil && bytes.Equal(before.Message, a.Message):
		return before, nil
	case err != nil && !errors.Is(err, ErrUnknown):
		return nil, err
	}
	if d.strangers == nil {
		d.strangers = rate.NewLimiter(rate.Every(time.Hour/perHour), perHour)
	}
	if !d.strangers.AllowN(d.Now(), 1) {
		return nil, ErrMany
	}
	return a, d.Applications.PutApplication(ctx, a)
}

func (d *Desk) receive(raw []byte) (*Application, error) {
	if len(raw) > maxApplication {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", envelope.ErrOversized, len(raw), maxApplication)
	}
	m, err := envelope.DecodeMessage(raw)
	if err != nil {
		return nil, err
	}
	if m.Envelope.Claims.Audience != d.GLN {
		return nil, envelope.ErrAudience
	}
	me, err := d.member(d.GLN)
	if err != nil {
		return nil, err
	}
	if !me.Is(chain.Governor) {
		return nil, ledger.ErrGovernor
	}
	content, _, err := pedigree.OpenApplication(m, d.Chain, d.Now().Unix())
	if err != nil {
		return nil, err
	}
	return &Application{
		ID: m.Envelope.Claims.ID, GLN: m.Envelope.Claims.Issuer, Message: raw, Content: *content, Created: d.Now(),
	}, nil
}

// Admit proposes, and so votes for, the admission of an applicant.
func (d *Desk) Admit(ctx context.Context, id canon.ID) (*Decision, error) {
	a, err := d.Applications.Application(ctx, id)
	if err != nil {
		return nil, err
	}
	m, err := envelope.DecodeMessage(a.Message)
	if err != nil {
		return nil, err
	}
	body, err := canon.CBOR(m.Body)
	if err != nil {
		return nil, err
	}
	app := &chain.Application{Message: m.Envelope.Raw(), Body: body}
	// What was proposed before is found, whatever has become of it since.
	admit, rekey := chain.Action{Admit: app}, chain.Action{Rekey: app}
	for name, action := range map[string]chain.Action{"admit": admit, "rekey": rekey} {
		proposal, err := d.proposal(named(name, id[:]), action)
		if err != nil {
			return nil, err
		}
		if before, err := d.Decision(proposal); !errors.Is(err, ErrUnknown) {
			return before, err
		}
	}
	switch _, err := d.member(a.GLN); {
	case errors.Is(err, ErrUnknown):
		return d.Propose(ctx, named("admit", id[:]), admit)
	case err != nil:
		return nil, err
	}
	return d.Propose(ctx, named("rekey", id[:]), rekey) // a member who lost its keys
}

// proposal returns the name on the ledger of an action that this governor proposes.
func (d *Desk) proposal(id canon.ID, action chain.Action) (canon.Digest, error) {
	raw, err := canon.CBOR(action)
	return chain.ProposalID(chain.Operation(d.GLN, id), raw), err
}

// named returns the id of an operation that follows from what it is about.
func named(what string, part []byte) canon.ID {
	h := canon.Hash("theriac/operation-of/1", []byte(what), part)
	return canon.ID(h[:16])
}

// A Decision is where a proposal stands.
type Decision struct {
	Proposal canon.Digest
	Status   chain.ProposalStatus
	For      int
	Against  int
}

// Propose puts an action before the governors, with this governor's vote for it.
func (d *Desk) Propose(ctx context.Context, id canon.ID, action chain.Action) (*Decision, error) {
	if err := d.submit(ctx, chain.KindPropose, id, chain.Propose{Action: action}, "propose"); err != nil {
		return nil, err
	}
	proposal, err := d.proposal(id, action)
	if err != nil {
		return nil, err
	}
	return d.Decision(proposal)
}

// Vote votes on an open proposal.
func (d *Desk) Vote(ctx context.Context, proposal canon.Digest, accept bool) (*Decision, error) {
	// One operation each: a second thought is refused (already_voted), not taken for
	// the vote that was cast.
	name := "vote"
	if !accept {
		name = "vote against"
	}
	err := d.submit(ctx, chain.KindVote, named(name, proposal[:]), chain.Vote{Proposal: proposal, Accept: accept}, "vote")
	if err != nil {
		return nil, err
	}
	return d.Decision(proposal)
}

// Decision returns where a proposal stands.
func (d *Desk) Decision(proposal canon.Digest) (*Decision, error) {
	raw, err := d.Ledger.Get(chain.ProposalKey(proposal))
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, ErrUnknown
	}
	var p chain.Proposal
	if err := canon.DecodeCBOR(raw, &p); err != nil {
		return nil, err
	}
	return &Decision{Proposal: proposal, Status: p.Status, For: len(p.For), Against: len(p.Against)}, nil
}

// Members returns all members, by GLN.
func (d *Desk) Members() ([]chain.Member, error) {
	var out []chain.Member
	for _, raw := range d.Ledger.Records(chain.MemberKey("")) {
		var m chain.Member
		if err := canon.DecodeCBOR(raw, &m); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// SetProfile replaces what the ledger says of the organisation's name and inbox.
// Its seal key stays: without it nobody could send it a dossier.
func (d *Desk) SetProfile(ctx context.Context, name, endpoint string) error {
	me, err := d.member(d.GLN)
	if err != nil {
		return err
	}
	return d.submit(ctx, chain.KindProfile, d.NewID(), chain.Profile{Name: name, Endpoint: endpoint, SealKey: me.SealKey}, "profile")
}

// Rotate registers the organisation's next key and then uses it. A crash between
// the two is mended by rotating again.
func (d *Desk) Rotate(ctx context.Context) (canon.Digest, error) {
	d.rotating.Lock()
	defer d.rotating.Unlock()
	next, err := d.Keys.Next()
	if err != nil {
		return canon.Digest{}, err
	}
	key, err := envelope.KeyOf(next)
	if err != nil {
		return canon.Digest{}, err
	}
	proof, err := envelope.SignDigest(next, chain.Possession(d.Chain, d.GLN, key.Point()))
	if err != nil {
		return canon.Digest{}, err
	}
	kid := key.ID()
	err = d.submit(ctx, chain.KindRotateKey, named("rotate", kid[:]), chain.RotateKey{Point: key.Point(), Proof: proof}, "rotate key")
	if err != nil {
		return canon.Digest{}, err
	}
	return kid, d.Keys.Turn()
}

// Revoke ends a key of the organisation at the time of the block. What was
// anchored before stays signed.
func (d *Desk) Revoke(ctx context.Context, kid canon.Digest) error {
	return d.submit(ctx, chain.KindRevokeKey, named("revoke", kid[:]), chain.RevokeKey{Key: kid}, "revoke key")
}

func (d *Desk) submit(ctx context.Context, kind chain.Kind, id canon.ID, body any, action string) error {
	signer, err := d.Keys.Signer()
	if err != nil {
		return err
	}
	tx, err := ledger.Sign(signer, chain.Tx{
		Chain: d.Chain, Kind: kind, Sender: d.GLN, ID: id, Time: chain.Millis(d.Now()),
	}, body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := d.Ledger.Submit(ctx, tx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	err = r.Err()
	d.record(ctx, audit.Operator, action, id.String(), err)
	return err
}

func (d *Desk) member(gln string) (*chain.Member, error) {
	raw, err := d.Ledger.Get(chain.MemberKey(gln))
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, fmt.Errorf("%w: member %q", ErrUnknown, gln)
	}
	var m chain.Member
	return &m, canon.DecodeCBOR(raw, &m)
}

func (d *Desk) record(ctx context.Context, actor, action, subject string, err error) {
	if errors.Is(err, ErrBusy) {
		return
	}
	if err := d.Audit.Record(context.WithoutCancel(ctx), audit.New(d.Now(), actor, action, subject, err).In(ctx)); err != nil {
		d.Log.Error("audit book", "err", err, "action", action, "subject", subject)
	}
}
