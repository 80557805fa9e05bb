package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/internal/access"
)

// A Register is a store of all that the desk of people keeps.
type Register interface {
	access.People
	access.Invitations
	access.Passkeys
	access.Sessions
}

// person returns a person with an invitation, a passkey and a session, none of
// which is in a store yet.
func person(name string) (*access.Person, *access.Invitation, *access.Passkey, *access.Session) {
	code, id := named("person " + name)
	p := &access.Person{ID: id, Name: name, Role: access.Clerk, Created: noon()}
	k := &access.Passkey{ID: code[:20], Person: id, Record: []byte(`{}`), Created: noon(), Used: noon()}
	s := &access.Session{Token: canon.Sum(code[:]), Person: id, Began: noon(), Used: noon()}
	return p, &access.Invitation{Code: code, Person: id, Expires: noon().Add(time.Hour)}, k, s
}

// People is the law of access.People, Invitations, Passkeys and Sessions.
func People(t *testing.T, s Register) {
	t.Run("persons", func(t *testing.T) { persons(t, s) })
	t.Run("enrol", func(t *testing.T) { enrol(t, s) })
	t.Run("enter", func(t *testing.T) { enter(t, s) })
	t.Run("dismiss", func(t *testing.T) { dismiss(t, s) })
	t.Run("drop", func(t *testing.T) { drop(t, s) })
	t.Run("forget", func(t *testing.T) { forget(t, s) })
}

func persons(t *testing.T, s Register) {
	ctx := t.Context()
	_, err := s.Person(ctx, canon.ID{9})
	wantErr(t, "Person", err, access.ErrUnknown)
	wantErr(t, "Appoint", s.Appoint(ctx, canon.ID{9}, access.Reader), access.ErrUnknown)
	wantErr(t, "Dismiss", s.Dismiss(ctx, canon.ID{9}), access.ErrUnknown)
	wantErr(t, "Invite", s.Invite(ctx, &access.Invitation{Person: canon.ID{9}}, false), access.ErrUnknown)
	p, i, _, _ := person("gone")
	wantErr(t, "AddPerson", s.AddPerson(gone(t), p, i), context.Canceled)

	var all []access.Person
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		code, id := named(fmt.Sprint("one ", n))
		p := access.Person{
			ID: id, Name: texts().Draw(t, "name"), Role: access.Role(texts().Draw(t, "role")),
			Created: moments().Draw(t, "created"), Seen: moments().Draw(t, "seen"),
		}
		i := access.Invitation{Code: code, Person: id, Expires: noon().Add(time.Duration(n) * time.Hour)}
		must(t, "AddPerson", s.AddPerson(ctx, &p, &i))
		wantErr(t, "AddPerson again", s.AddPerson(ctx, &p, &i), access.ErrExists)
		p.Created, p.Seen, p.Invited = kept(p.Created), kept(p.Seen), i.Expires
		if n%2 == 0 {
			p.Role = access.Role(texts().Draw(t, "next role"))
			must(t, "Appoint", s.Appoint(ctx, id, p.Role))
		}
		got, err := s.Person(ctx, id)
		must(t, "Person", err)
		same(t, "Person", *got, p)
		open, err := s.Invitation(ctx, code)
		must(t, "Invitation", err)
		same(t, "Invitation", *open, i)
		all = append(all, p)
	})
	found, err := s.People(ctx)
	must(t, "People", err)
	same(t, "People", found, all)
}

