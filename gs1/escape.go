package gs1

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// isUnreserved is RFC 3986's unreserved.
func isUnreserved(c byte) bool { return isHostByte(c) || c == '_' || c == '~' }

// isSegmentByte is RFC 3986's pchar without the percent sign.
func isSegmentByte(c byte) bool { return isUnreserved(c) || strings.IndexByte("!$&'()*+,;=:@", c) >= 0 }

// isQueryByte is what RFC 3986 allows in a query, without the percent sign.
func isQueryByte(c byte) bool { return isSegmentByte(c) || c == '/' || c == '?' }

// escape percent-encodes the bytes of s that are not in plain.
func escape(s string, plain func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if plain(s[i]) {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

// unescape decodes s, in which every byte is in plain or percent-encoded.
func unescape(s string, plain func(byte) bool) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if plain(s[i]) {
			b.WriteByte(s[i])
			continue
		}
		if s[i] != '%' {
			return "", fmt.Errorf("position %d: %w", i+1, ErrCharacter)
		}
		c, err := hex.DecodeString(s[i+1 : min(i+3, len(s))])
		if err != nil || len(c) != 1 {
			return "", fmt.Errorf("percent sign at position %d: %w", i+1, ErrSyntax)
		}
		b.Write(c)
		i += 2
	}
	return b.String(), nil
}
