// Package access is the desk of people: who of the organisation may do what here.
// A person logs in with a passkey (WebAuthn), registered with an invitation's
// code, and may do what the policies permit (Cedar, folder policies). There are
// no passwords. Whoever has the operator's token stands above: he invites the
// first administrator.
package access

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/audit"
	"theriac/refusal"
)

var (
	// ErrUnknown is returned for what is not there.
	ErrUnknown = refusal.New("not_found", "there is no such person here")
	// ErrExists is returned by stores for what is there already.
	ErrExists = refusal.New("exists", "it is there already")
	// ErrPerson is returned for a person that cannot be.
	ErrPerson = refusal.New("bad_person", "a person has a name of 1 to 100 printable characters and one of the four roles")
	// ErrLast is returned for a change after which no administrator could log in.
	ErrLast = refusal.New("last_administrator", "an administrator stays until another one has registered a passkey")
	// ErrInvitation is returned for a code that is wrong, used or too old: which of
	// them, nobody who guesses need know.
	ErrInvitation = refusal.New("invitation_refused", "the invitation is unknown, used or expired")
	// ErrCeremony is returned for an answer to a challenge that is not open.
	ErrCeremony = refusal.New("ceremony_over", "this login or registration is over or was never begun; begin again")
	// ErrPasskey is returned for a passkey that proves nothing.
	ErrPasskey = refusal.New("passkey_refused", "the passkey does not prove who this is")
	// ErrCloned is returned for a passkey whose counter did not go on.
	ErrCloned = refusal.New("passkey_cloned", "the passkey's counter says that there is a copy of it; have it replaced")
	// ErrForbidden is returned for what no policy permits.
	ErrForbidden = refusal.New("forbidden", "no policy permits this to this person")
	// ErrOrigin is returned where passkeys cannot be, because nothing has a name.
	ErrOrigin = refusal.New("no_origin", "passkeys need a domain: set origin in organisation.json")
)

// Times that things last.
const (
	Lifetime    = 12 * time.Hour   // of a session,
	Idle        = 30 * time.Minute // if it is used
	invited     = 24 * time.Hour
	answerable  = 5 * time.Minute // a challenge
	touched     = time.Minute     // a session is noted as used once in this time
	maxPasskeys = 20              // of a person
)

// A Role is what a person is in the organisation. Each may do what those after
// it may.
type Role string

// The roles of persons.
const (
	Administrator Role = "administrator" // people and keys
	Responsible   Role = "responsible"   // signs what binds: releases, approvals, recalls, votes
	Clerk         Role = "clerk"         // daily work: messages, packs, capture
	Reader        Role = "reader"        // changes nothing
)

var roles = []Role{Administrator, Responsible, Clerk, Reader}

// A Person may log in.
type Person struct {
	ID            canon.ID
	Name          string
	Role          Role
	Created, Seen time.Time

	Passkeys int       // that stores count
	Invited  time.Time // when the open invitation expires
}

// Actor returns the person as the audit book names him.
func (p *Person) Actor() string { return "person " + p.ID.String() + " " + p.Name }

func (p *Person) check() error {
	n := utf8.RuneCountInString(p.Name)
	bad := func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
	if n < 1 || n > 100 || strings.TrimSpace(p.Name) != p.Name || strings.ContainsFunc(p.Name, bad) || !slices.Contains(roles, p.Role) {
		return ErrPerson
	}
	return nil
}

// An Invitation lets a person register a passkey, once.
type Invitation struct {
	Code    canon.Digest
	Person  canon.ID
	Expires time.Time
}

// A Passkey is a person's.
type Passkey struct {
	ID            []byte // credential id
	Person        canon.ID
	Count         uint32 // signatures, as the authenticator says
	Record        []byte // webauthn.Credential, JSON
	Created, Used time.Time
}

// A Session is a person who is logged in. Only the token's digest is kept: who
// reads the store is nobody.
type Session struct {
	Token       canon.Digest
	Person      canon.ID
	Began, Used time.Time
}

// A Config is what a desk needs.
type Config struct {
	GLN string
	// Origin is where the console is, scheme://host[:port], or "" if there is none
	// that passkeys could be bound to.
	Origin func() string
	// Member returns the organisation as the ledger has it; its name and no roles
	// before it is a member.
	Member func() (*chain.Member, error)

	People      People
	Invitations Invitations
	Passkeys    Passkeys
	Sessions    Sessions
	Audit       Book
	Now         func() time.Time
	NewID       func() canon.ID
	Log         *slog.Logger
}

// A Desk is one organisation's.
type Desk struct {
	Config
	policies *policies
	seal     cipher.AEAD

	// roster is held from the count of administrators to the change: two who lower
	// each other at once would leave none. One process uses the store.
	roster sync.Mutex
	spent  spent
}

// New returns a desk.
func New(c Config) (*Desk, error) {
	p, err := readPolicies()
	if err != nil {
		return nil, err
	}
	seal, err := newSeal()
	return &Desk{Config: c, policies: p, seal: seal, spent: spent{until: map[canon.Digest]time.Time{}}}, err
}

// record writes an entry; a book that cannot be written is the operator's to hear of.
func (d *Desk) record(ctx context.Context, actor, action, subject string, err error) {
	e := audit.New(d.Now(), actor, action, subject, err).In(ctx)
	if err := d.Audit.Record(context.WithoutCancel(ctx), e); err != nil {
		d.Log.Error("audit book", "err", err, "action", action, "subject", subject, "code", e.Code)
	}
}

// refused makes ErrUnknown of a store the refusal that a caller may see.
func refused(err, refusal error) error {
	if errors.Is(err, ErrUnknown) {
		return refusal
	}
	return err
}

// Dismiss removes a person, whose sessions end at once.
func (d *Desk) Dismiss(ctx context.Context, id canon.ID) (err error) {
	defer func() { d.record(ctx, audit.Operator, "dismiss", id.String(), err) }()
	d.roster.Lock()
	defer d.roster.Unlock()
	if err := d.replaceable(ctx, id); err != nil {
		return err
	}
	return d.People.Dismiss(ctx, id)
}

// Appoint gives a person another role, from the next request on.
func (d *Desk) Appoint(ctx context.Context, id canon.ID, role Role) (p *Person, err error) {
	defer func() { d.record(ctx, audit.Operator, "appoint "+clip(string(role)), id.String(), err) }()
	if !slices.Contains(roles, role) {
		return nil, ErrPerson
	}
	d.roster.Lock()
	defer d.roster.Unlock()
	if role != Administrator {
		if err := d.replaceable(ctx, id); err != nil {
			return nil, err
		}
	}
	if err := d.People.Appoint(ctx, id, role); err != nil {
		return nil, err
	}
	return d.People.Person(ctx, id)
}

// replaceable returns an error for an administrator beside whom no other could
// log in.
func (d *Desk) replaceable(ctx context.Context, id canon.ID) error {
	all, err := d.People.People(ctx)
	if err != nil {
		return err
	}
	other := func(p Person) bool { return p.ID != id && p.Role == Administrator && p.Passkeys > 0 }
	i := slices.IndexFunc(all, func(p Person) bool { return p.ID == id })
	switch {
	case i < 0:
		return fmt.Errorf("%w: %s", ErrUnknown, id)
	case all[i].Role == Administrator && !slices.ContainsFunc(all, other):
		return ErrLast
	}
	return nil
}
