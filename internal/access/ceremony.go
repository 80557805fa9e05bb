package access

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"theriac/canon"
)

// A Begun ceremony is what the browser gets: a name of the ceremony, and options
// in WebAuthn's JSON form.
type Begun struct {
	Ceremony string
	Options  any
}

// A ceremony is what its second half needs of the first. The caller carries it,
// sealed, so that strangers who begin and never end fill nothing here.
type ceremony struct {
	Invitation canon.Digest         `json:"invitation,omitzero"` // zero: a login
	Expires    int64                `json:"expires"`             // microseconds since 1970
	State      webauthn.SessionData `json:"state"`
}

const maxCeremony = 8 << 10

// newSeal returns a seal with a key that ends with the process, as do the
// ceremonies: so that what was spent can be remembered in memory.
func newSeal() (cipher.AEAD, error) {
	key := make([]byte, 32)
	// crypto/rand never fails.
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (d *Desk) sealed(c *ceremony) (string, error) {
	raw, err := json.Marshal(c)
	return canon.Text(d.seal.Seal(nil, nil, raw, []byte("theriac/ceremony/1"))), err
}

// opened returns an open ceremony of the kind that is asked for.
func (d *Desk) opened(text string, registration bool) (*ceremony, error) {
	if len(text) > maxCeremony {
		return nil, ErrCeremony
	}
	sealed, err := canon.ParseText(text)
	if err != nil {
		return nil, ErrCeremony
	}
	raw, err := d.seal.Open(nil, nil, sealed, []byte("theriac/ceremony/1"))
	if err != nil {
		return nil, ErrCeremony
	}
	var c ceremony
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	if registration == (c.Invitation == canon.Digest{}) || d.Now().UnixMicro() >= c.Expires || d.spent.has(c.id()) {
		return nil, ErrCeremony
	}
	return &c, nil
}

func (c *ceremony) id() canon.Digest {
	return canon.Hash("theriac/ceremony-spent/1", []byte(c.State.Challenge))
}

// spent are the challenges that were answered well, until they expire. Wrong
// answers are not kept: they proved nothing, and strangers could fill the memory.
type spent struct {
	mu    sync.Mutex
	until map[canon.Digest]time.Time
}

func (s *spent) has(id canon.Digest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.until[id]
	return ok
}

// spend spends a ceremony; of all that come at once, one succeeds.
func (d *Desk) spend(c *ceremony) error {
	now := d.Now()
	d.spent.mu.Lock()
	defer d.spent.mu.Unlock()
	for id, until := range d.spent.until {
		if !now.Before(until) {
			delete(d.spent.until, id)
		}
	}
	if _, ok := d.spent.until[c.id()]; ok || now.UnixMicro() >= c.Expires {
		return ErrCeremony
	}
	d.spent.until[c.id()] = time.UnixMicro(c.Expires)
	return nil
}

// party returns the relying party that the console's origin makes.
func (d *Desk) party() (*webauthn.WebAuthn, error) {
	origin := d.Origin()
	u, err := url.Parse(origin)
	if origin == "" || err != nil {
		return nil, ErrOrigin
	}
	m, err := d.Member()
	if err != nil {
		return nil, err
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: m.Name, RPOrigins: []string{origin},
		// Any authenticator will do that asks its owner: whose brand it is proves nothing here.
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(), ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: webauthn.TimeoutConfig{Timeout: answerable}, Registration: webauthn.TimeoutConfig{Timeout: answerable}},
	})
}

// A user is a person with his passkeys, as the library sees one.
type user struct {
	person   *Person
	passkeys []webauthn.Credential
}

// WebAuthnID implements webauthn.User.
func (u *user) WebAuthnID() []byte { return u.person.ID[:] }

// WebAuthnName implements webauthn.User.
func (u *user) WebAuthnName() string { return u.person.Name }

// WebAuthnDisplayName implements webauthn.User.
func (u *user) WebAuthnDisplayName() string { return u.person.Name }

// WebAuthnCredentials implements webauthn.User.
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.passkeys }

// userOf returns the user that a person with these passkeys is.
func (d *Desk) userOf(ctx context.Context, id canon.ID, keys []Passkey) (*user, error) {
	p, err := d.People.Person(ctx, id)
	if err != nil {
		return nil, err
	}
	u := &user{person: p}
	for _, k := range keys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Record, &c); err != nil {
			return nil, err
		}
		// The column is what compare-and-swap looks at.
		c.Authenticator.SignCount = k.Count
		u.passkeys = append(u.passkeys, c)
	}
	return u, nil
}

// disproved is ErrPasskey with what the library found, for the audit book.
func disproved(err error) error {
	text := err.Error()
	if p := new(protocol.Error); errors.As(err, &p) && p.DevInfo != "" {
		text += ": " + p.DevInfo
	}
	return fmt.Errorf("%w: %s", ErrPasskey, text)
}