// Of those who come with one code, one registers a passkey; what is refused
// leaves nothing.
func enrol(t *testing.T, s Register) {
	ctx := t.Context()
	p, i, k, begun := person("enrol")
	must(t, "AddPerson", s.AddPerson(ctx, p, i))
	late := *k
	late.Created = i.Expires
	wantErr(t, "Enrol too late", s.Enrol(ctx, i.Code, &late, begun), access.ErrUnknown)
	other := *k
	other.Person = canon.ID{7}
	wantErr(t, "Enrol of another", s.Enrol(ctx, i.Code, &other, begun), access.ErrUnknown)
	wantErr(t, "Enrol of one who has gone", s.Enrol(gone(t), i.Code, k, begun), context.Canceled)
	one(t, access.ErrUnknown, func(n int) error {
		mine, session := *k, *begun
		mine.ID, session.Token = fmt.Appendf(nil, "credential %d", n), canon.Sum(fmt.Append(nil, n))
		return s.Enrol(ctx, i.Code, &mine, &session)
	})
	keys, err := s.PasskeysOf(ctx, p.ID)
	must(t, "PasskeysOf", err)
	got, err := s.Person(ctx, p.ID)
	must(t, "Person", err)
	if len(keys) != 1 || got.Passkeys != 1 || !got.Invited.IsZero() || !got.Seen.Equal(begun.Used) {
		t.Errorf("%d passkeys; %+v", len(keys), got)
	}
	again := &access.Invitation{Code: canon.Sum([]byte("again")), Person: p.ID, Expires: i.Expires}
	must(t, "Invite", s.Invite(ctx, again, false))
	wantErr(t, "Enrol of a passkey that is there", s.Enrol(ctx, again.Code, &keys[0], begun), access.ErrExists)
	_, err = s.Session(ctx, begun.Token)
	wantErr(t, "Session of what was refused", err, access.ErrUnknown)
	third := &access.Invitation{Code: canon.Sum([]byte("third")), Person: p.ID, Expires: i.Expires}
	must(t, "Invite", s.Invite(ctx, third, false))
	wantErr(t, "Enrol by a code that was replaced", s.Enrol(ctx, again.Code, k, begun), access.ErrUnknown)
	must(t, "Enrol of a second device", s.Enrol(ctx, third.Code, k, begun))
}

// A login moves the counter on from what it was, or does not happen.
func enter(t *testing.T, s Register) {
	ctx := t.Context()
	p, i, k, begun := person("enter")
	k.Count = 4_294_967_294
	must(t, "AddPerson", s.AddPerson(ctx, p, i))
	must(t, "Enrol", s.Enrol(ctx, i.Code, k, begun))
	next := *k
	next.Count, next.Record, next.Used = k.Count+1, []byte(`{"next":1}`), noon().Add(time.Minute)
	one(t, access.ErrUnknown, func(n int) error {
		session := *begun
		session.Token, session.Used = canon.Sum(fmt.Append(nil, "enter", n)), next.Used
		return s.Enter(ctx, &next, k.Count, &session)
	})
	got, err := s.Passkey(ctx, k.ID)
	must(t, "Passkey", err)
	same(t, "Passkey", *got, next)
	seen, err := s.Person(ctx, p.ID)
	must(t, "Person", err)
	same(t, "seen", seen.Seen, next.Used)
	_, err = s.Passkey(ctx, []byte("none"))
	wantErr(t, "Passkey", err, access.ErrUnknown)
	// A passkey that is synchronised counts nothing: its counter stays 0.
	q, j, still, session := person("synchronised")
	must(t, "AddPerson", s.AddPerson(ctx, q, j))
	must(t, "Enrol", s.Enrol(ctx, j.Code, still, session))
	session.Token = canon.Sum([]byte("synchronised again"))
	must(t, "Enter", s.Enter(ctx, still, 0, session))
}

// Whoever is dismissed keeps nothing, also what comes at the same time.
func dismiss(t *testing.T, s Register) {
	ctx := t.Context()
	p, i, k, begun := person("dismiss")
	must(t, "AddPerson", s.AddPerson(ctx, p, i))
	must(t, "Enrol", s.Enrol(ctx, i.Code, k, begun))
	must(t, "Invite", s.Invite(ctx, i, false))
	race(t, access.ErrUnknown, func(n int) error {
		if n == 0 {
			return s.Dismiss(ctx, p.ID)
		}
		session := *begun
		session.Token = canon.Sum(fmt.Append(nil, "dismiss", n))
		return s.Enter(ctx, k, 0, &session)
	})
	for n := range atOnce {
		_, err := s.Session(ctx, canon.Sum(fmt.Append(nil, "dismiss", n)))
		wantErr(t, "Session of a dismissed person", err, access.ErrUnknown)
	}
	_, err := s.Session(ctx, begun.Token)
	wantErr(t, "Session of a dismissed person", err, access.ErrUnknown)
	_, err = s.Passkey(ctx, k.ID)
	wantErr(t, "Passkey of a dismissed person", err, access.ErrUnknown)
	_, err = s.Invitation(ctx, i.Code)
	wantErr(t, "Invitation of a dismissed person", err, access.ErrUnknown)
	wantErr(t, "Enrol of a dismissed person", s.Enrol(ctx, i.Code, k, begun), access.ErrUnknown)
}

