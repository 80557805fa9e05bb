package access

import (
	"context"
	"strings"

	"theriac/canon"
	"theriac/internal/audit"
)

// An Invited person has a code to hand over; it is shown once.
type Invited struct {
	Person     *Person
	Code, Link string
}

// Invite enters a person and returns the code that registers the first passkey. An
// id enters one person: asked again it is ErrExists, and the code is not shown again.
func (d *Desk) Invite(ctx context.Context, id canon.ID, name string, role Role) (i *Invited, err error) {
	p := &Person{ID: id, Name: name, Role: role, Created: d.Now()}
	defer func() { d.record(ctx, audit.Operator, "invite "+clip(string(role)), p.ID.String(), err) }()
	if err := p.check(); err != nil {
		return nil, err
	}
	out, inv, err := d.code(p)
	if err != nil {
		return nil, err
	}
	return out, d.People.AddPerson(ctx, p, inv)
}

// Reinvite returns a code for another passkey of a person; an earlier code ends.
// With drop the passkeys that there are end now, and the sessions: they are lost,
// and somebody may have found them.
func (d *Desk) Reinvite(ctx context.Context, id canon.ID, drop bool) (i *Invited, err error) {
	action := "reinvite"
	if drop {
		action = "reinvite and drop passkeys"
	}
	defer func() { d.record(ctx, audit.Operator, action, id.String(), err) }()
	p, err := d.People.Person(ctx, id)
	if err != nil {
		return nil, err
	}
	out, inv, err := d.code(p)
	if err != nil {
		return nil, err
	}
	return out, d.Invitations.Invite(ctx, inv, drop)
}

// clip bounds what a caller writes into an action.
func clip(s string) string { return s[:min(len(s), 40)] }

func (d *Desk) code(p *Person) (*Invited, *Invitation, error) {
	origin := d.Origin()
	if origin == "" {
		return nil, nil, ErrOrigin
	}
	code := d.NewID().String()
	p.Invited = d.Now().Add(invited)
	return &Invited{Person: p, Code: code, Link: origin + "/console#invitation=" + code},
		&Invitation{Code: codeDigest(code), Person: p.ID, Expires: p.Invited}, nil
}

// codeDigest returns what is kept of a code. It has 128 random bits, so that a
// plain digest cannot be searched.
func codeDigest(code string) canon.Digest {
	return canon.Hash("theriac/invitation/1", []byte(strings.TrimSpace(code)))
}

// invitation returns the open invitation of a code.
func (d *Desk) invitation(ctx context.Context, code string) (*Invitation, error) {
	i, err := d.Invitations.Invitation(ctx, codeDigest(code))
	if err != nil {
		return nil, refused(err, ErrInvitation)
	}
	if !d.Now().Before(i.Expires) {
		return nil, ErrInvitation
	}
	return i, nil
}
