package access_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/access"
	"theriac/internal/access/accesstest"
	"theriac/internal/memstore"
	"theriac/refusal"
)

const origin = "https://console.example"

func desk(t testing.TB, origin string) *access.Desk {
	t.Helper()
	m := memstore.New()
	d, err := access.New(access.Config{
		GLN: "4000000000006", Origin: func() string { return origin },
		Member: func() (*chain.Member, error) { return &chain.Member{Name: "Office"}, nil },
		People: m, Invitations: m, Passkeys: m, Sessions: m, Audit: m,
		Now: time.Now, NewID: newID, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newID() (id canon.ID) {
	_, _ = rand.Read(id[:])
	return id
}

// Where nothing has a domain, nobody is invited to what cannot work.
func TestNoOrigin(t *testing.T) {
	d := desk(t, "")
	_, err := d.Invite(t.Context(), newID(), "Ada", access.Administrator)
	if !errors.Is(err, access.ErrOrigin) {
		t.Errorf("Invite = %v, want %v", err, access.ErrOrigin)
	}
	if _, err := d.BeginLogin(t.Context()); !errors.Is(err, access.ErrOrigin) {
		t.Errorf("BeginLogin = %v, want %v", err, access.ErrOrigin)
	}
	if all, err := d.People.People(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("People = %v, %v", all, err)
	}
}

// A ceremony of another process, or of this one before it began again, is none.
func TestCeremonyOfAnotherProcess(t *testing.T) {
	begun, err := desk(t, origin).BeginLogin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := desk(t, origin).Login(t.Context(), begun.Ceremony, []byte("{}")); !errors.Is(err, access.ErrCeremony) {
		t.Errorf("Login = %v, want %v", err, access.ErrCeremony)
	}
}

// enrolled returns a desk, a ceremony, and what an authenticator answers to it and
// to the registration before.
func enrolled(f *testing.F) (d *access.Desk, login *access.Begun, attested, asserted string) {
	d = desk(f, origin)
	ctx := f.Context()
	rp := virtualwebauthn.RelyingParty{ID: "console.example", Name: "Office", Origin: origin}
	device, key := virtualwebauthn.NewAuthenticator(), accesstest.Credential()
	i, err := d.Invite(ctx, newID(), "Ada", access.Administrator)
	if err != nil {
		f.Fatal(err)
	}
	begun, err := d.BeginRegistration(ctx, i.Code)
	if err != nil {
		f.Fatal(err)
	}
	attestation, err := virtualwebauthn.ParseAttestationOptions(text(f, begun.Options))
	if err != nil {
		f.Fatal(err)
	}
	device.Options.UserHandle = []byte(attestation.UserID)
	attested = virtualwebauthn.CreateAttestationResponse(rp, device, key, *attestation)
	if _, err := d.Register(ctx, begun.Ceremony, []byte(attested)); err != nil {
		f.Fatal(err)
	}
	if login, err = d.BeginLogin(ctx); err != nil {
		f.Fatal(err)
	}
	assertion, err := virtualwebauthn.ParseAssertionOptions(text(f, login.Options))
	if err != nil {
		f.Fatal(err)
	}
	return d, login, attested, virtualwebauthn.CreateAssertionResponse(rp, device, key, *assertion)
}

func text(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Whatever a stranger says that an authenticator said, it is refused by name, or
// it is what the authenticator said, once.
func FuzzLogin(f *testing.F) {
	d, login, attested, asserted := enrolled(f)
	for _, s := range []string{attested, asserted, "", "null", "{}", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`, asserted + "}", asserted[:len(asserted)/2]} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, credential []byte, registration bool) {
		i, err := d.Invite(t.Context(), newID(), "Eve", access.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !registration {
			e, err := d.Login(t.Context(), login.Ceremony, credential)
			switch {
			case err == nil && e.Person.Name != "Ada":
				t.Errorf("%q logs in %s", credential, e.Person.Name)
			case err != nil && refusal.Code(err) != "passkey_refused" && refusal.Code(err) != "ceremony_over":
				t.Errorf("%q: %v", credential, err)
			}
			return
		}
		begun, err := d.BeginRegistration(t.Context(), i.Code)
		if err != nil {
			t.Fatal(err)
		}
		// Nothing was signed for this challenge.
		if _, err := d.Register(t.Context(), begun.Ceremony, credential); refusal.Code(err) != "passkey_refused" {
			t.Errorf("%q: %v", credential, err)
		}
	})
}
