package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"theriac/canon"
	"theriac/internal/access"
	"theriac/internal/sqlstore/query"
)

// Result codes of a row whose person is not there: PostgreSQL's
// foreign_key_violation and SQLITE_CONSTRAINT_FOREIGNKEY.
const (
	pgForeign     = "23503"
	sqliteForeign = 787
)

// failOf is fail for a row that belongs to a person, who may be gone.
func failOf(doing string, err error) error {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	if errors.As(err, &pg) && pg.Code == pgForeign || errors.As(err, &lite) && lite.Code() == sqliteForeign {
		return fmt.Errorf("%s: %w", doing, access.ErrUnknown)
	}
	return fail(doing, err)
}

// AddPerson implements access.People.
func (s *Store) AddPerson(ctx context.Context, p *access.Person, i *access.Invitation) error {
	const doing = "add a person"
	return s.change(ctx, doing, func(q *query.Queries) error {
		err := q.InsertPerson(ctx, query.InsertPersonParams{
			ID: query.Text(p.ID.String()), Name: query.Text(p.Name), Role: query.Text(p.Role),
			Created: p.Created.UnixMicro(), Seen: p.Seen.UnixMicro(),
		})
		if err != nil {
			return fail(doing, err)
		}
		return putInvitation(ctx, q, i)
	})
}

func putInvitation(ctx context.Context, q *query.Queries, i *access.Invitation) error {
	return failOf("invite a person", q.PutInvitation(ctx, query.PutInvitationParams{
		Code: query.Text(i.Code.String()), Person: query.Text(i.Person.String()), Expires: i.Expires.UnixMicro(),
	}))
}

// Person implements access.People.
func (s *Store) Person(ctx context.Context, id canon.ID) (*access.Person, error) {
	r, err := s.reader().Person(ctx, query.Text(id.String()))
	if err != nil {
		return nil, failOne("read a person", err, access.ErrUnknown)
	}
	p, err := person((*query.PeopleRow)(&r))
	return &p, err
}

