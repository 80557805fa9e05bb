package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/access"
	"theriac/refusal"
)

// people registers what administrators do.
func (s *server) people() {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"people"}, Security: operator}
	}
	huma.Register(s.api, op("people", http.MethodGet, "/v1/people", "The persons of the organisation"), s.personList)
	invite := op("invite", http.MethodPost, "/v1/people", "Enter a person, with a code to register a passkey")
	reinvite := op("reinvite", http.MethodPost, "/v1/people/{id}/invitation", "A code for another device, or instead of a lost one")
	// A code is shown once, also to who asks twice.
	invite.Middlewares, reinvite.Middlewares = huma.Middlewares{s.unkept}, huma.Middlewares{s.unkept}
	huma.Register(s.api, invite, s.invite)
	huma.Register(s.api, reinvite, s.reinvite)
	huma.Register(s.api, op("appoint", http.MethodPut, "/v1/people/{id}", "Give a person another role"), s.appoint)
	huma.Register(s.api, op("dismiss", http.MethodDelete, "/v1/people/{id}", "Remove a person, whose sessions end at once"), s.dismiss)
}

// sessions registers how people come in and go.
func (s *server) sessions() {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"session"}, MaxBodyBytes: 64 << 10}
	}
	huma.Register(s.api, op("begin-registration", http.MethodPost, "/v1/session/registration", "Begin to register a passkey with an invitation's code"), s.beginRegistration)
	huma.Register(s.api, op("register", http.MethodPut, "/v1/session/registration", "Register the passkey, and log in"), s.register)
	huma.Register(s.api, op("begin-login", http.MethodPost, "/v1/session/login", "Begin to log in with a passkey"), s.beginLogin)
	huma.Register(s.api, op("login", http.MethodPut, "/v1/session/login", "Log in"), s.login)
	huma.Register(s.api, op("session", http.MethodGet, "/v1/session", "Who is logged in, and what he may do"), s.session)
	huma.Register(s.api, op("logout", http.MethodDelete, "/v1/session", "End the session"), s.logout)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func personOf(p *access.Person) api.Person {
	return api.Person{
		ID: p.ID, Name: p.Name, Role: string(p.Role), Created: moment(p.Created), LastSeen: moment(p.Seen),
		Passkeys: p.Passkeys, Invited: moment(p.Invited),
	}
}

func (s *server) personList(ctx context.Context, _ *struct{}) (*reply[api.People], error) {
	found, err := s.Access.People.People(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	out := api.People{Items: []api.Person{}}
	for i := range found {
		out.Items = append(out.Items, personOf(&found[i]))
	}
	return &reply[api.People]{out}, nil
}

func (s *server) invited(i *access.Invited, err error) (*reply[api.Invitation], error) {
	if err != nil {
		return nil, s.fail(err)
	}
	p := i.Person
	return &reply[api.Invitation]{api.Invitation{
		ID: p.ID, Name: p.Name, Role: string(p.Role), Code: i.Code, Expires: moment(p.Invited), Link: i.Link,
	}}, nil
}

func (s *server) invite(ctx context.Context, in *struct {
	Once
	Body struct {
		Name string `json:"name"`
		Role string `json:"role"`
	}
},
) (*reply[api.Invitation], error) {
	return s.invited(s.Access.Invite(ctx, operation(s.GLN, in.Key), in.Body.Name, access.Role(in.Body.Role)))
}

// OnPerson names a person in the path. (huma skips embedded types that are not exported.)
type OnPerson struct {
	ID string `path:"id"`
}

func (in *OnPerson) id() (canon.ID, error) { return (&byID{in.ID}).id() }

func (s *server) reinvite(ctx context.Context, in *struct {
	OnPerson
	Body struct {
		Drop bool `json:"drop,omitempty" doc:"End the passkeys and sessions that there are: they are lost"`
	}
},
) (*reply[api.Invitation], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return s.invited(s.Access.Reinvite(ctx, id, in.Body.Drop))
}

func (s *server) appoint(ctx context.Context, in *struct {
	OnPerson
	Body struct {
		Role string `json:"role"`
	}
},
) (*reply[api.Person], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	p, err := s.Access.Appoint(ctx, id, access.Role(in.Body.Role))
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Person]{personOf(p)}, nil
}

