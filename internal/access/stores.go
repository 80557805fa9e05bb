package access

import (
	"context"
	"time"

	"theriac/canon"
	"theriac/internal/audit"
)

// People keep the persons. Writes survive a crash; methods may be called at once.
type People interface {
	// AddPerson writes a person and the invitation, both or none.
	AddPerson(ctx context.Context, p *Person, i *Invitation) error
	// Person returns a person, or ErrUnknown.
	Person(ctx context.Context, id canon.ID) (*Person, error)
	// People returns all, the oldest first.
	People(ctx context.Context) ([]Person, error)
	// Appoint changes a role; ErrUnknown if there is no such person.
	Appoint(ctx context.Context, id canon.ID, role Role) error
	// Dismiss deletes a person with invitation, passkeys and sessions in one step:
	// none can be added meanwhile. ErrUnknown if there is no such person.
	Dismiss(ctx context.Context, id canon.ID) error
}

// Invitations keep by what code a person may register a passkey: one a person,
// the last one.
type Invitations interface {
	// Invite replaces the invitation of a person; with drop, passkeys and sessions
	// of the person are deleted in the same step. ErrUnknown without such a person.
	Invite(ctx context.Context, i *Invitation, drop bool) error
	// Invitation returns the invitation of a code, or ErrUnknown.
	Invitation(ctx context.Context, code canon.Digest) (*Invitation, error)
	// Enrol takes the invitation, writes the passkey and begins the session, all or
	// nothing: of those who come at once with one code, one does. ErrUnknown if
	// there is no such invitation of the passkey's person, or if it expired at the
	// passkey's creation; ErrExists if the passkey is there already.
	Enrol(ctx context.Context, code canon.Digest, k *Passkey, s *Session) error
}

// Passkeys keep the public keys of persons.
type Passkeys interface {
	// Passkey returns the passkey with a credential id, or ErrUnknown.
	Passkey(ctx context.Context, id []byte) (*Passkey, error)
	// PasskeysOf returns those of a person, the oldest first.
	PasskeysOf(ctx context.Context, person canon.ID) ([]Passkey, error)
	// Enter replaces a passkey whose counter still is what it was, and begins the
	// session, both or none; ErrUnknown if the passkey is gone or its counter is
	// another.
	Enter(ctx context.Context, k *Passkey, was uint32, s *Session) error
}

// Sessions keep who is logged in.
type Sessions interface {
	// Session returns the session of a token, or ErrUnknown.
	Session(ctx context.Context, token canon.Digest) (*Session, error)
	// Touch notes that session and person were seen. A session that has ended
	// stays so; times only go forward.
	Touch(ctx context.Context, s *Session, now time.Time) error
	// End ends a session; one that is not there is no error.
	End(ctx context.Context, token canon.Digest) error
	// Forget deletes sessions and invitations that are over.
	Forget(ctx context.Context, now time.Time) error
}

// Book is the audit book.
type Book interface {
	Record(ctx context.Context, e audit.Entry) error
}
