package memstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"theriac/canon"
	"theriac/internal/access"
)

// AddPerson implements access.People.
func (s *Store) AddPerson(ctx context.Context, p *access.Person, i *access.Invitation) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if s.person(p.ID) >= 0 || i.Person != p.ID {
		return access.ErrExists
	}
	s.people = append(s.people, access.Person{ID: p.ID, Name: p.Name, Role: p.Role, Created: moment(p.Created), Seen: moment(p.Seen)})
	s.invite(i)
	return nil
}

func (s *Store) person(id canon.ID) int {
	return slices.IndexFunc(s.people, func(p access.Person) bool { return p.ID == id })
}

func (s *Store) invite(i *access.Invitation) {
	kept := *i
	kept.Expires = moment(i.Expires)
	s.invitations = put(s.invitations, kept, func(o *access.Invitation) bool { return o.Person == i.Person })
}

// Person implements access.People.
func (s *Store) Person(ctx context.Context, id canon.ID) (*access.Person, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	i := s.person(id)
	if i < 0 {
		return nil, access.ErrUnknown
	}
	return new(s.counted(&s.people[i])), nil
}

func (s *Store) counted(p *access.Person) access.Person {
	c := *p
	for _, k := range s.passkeys {
		if k.Person == p.ID {
			c.Passkeys++
		}
	}
	for _, i := range s.invitations {
		if i.Person == p.ID {
			c.Invited = i.Expires
		}
	}
	return c
}

// People implements access.People.
func (s *Store) People(ctx context.Context) ([]access.Person, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var out []access.Person
	for i := range s.people {
		out = append(out, s.counted(&s.people[i]))
	}
	return out, nil
}

// Appoint implements access.People.
func (s *Store) Appoint(ctx context.Context, id canon.ID, role access.Role) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	i := s.person(id)
	if i < 0 {
		return access.ErrUnknown
	}
	s.people[i].Role = role
	return nil
}

// Dismiss implements access.People.
func (s *Store) Dismiss(ctx context.Context, id canon.ID) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	i := s.person(id)
	if i < 0 {
		return access.ErrUnknown
	}
	s.people = slices.Delete(s.people, i, i+1)
	s.invitations = slices.DeleteFunc(s.invitations, func(i access.Invitation) bool { return i.Person == id })
	s.drop(id)
	return nil
}

func (s *Store) drop(id canon.ID) {
	s.passkeys = slices.DeleteFunc(s.passkeys, func(k access.Passkey) bool { return k.Person == id })
	s.sessions = slices.DeleteFunc(s.sessions, func(o access.Session) bool { return o.Person == id })
}

// Invite implements access.Invitations.
func (s *Store) Invite(ctx context.Context, i *access.Invitation, drop bool) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if s.person(i.Person) < 0 {
		return access.ErrUnknown
	}
	s.invite(i)
	if drop {
		s.drop(i.Person)
	}
	return nil
}

// Invitation implements access.Invitations.
func (s *Store) Invitation(ctx context.Context, code canon.Digest) (*access.Invitation, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	for _, i := range s.invitations {
		if i.Code == code {
			return &i, nil
		}
	}
	return nil, access.ErrUnknown
}

// Enrol implements access.Invitations.
func (s *Store) Enrol(ctx context.Context, code canon.Digest, k *access.Passkey, begun *access.Session) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	i := slices.IndexFunc(s.invitations, func(i access.Invitation) bool {
		return i.Code == code && i.Person == k.Person && i.Expires.After(moment(k.Created))
	})
	switch {
	case i < 0:
		return access.ErrUnknown
	case s.passkey(k.ID) >= 0:
		return access.ErrExists
	}
	s.invitations = slices.Delete(s.invitations, i, i+1)
	s.passkeys = append(s.passkeys, clonePasskey(k))
	s.enter(begun)
	return nil
}

func (s *Store) passkey(id []byte) int {
	return slices.IndexFunc(s.passkeys, func(k access.Passkey) bool { return bytes.Equal(k.ID, id) })
}

func clonePasskey(k *access.Passkey) access.Passkey {
	c := *k
	c.ID, c.Record, c.Created, c.Used = bytes.Clone(k.ID), bytes.Clone(k.Record), moment(k.Created), moment(k.Used)
	return c
}

func (s *Store) enter(begun *access.Session) {
	kept := *begun
	kept.Began, kept.Used = moment(begun.Began), moment(begun.Used)
	s.sessions = append(s.sessions, kept)
	s.seen(begun.Person, kept.Used)
}

func (s *Store) seen(id canon.ID, at time.Time) {
	if i := s.person(id); i >= 0 && s.people[i].Seen.Before(at) {
		s.people[i].Seen = at
	}
}

// Passkey implements access.Passkeys.
func (s *Store) Passkey(ctx context.Context, id []byte) (*access.Passkey, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	i := s.passkey(id)
	if i < 0 {
		return nil, access.ErrUnknown
	}
	return new(clonePasskey(&s.passkeys[i])), nil
}

// PasskeysOf implements access.Passkeys.
func (s *Store) PasskeysOf(ctx context.Context, person canon.ID) ([]access.Passkey, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var out []access.Passkey
	for i := range s.passkeys {
		if s.passkeys[i].Person == person {
			out = append(out, clonePasskey(&s.passkeys[i]))
		}
	}
	return out, nil
}

// Enter implements access.Passkeys.
func (s *Store) Enter(ctx context.Context, k *access.Passkey, was uint32, begun *access.Session) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	i := s.passkey(k.ID)
	if i < 0 || s.passkeys[i].Person != k.Person || s.passkeys[i].Count != was {
		return access.ErrUnknown
	}
	next := clonePasskey(k)
	next.Created = s.passkeys[i].Created
	s.passkeys[i] = next
	s.enter(begun)
	return nil
}

// Session implements access.Sessions.
func (s *Store) Session(ctx context.Context, token canon.Digest) (*access.Session, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	for _, o := range s.sessions {
		if o.Token == token {
			return &o, nil
		}
	}
	return nil, access.ErrUnknown
}

// Touch implements access.Sessions.
func (s *Store) Touch(ctx context.Context, touched *access.Session, now time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	now = moment(now)
	for i := range s.sessions {
		if o := &s.sessions[i]; o.Token == touched.Token && o.Used.Before(now) {
			o.Used = now
			s.seen(o.Person, now)
		}
	}
	return nil
}

// End implements access.Sessions.
func (s *Store) End(ctx context.Context, token canon.Digest) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	s.sessions = slices.DeleteFunc(s.sessions, func(o access.Session) bool { return o.Token == token })
	return nil
}

// Forget implements access.Sessions.
func (s *Store) Forget(ctx context.Context, now time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	now = moment(now)
	s.invitations = slices.DeleteFunc(s.invitations, func(i access.Invitation) bool { return !i.Expires.After(now) })
	s.sessions = slices.DeleteFunc(s.sessions, func(o access.Session) bool {
		return now.Sub(o.Began) >= access.Lifetime || now.Sub(o.Used) >= access.Idle
	})
	return nil
}