func (s *server) dismiss(ctx context.Context, in *byID) (*struct{}, error) {
	id, err := in.id()
	if err == nil {
		if err = s.Access.Dismiss(ctx, id); err != nil {
			err = s.fail(err)
		}
	}
	return nil, err
}

// answered is the second half of a ceremony.
type answered struct {
	Caller
	Body struct {
		Ceremony   string        `json:"ceremony"`
		Credential canon.RawJSON `json:"credential" doc:"PublicKeyCredential.toJSON()"`
	}
}

// welcome is the answer to who has logged in.
type welcome struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      api.Session
}

func (s *server) ceremony(b *access.Begun, err error) (*reply[api.Ceremony], error) {
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Ceremony]{api.Ceremony{Ceremony: b.Ceremony, Options: b.Options}}, nil
}

func (s *server) beginRegistration(ctx context.Context, in *struct {
	Caller
	Body struct {
		Code string `json:"code" maxLength:"100"`
	}
},
) (*reply[api.Ceremony], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	b, err := s.Access.BeginRegistration(ctx, in.Body.Code)
	if err != nil {
		return nil, s.stranger(ctx, in.Caller, err)
	}
	return s.ceremony(b, nil)
}

func (s *server) beginLogin(ctx context.Context, in *struct{ Caller }) (*reply[api.Ceremony], error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	return s.ceremony(s.Access.BeginLogin(ctx))
}

func (s *server) register(ctx context.Context, in *answered) (*welcome, error) {
	return s.entered(ctx, in, s.Access.Register)
}

func (s *server) login(ctx context.Context, in *answered) (*welcome, error) {
	return s.entered(ctx, in, s.Access.Login)
}

// entered ends a ceremony. Whatever session the browser came with ends: the new one
// has a token that nobody can have planted.
func (s *server) entered(ctx context.Context, in *answered, enter func(context.Context, string, []byte) (*access.Entered, error)) (*welcome, error) {
	if err := s.allow(ctx, in.Caller); err != nil {
		return nil, err
	}
	e, err := enter(ctx, in.Body.Ceremony, in.Body.Credential)
	if err != nil {
		return nil, s.stranger(ctx, in.Caller, err)
	}
	if err := s.leave(ctx); err != nil {
		return nil, s.fail(err)
	}
	v, err := s.view(e.Person)
	if err != nil {
		return nil, s.fail(err)
	}
	return &welcome{*s.cookie(e.Token), *v}, nil
}

// stranger answers who could not come in. It may have been a guess, and costs more;
// what was found wrong is for the audit book.
func (s *server) stranger(ctx context.Context, f Caller, err error) error {
	if refusal.Code(err) == "" {
		return s.fail(err)
	}
	s.limits.charge(f.address, guess)
	s.book(ctx, f.address, f.operation, err)
	if r := new(refusal.Refusal); errors.As(err, &r) {
		err = r
	}
	return s.fail(err)
}

// leave ends the session that a request came with, if it did.
func (s *server) leave(ctx context.Context) error {
	c := callerOf(ctx)
	if c.person == nil {
		return nil
	}
	return s.Access.Logout(ctx, c.person, c.token)
}

// view says who a person is here and what he may do.
func (s *server) view(p *access.Person) (*api.Session, error) {
	m, err := s.Access.Member()
	if err != nil {
		return nil, err
	}
	may, err := s.Access.May(p, s.guardedOperations())
	if err != nil {
		return nil, err
	}
	slices.Sort(may)
	return &api.Session{
		Person:       api.SessionPerson{ID: p.ID, Name: p.Name, Role: string(p.Role)},
		Organisation: api.SessionOrganisation{GLN: s.GLN, Name: m.Name, Roles: append([]chain.Role{}, m.Roles...)}, May: may,
	}, nil
}

func (s *server) session(ctx context.Context, _ *struct{}) (*reply[api.Session], error) {
	p := callerOf(ctx).person
	if p == nil {
		return nil, problemOf(errUnauthorised)
	}
	v, err := s.view(p)
	if err != nil {
		return nil, s.fail(err)
	}
	return &reply[api.Session]{*v}, nil
}

func (s *server) logout(ctx context.Context, _ *struct{}) (*struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}, error,
) {
	if err := s.leave(ctx); err != nil {
		return nil, s.fail(err)
	}
	return &struct {
		SetCookie http.Cookie `header:"Set-Cookie"`
	}{*s.cookie("")}, nil
}
