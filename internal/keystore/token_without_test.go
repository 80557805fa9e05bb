//go:build !pkcs11 || !cgo

package keystore

import (
	"errors"
	"testing"
)

func TestTokenNeedsTheTag(t *testing.T) {
	s, err := OpenToken(Token{Module: "/usr/lib/softhsm/libsofthsm2.so", Label: "theriac"})
	if s != nil || !errors.Is(err, ErrNoPKCS11) {
		t.Errorf("OpenToken = %v, %v, want ErrNoPKCS11", s, err)
	}
}
