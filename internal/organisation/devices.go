package organisation

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
)

// checkDevices returns an error unless the addresses are those of measuring devices:
// without TLS only on this machine or in its own network. Nobody but who writes the
// settings says which address the organisation calls.
func checkDevices(addresses []string) error {
	for i, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.String() != (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() {
			return fmt.Errorf("settings: devices: %q is no http address of a host and port", address)
		}
		if u.Scheme != "https" && (u.Scheme != "http" || !near(u.Hostname())) {
			return fmt.Errorf("settings: devices: %q must be https, or http on this machine or a private network", address)
		}
		if slices.Contains(addresses[:i], address) {
			return fmt.Errorf("settings: devices: %q is there twice", address)
		}
	}
	return nil
}

// near reports whether a host is this machine or has an address that is not routed.
func near(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || ip.IsPrivate())
}
