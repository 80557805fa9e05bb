package pedigree

import (
	"fmt"
	"net/url"
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/refusal"
)

// TypeApplication is the type of the message by which an organisation asks to
// be registered (paper 000, IV-E). It goes to a governor.
const TypeApplication = "application/1"

// ErrApplication is returned for an application that is not one: another chain,
// a key that did not sign it, roles that do not go together.
var ErrApplication = refusal.New("bad_application", "the application cannot be accepted as it stands")

// An Application says who wants to be a member, in which roles, with which key.
// It is signed with that key: the proof of possession. The paper's centre makes
// everybody's keys instead (equation 1); then it could sign as anybody.
type Application struct {
	Chain    string       `json:"chain,omitzero"` // one chain's application is no other's
	Endpoint string       `json:"endpoint,omitzero"`
	Key      canon.Bytes  `json:"key,omitzero"` // P-256 point, 65 bytes
	Name     string       `json:"name,omitzero"`
	Prefixes []string     `json:"prefixes,omitzero"` // licensed GS1 company prefixes, rising
	Roles    []chain.Role `json:"roles,omitzero"`    // rising
	SealKey  canon.Bytes  `json:"seal_key,omitzero"` // P-256 point for HPKE
}

// Type returns TypeApplication.
func (*Application) Type() string { return TypeApplication }

// Check implements Content.
func (a *Application) Check() error {
	if err := text("name", a.Name); err != nil {
		return err
	}
	if err := CheckRoles(a.Roles); err != nil {
		return err
	}
	if err := CheckPrefixes(a.Prefixes); err != nil {
		return err
	}
	if err := CheckEndpoint(a.Endpoint); err != nil {
		return err
	}
	return CheckSealKey(a.SealKey)
}

// CheckRoles returns ErrApplication unless the roles are known, rise, and go
// together: who approves medicines does not also make, supply or distribute them.
func CheckRoles(roles []chain.Role) error {
	if len(roles) == 0 || !slices.IsSorted(roles) || len(slices.Compact(slices.Clone(roles))) != len(roles) {
		return fmt.Errorf("%w: roles %v", ErrApplication, roles)
	}
	for _, r := range roles {
		if !slices.Contains(chain.Roles(), r) {
			return fmt.Errorf("%w: role %q", ErrApplication, r)
		}
	}
	if slices.Contains(roles, chain.Administration) &&
		slices.ContainsFunc([]chain.Role{chain.Supplier, chain.Manufacturer, chain.Distributor}, func(r chain.Role) bool { return slices.Contains(roles, r) }) {
		return fmt.Errorf("%w: an administration does not trade", ErrApplication)
	}
	return nil
}

// CheckPrefixes returns ErrApplication unless the company prefixes are 4 to 12
// digits each and rise.
func CheckPrefixes(prefixes []string) error {
	for i, p := range prefixes {
		if len(p) < 4 || len(p) > 12 || i > 0 && prefixes[i-1] >= p {
			return fmt.Errorf("%w: company prefix %q", ErrApplication, p)
		}
		for _, c := range p {
			if c < '0' || c > '9' {
				return fmt.Errorf("%w: company prefix %q", ErrApplication, p)
			}
		}
	}
	return nil
}

// CheckEndpoint returns ErrApplication unless the endpoint is empty (the member
// only asks) or an http or https address of a host.
func CheckEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || len(endpoint) > maxText || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return fmt.Errorf("%w: endpoint %.80q", ErrApplication, endpoint)
	}
	return nil
}

// CheckSealKey returns ErrApplication unless the key is empty or a P-256 point.
func CheckSealKey(point []byte) error {
	if len(point) == 0 {
		return nil
	}
	if _, err := envelope.ParseKey(point); err != nil {
		return fmt.Errorf("%w: %w", ErrApplication, err)
	}
	return nil
}

// OpenApplication verifies an application for a chain: its form, its signature
// with the key it carries, and that it has not expired at the second now.
func OpenApplication(m *envelope.Message, chainID string, now int64) (*Application, envelope.Key, error) {
	var a Application
	c := &m.Envelope.Claims
	refuse := func(err error) (*Application, envelope.Key, error) {
		return nil, envelope.Key{}, fmt.Errorf("%w: %w", ErrApplication, err)
	}
	if c.Type != TypeApplication || len(c.Prev) > 0 {
		return refuse(envelope.ErrType)
	}
	if !m.Body.Complete() || m.Body.Digest() != c.BodyDigest {
		return refuse(envelope.ErrBody)
	}
	if err := m.Body.Into(&a); err != nil {
		return refuse(err)
	}
	if err := a.Check(); err != nil {
		return nil, envelope.Key{}, err
	}
	if a.Chain != chainID {
		return refuse(fmt.Errorf("it is for chain %q", a.Chain))
	}
	if now > c.Expires {
		return refuse(envelope.ErrExpired)
	}
	if err := gs1.GLN(c.Issuer).Check(); err != nil {
		return refuse(err)
	}
	key, err := envelope.ParseKey(a.Key)
	if err != nil {
		return refuse(err)
	}
	if err := key.Verify(m.Envelope.Signature()); err != nil {
		return refuse(err)
	}
	return &a, key, nil
}
