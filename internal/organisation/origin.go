package organisation

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"theriac/chain"
	"theriac/internal/access"
	"theriac/internal/supply"
)

// checkOrigin refuses what no browser would call an origin that passkeys can be
// bound to: they need a domain (WebAuthn, 5.1.2).
func checkOrigin(origin string) error {
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || strings.ToLower(u.Scheme+"://"+u.Host) != origin || !domain(u.Hostname()) {
		return fmt.Errorf("settings: origin %q is not https://DOMAIN or https://DOMAIN:PORT", origin)
	}
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		return fmt.Errorf("settings: origin %q: browsers leave out the usual port", origin)
	}
	if u.Scheme == "http" && u.Hostname() != "localhost" {
		return fmt.Errorf("settings: origin %q: browsers have passkeys over https only, and on http://localhost", origin)
	}
	return nil
}

func domain(host string) bool {
	_, err := netip.ParseAddr(host)
	return host != "" && err != nil
}

// Console returns the origin of the console: that of the settings, or the
// endpoint's with localhost for a loopback address; "" where passkeys cannot be.
func (s *Settings) Console() string {
	if s.Origin != "" {
		return s.Origin
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		host = "localhost"
	}
	out := u.Scheme + "://" + host
	if port := u.Port(); port != "" && !(u.Scheme == "https" && port == "443") && !(u.Scheme == "http" && port == "80") {
		out = u.Scheme + "://" + net.JoinHostPort(host, port)
	}
	if checkOrigin(out) != nil {
		return ""
	}
	return out
}

// newAccess returns the desk of people.
func (x *Organisation) newAccess(o Options) (*access.Desk, error) {
	return access.New(access.Config{
		GLN: x.Settings.GLN, Origin: x.Settings.Console, Member: x.member,
		People: x.store, Invitations: x.store, Passkeys: x.store, Sessions: x.store, Audit: x.store,
		Now: o.Now, NewID: newID, Log: x.log,
	})
}

// member returns the organisation as the ledger has it; before it is there, and
// while it may do nothing there, without roles.
func (x *Organisation) member() (*chain.Member, error) {
	m, err := x.Supply.Member(x.Settings.GLN)
	switch {
	case errors.Is(err, supply.ErrUnknown):
		return &chain.Member{GLN: x.Settings.GLN, Name: x.Settings.Name}, nil
	case err != nil:
		return nil, err
	case m.Status != chain.Active:
		m.Roles = nil
	}
	return m, nil
}
