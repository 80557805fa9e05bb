//go:build !pkcs11 || !cgo

package keystore

// OpenToken returns ErrNoPKCS11: a PKCS#11 module is a shared library in C, and
// this program was built without the means to load one.
func OpenToken(Token) (Signers, error) { return nil, ErrNoPKCS11 }