// Lost passkeys end with their sessions; another's stay.
func drop(t *testing.T, s Register) {
	ctx := t.Context()
	p, i, k, begun := person("drop")
	must(t, "AddPerson", s.AddPerson(ctx, p, i))
	must(t, "Enrol", s.Enrol(ctx, i.Code, k, begun))
	q, j, kept, stays := person("stays")
	must(t, "AddPerson", s.AddPerson(ctx, q, j))
	must(t, "Enrol", s.Enrol(ctx, j.Code, kept, stays))
	fresh := &access.Invitation{Code: canon.Sum([]byte("fresh")), Person: p.ID, Expires: i.Expires}
	race(t, access.ErrUnknown, func(n int) error {
		if n == 0 {
			return s.Invite(ctx, fresh, true)
		}
		session := *begun
		session.Token = canon.Sum(fmt.Append(nil, "drop", n))
		return s.Enter(ctx, k, 0, &session)
	})
	for n := range atOnce {
		_, err := s.Session(ctx, canon.Sum(fmt.Append(nil, "drop", n)))
		wantErr(t, "Session of a lost passkey", err, access.ErrUnknown)
	}
	_, err := s.Session(ctx, begun.Token)
	wantErr(t, "Session of a lost passkey", err, access.ErrUnknown)
	_, err = s.Passkey(ctx, k.ID)
	wantErr(t, "Passkey that was lost", err, access.ErrUnknown)
	_, err = s.Session(ctx, stays.Token)
	must(t, "another's session", err)
	must(t, "Enrol by the fresh code", s.Enrol(ctx, fresh.Code, k, begun))
}

// Sessions are noted forward, end when they are ended, and are forgotten when they
// are over.
func forget(t *testing.T, s Register) {
	ctx := t.Context()
	p, i, k, begun := person("forget")
	must(t, "AddPerson", s.AddPerson(ctx, p, i))
	must(t, "Enrol", s.Enrol(ctx, i.Code, k, begun))
	at := noon().Add(10 * time.Minute)
	must(t, "Touch", s.Touch(ctx, begun, at))
	must(t, "Touch", s.Touch(ctx, begun, noon()))
	got, err := s.Session(ctx, begun.Token)
	must(t, "Session", err)
	same(t, "used", got.Used, at)
	must(t, "Forget", s.Forget(ctx, at.Add(access.Idle-time.Microsecond)))
	_, err = s.Session(ctx, begun.Token)
	must(t, "Session that is used", err)
	must(t, "Forget", s.Forget(ctx, at.Add(access.Idle)))
	_, err = s.Session(ctx, begun.Token)
	wantErr(t, "idle Session", err, access.ErrUnknown)

	must(t, "Enter", s.Enter(ctx, k, 0, begun))
	must(t, "End", s.End(ctx, begun.Token))
	must(t, "End again", s.End(ctx, begun.Token))
	must(t, "Touch of a session that has ended", s.Touch(ctx, begun, at))
	_, err = s.Session(ctx, begun.Token)
	wantErr(t, "ended Session", err, access.ErrUnknown)

	must(t, "Invite", s.Invite(ctx, i, false))
	must(t, "Forget", s.Forget(ctx, i.Expires))
	_, err = s.Invitation(ctx, i.Code)
	wantErr(t, "expired Invitation", err, access.ErrUnknown)
}