// People implements access.People.
func (s *Store) People(ctx context.Context) ([]access.Person, error) {
	found, err := s.reader().People(ctx)
	if err != nil {
		return nil, fail("list people", err)
	}
	out := make([]access.Person, len(found))
	for i := range found {
		if out[i], err = person(&found[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func person(r *query.PeopleRow) (access.Person, error) {
	p := access.Person{
		Name: string(r.Name), Role: access.Role(r.Role), Created: moment(r.Created), Seen: moment(r.Seen), Passkeys: int(r.Passkeys),
	}
	if r.Invited != 0 {
		p.Invited = moment(r.Invited)
	}
	var err error
	if p.ID, err = id(r.ID); err != nil {
		err = fmt.Errorf("stored person %s: %w", r.ID, err)
	}
	return p, err
}

// Appoint implements access.People.
func (s *Store) Appoint(ctx context.Context, id canon.ID, role access.Role) error {
	n, err := s.writer().SetRole(ctx, query.SetRoleParams{Role: query.Text(role), ID: query.Text(id.String())})
	return changed("appoint a person", n, err)
}

// Dismiss implements access.People.
func (s *Store) Dismiss(ctx context.Context, id canon.ID) error {
	n, err := s.writer().DeletePerson(ctx, query.Text(id.String()))
	return changed("dismiss a person", n, err)
}

// changed is failOf for a statement that changes one row, or finds none.
func changed(doing string, n int64, err error) error {
	if err == nil && n == 0 {
		return fmt.Errorf("%s: %w", doing, access.ErrUnknown)
	}
	return failOf(doing, err)
}

// holding is change with the person's row held first, in this order always: who
// deletes it waits, or is found to have done so, and nobody waits for the other
// in a ring.
func (s *Store) holding(ctx context.Context, doing string, person canon.ID, do func(*query.Queries) error) error {
	return s.change(ctx, doing, func(q *query.Queries) error {
		n, err := q.HoldPerson(ctx, query.Text(person.String()))
		if err := changed(doing, n, err); err != nil {
			return err
		}
		return do(q)
	})
}

// Invite implements access.Invitations.
func (s *Store) Invite(ctx context.Context, i *access.Invitation, drop bool) error {
	const doing = "invite a person"
	who := query.Text(i.Person.String())
	return s.holding(ctx, doing, i.Person, func(q *query.Queries) error {
		if err := putInvitation(ctx, q, i); err != nil || !drop {
			return err
		}
		if err := q.DeletePasskeysOf(ctx, who); err != nil {
			return fail(doing, err)
		}
		return fail(doing, q.DeleteSessionsOf(ctx, who))
	})
}

// Invitation implements access.Invitations.
func (s *Store) Invitation(ctx context.Context, code canon.Digest) (*access.Invitation, error) {
	r, err := s.reader().Invitation(ctx, query.Text(code.String()))
	if err != nil {
		return nil, failOne("read an invitation", err, access.ErrUnknown)
	}
	i := &access.Invitation{Code: code, Expires: moment(r.Expires)}
	i.Person, err = id(r.Person)
	return i, err
}

// Enrol implements access.Invitations.
func (s *Store) Enrol(ctx context.Context, code canon.Digest, k *access.Passkey, begun *access.Session) error {
	const doing = "register a passkey"
	return s.holding(ctx, doing, k.Person, func(q *query.Queries) error {
		n, err := q.TakeInvitation(ctx, query.TakeInvitationParams{
			Code: query.Text(code.String()), Person: query.Text(k.Person.String()), Now: k.Created.UnixMicro(),
		})
		if err := changed(doing, n, err); err != nil {
			return err
		}
		err = q.InsertPasskey(ctx, query.InsertPasskeyParams{
			ID: query.Text(canon.Text(k.ID)), Person: query.Text(k.Person.String()), Count: int64(k.Count), Record: k.Record,
			Created: k.Created.UnixMicro(), Used: k.Used.UnixMicro(),
		})
		if err != nil {
			return failOf(doing, err)
		}
		return beginSession(ctx, q, begun)
	})
}

// Passkey implements access.Passkeys.
func (s *Store) Passkey(ctx context.Context, id []byte) (*access.Passkey, error) {
	r, err := s.reader().Passkey(ctx, query.Text(canon.Text(id)))
	if err != nil {
		return nil, failOne("read a passkey", err, access.ErrUnknown)
	}
	k, err := passkey(&r)
	return &k, err
}

// PasskeysOf implements access.Passkeys.
func (s *Store) PasskeysOf(ctx context.Context, person canon.ID) ([]access.Passkey, error) {
	found, err := s.reader().PasskeysOf(ctx, query.Text(person.String()))
	if err != nil {
		return nil, fail("list passkeys", err)
	}
	out := make([]access.Passkey, len(found))
	for i := range found {
		if out[i], err = passkey(&found[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func passkey(r *query.Passkey) (access.Passkey, error) {
	k := access.Passkey{Count: uint32(r.Count), Record: r.Record, Created: moment(r.Created), Used: moment(r.Used)}
	var err error
	if k.ID, err = canon.ParseText(r.ID); err == nil {
		k.Person, err = id(r.Person)
	}
	if err != nil {
		err = fmt.Errorf("stored passkey %s: %w", r.ID, err)
	}
	return k, err
}

// Enter implements access.Passkeys.
func (s *Store) Enter(ctx context.Context, k *access.Passkey, was uint32, begun *access.Session) error {
	const doing = "log in"
	return s.holding(ctx, doing, k.Person, func(q *query.Queries) error {
		n, err := q.UsePasskey(ctx, query.UsePasskeyParams{
			Count: int64(k.Count), Record: k.Record, Used: k.Used.UnixMicro(),
			ID: query.Text(canon.Text(k.ID)), Person: query.Text(k.Person.String()), Was: int64(was),
		})
		if err := changed(doing, n, err); err != nil {
			return err
		}
		return beginSession(ctx, q, begun)
	})
}

func beginSession(ctx context.Context, q *query.Queries, s *access.Session) error {
	const doing = "begin a session"
	err := q.InsertSession(ctx, query.InsertSessionParams{
		Token: query.Text(s.Token.String()), Person: query.Text(s.Person.String()), Began: s.Began.UnixMicro(), Used: s.Used.UnixMicro(),
	})
	if err != nil {
		return failOf(doing, err)
	}
	return fail(doing, q.SetSeen(ctx, query.SetSeenParams{Now: s.Used.UnixMicro(), ID: query.Text(s.Person.String())}))
}

// Session implements access.Sessions.
func (s *Store) Session(ctx context.Context, token canon.Digest) (*access.Session, error) {
	r, err := s.reader().Session(ctx, query.Text(token.String()))
	if err != nil {
		return nil, failOne("read a session", err, access.ErrUnknown)
	}
	out := &access.Session{Token: token, Began: moment(r.Began), Used: moment(r.Used)}
	out.Person, err = id(r.Person)
	return out, err
}

// Touch implements access.Sessions.
func (s *Store) Touch(ctx context.Context, touched *access.Session, now time.Time) error {
	const doing = "note a session"
	err := s.holding(ctx, doing, touched.Person, func(q *query.Queries) error {
		n, err := q.TouchSession(ctx, query.TouchSessionParams{Now: now.UnixMicro(), Token: query.Text(touched.Token.String())})
		if err != nil || n == 0 {
			return fail(doing, err)
		}
		return fail(doing, q.SetSeen(ctx, query.SetSeenParams{Now: now.UnixMicro(), ID: query.Text(touched.Person.String())}))
	})
	if errors.Is(err, access.ErrUnknown) {
		return nil // the person was dismissed, and the session with him
	}
	return err
}

// End implements access.Sessions.
func (s *Store) End(ctx context.Context, token canon.Digest) error {
	return fail("end a session", s.writer().DeleteSession(ctx, query.Text(token.String())))
}

// Forget implements access.Sessions.
func (s *Store) Forget(ctx context.Context, now time.Time) error {
	const doing = "forget what is over"
	if err := s.writer().PruneInvitations(ctx, now.UnixMicro()); err != nil {
		return fail(doing, err)
	}
	return fail(doing, s.writer().PruneSessions(ctx, query.PruneSessionsParams{
		Began: now.Add(-access.Lifetime).UnixMicro(), Used: now.Add(-access.Idle).UnixMicro(),
	}))
}
