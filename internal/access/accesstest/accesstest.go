// Package accesstest makes passkeys for the tests of all who let people in.
package accesstest

import "github.com/descope/virtualwebauthn"

// coseKeySize is the length of a P-256 key as RFC 9053 (section 7.1.1) encodes it:
// coordinates keep their leading zeros.
const coseKeySize = 77

// Credential returns a new passkey. The virtual authenticator drops leading zeros of
// coordinates, which one key in 128 has and a relying party refuses, so such a key
// is thrown away.
func Credential() virtualwebauthn.Credential {
	for {
		if c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(c.Key.AttestationData()) == coseKeySize {
			return c
		}
	}
}
