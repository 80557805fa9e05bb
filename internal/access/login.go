package access

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"theriac/canon"
)

// An Entered person is logged in. The token goes to the browser, and is kept
// nowhere else.
type Entered struct {
	Person *Person
	Token  string
}

// BeginRegistration begins to register a passkey for the person whom a code
// invites. The code stays good until a passkey is registered.
func (d *Desk) BeginRegistration(ctx context.Context, code string) (*Begun, error) {
	i, err := d.invitation(ctx, code)
	if err != nil {
		return nil, err
	}
	keys, err := d.Passkeys.PasskeysOf(ctx, i.Person)
	if err != nil {
		return nil, err
	}
	if len(keys) >= maxPasskeys {
		return nil, fmt.Errorf("%w: the person has %d passkeys", ErrInvitation, len(keys))
	}
	u, err := d.userOf(ctx, i.Person, keys)
	if err != nil {
		return nil, refused(err, ErrInvitation)
	}
	party, err := d.party()
	if err != nil {
		return nil, err
	}
	options, state, err := party.BeginRegistration(u, webauthn.WithExclusions(webauthn.Credentials(u.passkeys).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	return d.begun(&ceremony{Invitation: i.Code, State: *state}, options.Response)
}

func (d *Desk) begun(c *ceremony, options any) (*Begun, error) {
	c.Expires = d.Now().Add(answerable).UnixMicro()
	text, err := d.sealed(c)
	return &Begun{Ceremony: text, Options: options}, err
}

// Register registers the passkey that an authenticator made, and logs its person in.
func (d *Desk) Register(ctx context.Context, ceremony string, credential []byte) (*Entered, error) {
	c, err := d.opened(ceremony, true)
	if err != nil {
		return nil, err
	}
	u, err := d.userOf(ctx, canon.ID(c.State.UserID), nil)
	if err != nil {
		return nil, refused(err, ErrInvitation)
	}
	party, err := d.party()
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return nil, disproved(err)
	}
	made, err := party.CreateCredential(u, c.State, parsed)
	if err != nil {
		return nil, disproved(err)
	}
	k, err := passkey(u.person, made, d.Now())
	if err != nil {
		return nil, err
	}
	if err := d.spend(c); err != nil {
		return nil, err
	}
	token, s := newSession(u.person, d.Now())
	err = d.Invitations.Enrol(ctx, c.Invitation, k, s)
	if errors.Is(err, ErrExists) {
		err = fmt.Errorf("%w: it is registered already", ErrPasskey)
	}
	err = refused(err, ErrInvitation)
	d.record(ctx, u.person.Actor(), "register passkey", canon.Text(k.ID), err)
	return &Entered{u.person, token}, err
}

// passkey returns what is kept of a credential.
func passkey(p *Person, c *webauthn.Credential, now time.Time) (*Passkey, error) {
	record, err := json.Marshal(c)
	return &Passkey{ID: c.ID, Person: p.ID, Count: c.Authenticator.SignCount, Record: record, Created: now, Used: now}, err
}

// BeginLogin begins a login of whoever has a passkey.
func (d *Desk) BeginLogin(context.Context) (*Begun, error) {
	party, err := d.party()
	if err != nil {
		return nil, err
	}
	options, state, err := party.BeginDiscoverableLogin()
	if err != nil {
		return nil, err
	}
	return d.begun(&ceremony{State: *state}, options.Response)
}

// Login logs in the person whose passkey answered the challenge.
func (d *Desk) Login(ctx context.Context, ceremony string, credential []byte) (*Entered, error) {
	c, err := d.opened(ceremony, false)
	if err != nil {
		return nil, err
	}
	party, err := d.party()
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return nil, disproved(err)
	}
	kept, err := d.Passkeys.Passkey(ctx, parsed.RawID)
	if err != nil {
		return nil, refused(err, fmt.Errorf("%w: unknown", ErrPasskey))
	}
	u, err := d.userOf(ctx, kept.Person, []Passkey{*kept})
	if err != nil {
		return nil, refused(err, fmt.Errorf("%w: its person is gone", ErrPasskey))
	}
	owner := func([]byte, []byte) (webauthn.User, error) { return u, nil }
	_, proved, err := party.ValidatePasskeyLogin(owner, c.State, parsed)
	if err != nil {
		return nil, disproved(err)
	}
	if err := d.spend(c); err != nil {
		return nil, err
	}
	token, err := d.enter(ctx, u.person, kept, proved)
	d.record(ctx, u.person.Actor(), "login", canon.Text(kept.ID), err)
	return &Entered{u.person, token}, err
}

// enter begins the session of a person whose passkey proved itself.
func (d *Desk) enter(ctx context.Context, p *Person, kept *Passkey, proved *webauthn.Credential) (string, error) {
	if proved.Authenticator.CloneWarning {
		return "", ErrCloned
	}
	k, err := passkey(p, proved, d.Now())
	if err != nil {
		return "", err
	}
	k.Created = kept.Created
	token, s := newSession(p, d.Now())
	// A counter that moved meanwhile was another login with the same one.
	return token, refused(d.Passkeys.Enter(ctx, k, kept.Count, s), ErrCloned)
}

func newSession(p *Person, now time.Time) (string, *Session) {
	raw := make([]byte, 32)
	// crypto/rand never fails.
	_, _ = rand.Read(raw)
	token := canon.Text(raw)
	return token, &Session{Token: tokenDigest(token), Person: p.ID, Began: now, Used: now}
}

func tokenDigest(token string) canon.Digest { return canon.Hash("theriac/session/1", []byte(token)) }

// Who returns the person of a session's token, with the role of now; ErrUnknown if
// the session is over.
func (d *Desk) Who(ctx context.Context, token string) (*Person, error) {
	s, err := d.Sessions.Session(ctx, tokenDigest(token))
	if err != nil {
		return nil, err
	}
	now := d.Now()
	if now.Sub(s.Used) >= Idle || now.Sub(s.Began) >= Lifetime {
		return nil, ErrUnknown
	}
	p, err := d.People.Person(ctx, s.Person)
	if err != nil {
		return nil, err
	}
	if now.Sub(s.Used) >= touched {
		err = d.Sessions.Touch(ctx, s, now)
	}
	return p, err
}

// Logout ends a person's session.
func (d *Desk) Logout(ctx context.Context, p *Person, token string) error {
	err := d.Sessions.End(ctx, tokenDigest(token))
	d.record(ctx, p.Actor(), "logout", d.GLN, err)
	return err
}
